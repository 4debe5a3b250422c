"""How pages speak of the policies by which the value of a trait is chosen, and of kinds of accounts."""

from __future__ import annotations

from stammgast.kernel.i18n import marked as _
from stammgast.kernel.ids import SourceId

BY_HAND = SourceId(0)
"""Stands for the source where a person here said it."""
RULE_LABELS = {
    "newest": _("The newest value counts"),
    "first": _("The first value counts"),
    "most_frequent": _("The value said most often counts"),
    "source_priority": _("The source decides"),
}
RULE_HELP = {
    "newest": _("What was said last holds, by the time of the event. Null takes the trait away."),
    "first": _("What was said first holds for ever, such as where somebody came from. Only an older event changes it."),
    "most_frequent": _("What most events say holds; of two as frequent the one said last."),
    "source_priority": _("The newest value of the first source below that has one. Sources not named come after them."),
}
RULE_REASONS = {
    "newest": _("The newest value counts."),
    "first": _("The first value counts."),
    "most_frequent": _("The value said most often counts."),
    "source_priority": _("Of several sources, the one named first counts."),
    "corrected": _("A colleague corrected it; that counts."),
}
HOLD_WORDS = {
    "always": (_("Always"), _("Whatever sources say later, until somebody takes the correction back.")),
    "until_said": (
        _("Until a source says something new"),
        _("A value that came before the correction, said again, is nothing new."),
    ),
}
KIND_LABELS = {
    "company": _("Company"),
    "household": _("Household"),
    "family": _("Family"),
    "association": _("Association"),
    "team": _("Team"),
    "organization": _("Organisation"),
    "organisation": _("Organisation"),
}
ROLE_LABELS = {
    "owner": _("Owner"),
    "admin": _("Administrator"),
    "administrator": _("Administrator"),
    "member": _("Member"),
    "buyer": _("Buyer"),
    "employee": _("Employee"),
    "parent": _("Parent"),
    "child": _("Child"),
}
