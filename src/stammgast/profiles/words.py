"""How pages call and picture what profiles name in code: channels, kinds of events, identifiers, traits, consent."""

from __future__ import annotations

from collections.abc import Iterable

from stammgast.events.api import (
    CHANNEL_ICONS,
    CHANNEL_LABELS,
    EVENT_LABELS,
    TYPE_ICONS,
    TYPE_LABELS,
    event_icon,
    event_label,
    is_own_name,
)
from stammgast.kernel.i18n import marked as _

__all__ = [
    "CHANNEL_ICONS",
    "CHANNEL_LABELS",
    "CONSENT_LABELS",
    "DEVICE_ICONS",
    "DEVICE_LABELS",
    "EVENT_LABELS",
    "FEEDBACK_LABELS",
    "FLAG_LABELS",
    "LEFT_ACCOUNT",
    "MERGE_RULES",
    "NAMESPACE_LABELS",
    "TYPE_ICONS",
    "TYPE_LABELS",
    "event_icon",
    "event_label",
    "group_names",
    "is_own_name",
]

DEVICE_LABELS = {
    "desktop": _("Computer"),
    "mobile": _("Smartphone"),
    "tablet": _("Tablet"),
    "tv": _("Television"),
    "console": _("Games console"),
    "server": _("Server"),
}
DEVICE_ICONS = {"desktop": "desktop", "mobile": "mobile", "tablet": "tablet", "tv": "desktop", "server": "server"}
NAMESPACE_LABELS = {
    "user_id": _("User id"),
    "email": _("Mail address"),
    "phone": _("Phone number"),
    "anonymous_id": _("Anonymous id"),
    "device_id": _("Device id"),
    "loyalty_card": _("Loyalty card"),
}
LEFT_ACCOUNT = _("Has left an account")

FEATURE_LABELS = {
    "seen": _("First and last seen"),
    "events": _("Events"),
    "sessions": _("Sessions"),
    "orders": _("Orders"),
    "revenue": _("Revenue"),
    "refunds": _("Refunds"),
    "products_seen": _("Products last looked at"),
    "products_bought": _("Products last bought"),
    "channels": _("Channels"),
    "devices": _("Devices"),
    "countries": _("Countries"),
    "brands": _("Brands"),
    "support": _("Last contact with support"),
    "feedback": _("Scores"),
    "consent": _("Consent"),
    "traits": _("Traits"),
    "corrections": _("Corrections by hand"),
    "mark": _("Marks as staff or test"),
    "accounts": _("Accounts and their members"),
}
"""What figures of customers are called; those of other modules go by their own names."""
NAME_GROUPS = {"track": _("Events"), "page": _("Pages"), "screen": _("Pages"), "": _("Other")}
"""What kinds of events are called where they are chosen from."""
CONSENT_LABELS = {
    "analytics": _("Analysis of use"),
    "advertising": _("Advertising"),
    "marketing": _("Marketing"),
    "functional": _("Comfort"),
    "personalization": _("Personalisation"),
    "sale_of_data": _("Passing on of data"),
}
FLAG_LABELS = {
    "clock_clamped": _("Its time lay more than a day in the future; the time of receipt stands for it"),
    "clock_uncorrected": _("The sender's clock could not be corrected"),
}
FEEDBACK_LABELS = {"nps": "NPS", "csat": "CSAT", "ces": "CES", "review": _("Review"), "survey": _("Survey")}
MERGE_RULES = {
    "seen_together": _("Seen together on one event"),
    "alias": _("Joined on purpose by an alias"),
    "decided": _("Decided by a person"),
    "rules": _("Other rules were applied"),
}


def group_names(found: Iterable[tuple[str, str, int]]) -> list[tuple[str, list[tuple[str, str, bool, int]]]]:
    """Return (label of the group, [(value, label, whether it is the sender's word, count)]) of (type, name, count), for a filter.

    >>> group_names([("page", "Pricing", 3), ("track", "Order Completed", 2), ("identify", "", 1)])[0]
    ('Events', [('track:Order Completed', 'Order completed', False, 2)])
    """
    groups: dict[str, list[tuple[str, str, bool, int]]] = {NAME_GROUPS[kind]: [] for kind in ("track", "page", "")}
    for kind, name, count in found:
        line = (f"{kind}:{name}", event_label(kind, name), is_own_name(name), count)
        groups[NAME_GROUPS.get(kind, NAME_GROUPS[""])].append(line)
    return [(label, lines) for label, lines in groups.items() if lines]
