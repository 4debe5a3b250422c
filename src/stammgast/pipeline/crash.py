"""Named points at which a test may let the worker die, at every step boundary of "Commit, then deliver".

Not a setting: only the fault tests set the variable. `name` dies at the first pass, `name:3` at the third.
"""

from __future__ import annotations

import os
import signal

VARIABLE = "_STAMMGAST_CRASH_AT"

POINTS = (
    "read",  # 1 -> 2: read, nothing computed
    "computed",  # 2 -> 3: computed, nothing kept
    "in_commit",  # inside 3: written, not yet committed
    "committed",  # 3 -> 4: committed, not yet handed to the sender
    "published",  # the log knows that it may forget
    "in_send",  # inside 4: the insert is on its way
    "sent",  # 4 -> 5: history has it, the outbox still holds it
    "removed",  # after 5
    "in_recovery",  # inside 6: looked which rows are there
    "recovered",  # 6: missing rows inserted, outbox still full
)
GRAPH_POINTS = (
    "in_graph",  # inside 3: what is new in the graph is written, what moved is not
    "moved",  # inside 4: history knows whose the anchors are now, but not their events
    "in_listing",  # after 3: the list of customers was read for, not written
)
"""Where profiles merge and split. `moved` is passed only where an anchor's profile changes."""

WATCH_POINTS = (
    "in_look",  # profiles are loaded, nobody looked
    "in_looked",  # what was found is written, not yet committed
    "looked",  # it is committed, memory does not know it yet
)
"""In the profile stage; passed only where a module watches."""

RULE_POINTS = (
    "rules_read",  # a process has read everything under other rules, the worker is about to stand still
    "in_rules",  # other rules are written, not yet committed
    "rules_written",  # they are in force, the worker does not know it yet
)
"""Where other identity rules are put in force."""

RECOUNT_POINTS = (
    "in_recount",  # a piece that was counted anew is written, not yet committed
    "recounted",  # it is committed, memory still holds the states from before
)
"""Where figures are counted anew."""

EVERY_POINT = POINTS + GRAPH_POINTS + WATCH_POINTS + RULE_POINTS + RECOUNT_POINTS

_passes: dict[str, int] = {}


def crash_point(name: str) -> None:
    """Die here as by `kill -9` when the variable says so; otherwise cost next to nothing."""
    wanted = _WANTED
    if wanted is None or wanted[0] != name:
        return
    _passes[name] = _passes.get(name, 0) + 1
    if _passes[name] == wanted[1]:
        os.kill(os.getpid(), signal.SIGKILL)


def _read_wanted() -> tuple[str, int] | None:
    name, _, count = os.environ.get(VARIABLE, "").partition(":")
    if not name:
        return None
    assert name in EVERY_POINT, f"there is no crash point {name}"
    return name, int(count or 1)


def die_at(name: str, passes: int = 1) -> None:
    """Do in this process what the variable would have done, for a process that was forked and not started."""
    global _WANTED  # noqa: PLW0603 - one process dies once
    assert name in EVERY_POINT, f"there is no crash point {name}"
    _WANTED = (name, passes)
    _passes.clear()


_WANTED = _read_wanted()
