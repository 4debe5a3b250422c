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
from stammgast.profiles.pages.live import show_live, show_live_event, show_rows
from stammgast.profiles.pages.recount import change_recount, show_recount, show_recount_progress

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
    show_recount,
    show_recount_progress,
    change_recount,
    show_live_event,
    *ACCOUNTS,
)
