"""The pages about identity."""

from __future__ import annotations

from stammgast.whoiswho.pages.customer import show_customer_identity
from stammgast.whoiswho.pages.decide import choose_merge, merge, show_outcome, show_outcome_state, split, take_back
from stammgast.whoiswho.pages.held import hold, release, show_held
from stammgast.whoiswho.pages.log import export_log, show_log
from stammgast.whoiswho.pages.overview import show_figures, show_identity
from stammgast.whoiswho.pages.review import ROUTES as REVIEW
from stammgast.whoiswho.pages.rules import ROUTES as RULES
from stammgast.whoiswho.pages.traits import ROUTES as TRAITS

ROUTES = (
    *TRAITS,
    *RULES,
    show_identity,
    show_figures,
    show_customer_identity,
    split,
    choose_merge,
    merge,
    take_back,
    show_outcome,
    show_outcome_state,
    show_held,
    hold,
    release,
    show_log,
    export_log,
    *REVIEW,
)
