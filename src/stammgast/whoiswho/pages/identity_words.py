"""How pages tell what joined identifiers, what kept them apart and what people decided. Pure."""

from __future__ import annotations

from stammgast.kernel.i18n import marked as _
from stammgast.whoiswho.tracing.contracts import Turned

REASONS = {
    "limit": _("Together they would have more than one profile may have of: %(kind)s"),
    "cap": _("The profile would have become too large"),
    "separated": _("A person decided that they are not one"),
}
SPLITS = {
    "decided": _("Decided by a person"),
    "separated": _("Decided by a person"),
    "held": _("An identifier that joined them is held: it met too many people on one day"),
    "limit": _("Together they would have more than one profile may have of: %(kind)s"),
    "cap": _("The profile would have become too large"),
    "rules": _("Other rules were applied, under which nothing joins them"),
}
MERGES = {
    "seen_together": _("Seen together on one event"),
    "alias": _("Joined on purpose by an alias"),
    "decided": _("Decided by a person"),
}
DECISIONS = {
    "merge": _("Joined"),
    "unmerge": _("Split"),
    "never": _("Never merge"),
    "allow": _("Taken back"),
    "hold": _("Held"),
    "release": _("Released"),
}
DECISION_KINDS = {
    "merge": "good",
    "unmerge": "attention",
    "never": "harm",
    "allow": "info",
    "hold": "attention",
    "release": "good",
}
COLOURS = {"user_id": 1, "loyalty_card": 6, "phone": 2, "email": 4, "device_id": 3, "anonymous_id": 8}
"""Series colour of each namespace in the picture; 7 for those of the company's own."""
LINES = {
    "merge": _("Merged"),
    "split": _("Split"),
    "refusal": _("Kept apart"),
    "decision": _("Decided"),
}
LINE_KINDS = {"merge": "good", "split": "attention", "refusal": "info", "decision": "info"}


def why(turned: Turned) -> tuple[str, str]:
    """Return why a merge or a split happened, and the namespace its `%(kind)s` stands for (empty: none).

    >>> why(Turned(1, "split", 1, 2, "m", 0, 0, "limit:user_id", 1, ()))[1]
    'user_id'
    """
    rule, _colon, namespace = turned.rule.partition(":")
    return (MERGES if turned.kind == "merge" else SPLITS).get(rule, turned.rule), namespace


def shortened(text: str, most: int) -> str:
    """Return a text that has room, its middle left out where it is too long: beginnings and ends tell ids apart.

    >>> shortened("3f2a77c1-22b0-4f11", 11), shortened("anna", 11)
    ('3f2a7…-4f11', 'anna')
    """
    if len(text) <= most:
        return text
    head = most // 2
    return f"{text[:head]}…{text[len(text) - (most - head - 1) :]}"
