"""The workspace's words for people: roles, kinds of sources, kinds of staff rules, actions of the audit log."""

from __future__ import annotations

from stammgast.kernel.i18n import marked as _
from stammgast.workspace.contracts import Role

ROLE_NAMES = {
    Role.ADMINISTRATOR: _("Administrator"),
    Role.ANALYST: _("Analyst"),
    Role.AGENT: _("Agent"),
    Role.VIEWER: _("Viewer"),
}
ROLE_MEANINGS = {
    Role.ADMINISTRATOR: _("Everything: company, brands, people, sources and their keys, API tokens, the audit log."),
    Role.ANALYST: _("Defines: event rules, imports, analyses and segments. Exports, and clears the quarantine."),
    Role.AGENT: _("Works with customers: answers, notes, cases, consent recorded on a customer's word."),
    Role.VIEWER: _("Sees figures and customers. Changes nothing and exports nothing."),
}
SOURCE_KIND_NAMES = {
    "browser": _("Website"),
    "server": _("Server"),
    "mobile": _("App"),
    "import": _("Import"),
    "internal": _("Stammgast itself"),
}
SOURCE_KIND_ICONS = {"browser": "web", "server": "server", "mobile": "app", "import": "import", "internal": "home"}
STAFF_KIND_NAMES = {
    "email_domain": _("E-mail domain"),
    "user_id": _("User id"),
    "network": _("Network"),
}
ACTION_NAMES = {
    "source.create": _("made a source"),
    "source.change": _("changed a source"),
    "source.rotate": _("gave a source a new key"),
    "source.revoke": _("revoked a source"),
    "token.create": _("made an API token"),
    "token.revoke": _("revoked an API token"),
    "user.create": _("added a person"),
    "user.change": _("changed a person"),
    "user.enable": _("let a person in again"),
    "user.disable": _("shut a person out"),
    "user.link": _("made a log-in link"),
    "user.password": _("set a password"),
    "user.login": _("logged in"),
    "company.change": _("changed the company's settings"),
    "brand.create": _("made a brand"),
    "brand.rename": _("renamed a brand"),
    "team.create": _("made a team"),
    "team.rename": _("renamed a team"),
    "staff.add": _("added a staff rule"),
    "staff.remove": _("removed a staff rule"),
    "seen": _("looked at"),
}
"""Other modules add theirs through `Manifest.action_words`; an action without words is shown as it is written."""
SUBJECT_NAMES = {
    "source": _("Source"),
    "user": _("Person"),
    "brand": _("Brand"),
    "team": _("Team"),
    "token": _("Token"),
    "staff rule": _("Rule"),
    "import": _("Import"),
    "company": "",
}
"""First words of an audit entry's subject; a number follows."""
