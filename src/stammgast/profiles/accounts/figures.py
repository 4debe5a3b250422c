"""What accounts and their members know about themselves: commutative folds over the events that name the account.

An account has one state, whoever its members are; a membership has one for each anchor, so that merging and splitting
profiles moves memberships at once. In a group call, the traits `role` and `left` speak of the member, all others of the account.
"""

from __future__ import annotations

from typing import Any

from stammgast.kernel.features import Feature
from stammgast.profiles.figures.activity import SEEN
from stammgast.profiles.figures.newest import Newest, combine_newest, keep_newest
from stammgast.profiles.figures.orders import ORDERS, REFUNDS, REVENUE
from stammgast.profiles.figures.sessions import SESSIONS
from stammgast.profiles.figures.traits import Traits, combine_traits, note_trait, present_traits
from stammgast.profiles.folding import Folding

GROUP = "group"
ROLE, LEFT = "role", "left"
OF_THE_MEMBER = frozenset({ROLE, LEFT})
ROLE_LENGTH_MAX = 100
_YES = frozenset({"true", "yes", "1"})


def fold_count(state: int | None, _event: Any) -> int:
    """Count the event."""
    return 1 if state is None else state + 1


def fold_account_traits(state: Traits | None, event: Any) -> Traits | None:
    """Take what a group call says of the account."""
    if event.type != GROUP:
        return state
    state = {} if state is None else state
    for name, value in event.traits.items():
        if name not in OF_THE_MEMBER:
            note_trait(state, name, event, value)
    return state


def fold_belonging(state: Newest | None, event: Any) -> Newest | None:
    """Take what a group call says of the member: that they belong or have left, and as what."""
    if event.type != GROUP:
        return state
    state = {} if state is None else state
    keep_newest(state, LEFT, [event.time, event.message_id, has_left(event.traits)])
    role = event.traits.get(ROLE)
    if isinstance(role, str):
        keep_newest(state, ROLE, [event.time, event.message_id, role.strip()[:ROLE_LENGTH_MAX]])
    return state


def has_left(traits: dict[str, Any]) -> bool:
    """Say whether the traits of a group call tell that its member has left the account.

    >>> has_left({"left": True}), has_left({"left": "yes"}), has_left({"left": False}), has_left({})
    (True, True, False, False)
    """
    said = traits.get(LEFT)
    return said is True or (isinstance(said, (str, int)) and str(said).strip().lower() in _YES)


COUNT = Feature("events", 1, fold_count, lambda a, b: a + b, lambda state: state)
ACCOUNT_TRAITS = Feature("traits", 1, fold_account_traits, combine_traits, present_traits, with_robots=True)
BELONGING = Feature(
    "belonging",
    1,
    fold_belonging,
    combine_newest,
    lambda state: {"left": state[LEFT][2], "role": state[ROLE][2] if ROLE in state else ""},
    with_robots=True,
)

ACCOUNT_FOLDING = Folding((SEEN, COUNT, ORDERS, REVENUE, REFUNDS, ACCOUNT_TRAITS))
MEMBER_FOLDING = Folding((SEEN, COUNT, ORDERS, REVENUE, REFUNDS, SESSIONS, BELONGING))
