"""What a module shows where another module's page is: filters above lists, panels on the page of a customer."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

ListName = Literal["customers", "accounts"]
Place = Literal["top", "who", "now"]
"""Where on the page of a customer: above everything, in the column that says who, in the column of what matters now."""
VALUE_LENGTH_MAX = 100
"""Characters of a filter's value in an address."""
Choice = tuple[str, str]
"""(value, marked label)."""


@dataclass(frozen=True)
class CustomerPanel:
    """One panel on the page of a customer: a fragment at `path`, a route with the one part `{number:int}`.

    The page loads it by itself, and again when something new happened to the customer; an empty answer shows nothing.
    Who may not open the route does not get the panel.
    """

    name: str
    path: str
    place: Place
    order: int = 100

    def address(self, profile: int) -> str:
        """Return where the panel of one customer is."""
        return self.path.replace("{number:int}", str(profile))
