"""The navigation on the left, by the question a person has. Groups appear when a module brings something for them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from stammgast.kernel.i18n import marked as _
from stammgast.kernel.runtime import NavigationEntry
from stammgast.web.access import AccessTable, may_open
from stammgast.web.contracts import Person

GROUPS = {
    "home": (_("Home"), "home"),
    "customers": (_("Customers"), "customers"),
    "journeys": (_("Journeys"), "journeys"),
    "voice": (_("Voice"), "voice"),
    "cases": (_("Cases"), "cases"),
    "decide": (_("Decide"), "decide"),
    "act": (_("Act"), "act"),
    "programme": (_("Programme"), "programme"),
    "privacy": (_("Privacy"), "privacy"),
    "connect": (_("Connect"), "connect"),
    "settings": (_("Settings"), "settings"),
}
"""Group -> (title, icon), in their order on the page."""


@dataclass(frozen=True)
class NavigationGroup:
    """One group with the entries a person may use."""

    name: str
    label: str
    icon: str
    entries: Sequence[NavigationEntry]


def group_navigation(
    entries: Sequence[NavigationEntry], person: Person | None, access: AccessTable
) -> Sequence[NavigationGroup]:
    """Return the groups that have at least one entry for this person; nothing for nobody."""
    if person is None:
        return ()
    groups = []
    for name, (label, icon) in GROUPS.items():
        own = sorted(
            (one for one in entries if one.group == name and may_open(access, person, one.path)),
            key=lambda one: one.order,
        )
        if own:
            groups.append(NavigationGroup(name, label, icon, own))
    return groups
