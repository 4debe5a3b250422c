from __future__ import annotations

from pathlib import Path

from stammgast.events.contracts import MessageBook
from stammgast.kernel.i18n import marked as _
from stammgast.kernel.runtime import HomePanel, Manifest, NavigationEntry, SearchProvider
from stammgast.profiles import api
from stammgast.profiles.accounts_http import CONTROLLERS as ACCOUNT_CONTROLLERS
from stammgast.profiles.commands import COMMANDS
from stammgast.profiles.figures import FEATURES
from stammgast.profiles.filters import FILTERS
from stammgast.profiles.http import CONTROLLERS
from stammgast.profiles.operating import METRICS, find_accounts, find_customers
from stammgast.profiles.pages import ROUTES
from stammgast.profiles.recount_http import CONTROLLERS as RECOUNT_CONTROLLERS

MANIFEST = Manifest(
    name="profiles",
    folder=Path(__file__).parent,
    routes=(
        *ROUTES,
        *CONTROLLERS,
        *ACCOUNT_CONTROLLERS,
        *RECOUNT_CONTROLLERS,
    ),
    navigation=(
        NavigationEntry("customers", _("Customers"), "/customers", "customers"),
        NavigationEntry("customers", _("Accounts"), "/accounts", "brand", order=120),
        NavigationEntry("settings", _("Counting anew"), "/settings/recount", "rotate", order=65),
        NavigationEntry("connect", _("Live"), "/connect/live", "live", order=30),
    ),
    home_panels=(
        HomePanel("came-in", "/home/came-in", order=10, wide=True),
        HomePanel("newest-customers", "/home/newest-customers", order=12, seconds=5),
        HomePanel("worker", "/home/worker", order=14, seconds=5),
    ),
    search=(SearchProvider(_("Customers"), find_customers), SearchProvider(_("Accounts"), find_accounts)),
    features=FEATURES,
    commands=COMMANDS,
    metrics=METRICS,
    list_filters=FILTERS,
    services={MessageBook: api.message_book},
    action_words={
        "trait_policy.change": _("chose how a trait is decided"),
        "trait_policy.remove": _("left a trait to the usual policy"),
        "recount.start": _("had figures counted anew"),
        "recount.pause": _("paused counting figures anew"),
        "recount.resume": _("let counting figures anew go on"),
        "recount.again": _("had figures that were set aside counted once more"),
    },
)
