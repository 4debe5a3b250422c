"""The whole identity graph in numbers."""

from __future__ import annotations

from stammgast.kernel.runtime import Runtime
from stammgast.profiles.contracts import IdentityOverview
from stammgast.whoiswho.store import overview

SHARED_SHOWN = 10


def identity_overview(runtime: Runtime, since: int) -> IdentityOverview:
    """Return the whole identity graph in numbers; what happened is counted from `since` (ms UTC) on."""
    with runtime.customers.read() as connection:
        return IdentityOverview(overview.count_graph(connection, since), overview.most_shared(connection, SHARED_SHOWN))
