"""The null way: nothing goes out; what would have is taken as sent and can be looked at."""

from __future__ import annotations

from stammgast.outgoing.deciding import Answer
from stammgast.outgoing.ways import Job, Outside


def show_only(_job: Job, _outside: Outside) -> Answer:
    """Take a message as sent."""
    return Answer(outcome="taken", detail="shown only, not sent")
