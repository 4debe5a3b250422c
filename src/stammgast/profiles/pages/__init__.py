"""The pages about customers: the list, one customer, and what the home page shows of them."""

from __future__ import annotations

from stammgast.profiles.pages.accounts import ROUTES as ACCOUNTS
from stammgast.profiles.pages.customer import (
    count_newer,
    show_customer,
    show_part,
    show_raw_event,
    show_timeline,
)
from stammgast.profiles.pages.customers import export_customers, list_customers
from stammgast.profiles.pages.home import came_in, newest, worker
from stammgast.profiles.pages.identity import show_figures, show_identity
from stammgast.profiles.pages.identity_customer import show_customer_identity
from stammgast.profiles.pages.identity_decide import (
    choose_merge,
    merge,
    show_outcome,
    show_outcome_state,
    split,
    take_back,
)
from stammgast.profiles.pages.identity_held import hold, release, show_held
from stammgast.profiles.pages.identity_log import export_log, show_log
from stammgast.profiles.pages.identity_rules import ROUTES as RULES
from stammgast.profiles.pages.live import show_live, show_rows
from stammgast.profiles.pages.traits import ROUTES as TRAITS

ROUTES = (
    list_customers,
    export_customers,
    show_customer,
    show_part,
    show_timeline,
    count_newer,
    show_raw_event,
    came_in,
    newest,
    worker,
    show_live,
    show_rows,
    *ACCOUNTS,
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
)
