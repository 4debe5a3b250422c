"""How addresses name a customer: references, cursors, and numbers that were merged away."""

from __future__ import annotations

from typing import Annotated

from litestar.params import PathParameter, QueryParameter

from stammgast.profiles.contracts import Profile
from stammgast.web.shell import AnyRequest

NUMBER_DIGITS_MAX = 18

Reference = Annotated[
    str,
    PathParameter(
        max_length=600,
        description="`namespace:value`, such as `email:anna@example.com` or `user_id:7`; `profile:NUMBER` for a number."
        " A slash in it is sent as `%2F`.",
    ),
]
Cursor = Annotated[
    str, QueryParameter(max_length=600, description="The `next` of the page before; empty for the first.")
]


def merged_away(request: AnyRequest, profile: Profile) -> int | None:
    """Return the number that the address named first, when it was merged into this profile."""
    was = request.query_params.get("was", "")
    number = int(was) if was.isdecimal() and was.isascii() and len(was) < NUMBER_DIGITS_MAX else 0
    return number if number in profile.merged else None


def read_pair(reference: str) -> tuple[str, str]:
    """Return the (namespace, value) that a text as `namespace:value` names.

    >>> read_pair("till:7:3")
    ('till', '7:3')
    """
    namespace, _, value = reference.replace("\0", "").partition(":")
    return namespace, value
