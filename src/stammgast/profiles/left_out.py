"""Identifiers that were only ever left out: no profile is theirs, yet events carried them."""

from __future__ import annotations

from sqlalchemy import Connection

from stammgast.identity.graph.rules import GraphRules
from stammgast.identity.resolution import Pair
from stammgast.identity.store import contests, graph
from stammgast.kernel.i18n import Phrase
from stammgast.kernel.i18n import marked as _
from stammgast.profiles.contracts import LeftOut

SHOWN_MAX = 5
_REASONS = {
    "limit": _("a customer may not have so many of {namespace}"),
    "cap": _("a customer may not have so many identifiers"),
    "separated": _("a person parted them"),
}


def carrier_of(connection: Connection, pair: Pair, rules: GraphRules) -> int:
    """Return the one profile whose events carried an identifier that nobody owns.

    Raises LeftOut when they are several customers' (or nobody's), with the reason for which it joined none of them.
    """
    anchors = contests.anchors_holding(connection, [pair])
    exceptions = graph.profiles_of_anchors(connection, sorted(anchors))
    profiles = sorted({exceptions.get(anchor, anchor) for anchor in anchors} - {0})
    if len(profiles) == 1:
        return profiles[0]
    customers = ", ".join(f"profile:{one}" for one in profiles[:SHOWN_MAX])
    raise LeftOut(
        reference=":".join(pair),
        count=len(profiles),
        customers=customers + (", …" if len(profiles) > SHOWN_MAX else ""),
        reason=_reason(connection, pair, rules),
    )


def _reason(connection: Connection, pair: Pair, rules: GraphRules) -> str:
    if not rules.rule(pair[0]).may_link:
        return Phrase(_("the rules say that {namespace} links nobody"), namespace=pair[0])
    if any((one.namespace, one.value) == pair for one in contests.load_held(connection)):
        return _("it is held")
    why = contests.reason_left_out(connection, pair)
    return (
        Phrase(_REASONS[why[0]], namespace=why[1]) if why is not None and why[0] in _REASONS else _("it links nowhere")
    )
