from __future__ import annotations

from pathlib import Path

from stammgast.events.contracts import MessageBook
from stammgast.kernel.i18n import marked as _
from stammgast.kernel.manifest import HomePanel, Manifest, NavigationEntry, SearchProvider, Task
from stammgast.profiles import api
from stammgast.profiles.accounts_http import CONTROLLERS as ACCOUNT_CONTROLLERS
from stammgast.profiles.commands import COMMANDS
from stammgast.profiles.contracts import SharedDevices
from stammgast.profiles.figures import FEATURES
from stammgast.profiles.http import CONTROLLERS
from stammgast.profiles.identity_http import CONTROLLERS as IDENTITY_CONTROLLERS
from stammgast.profiles.matching.http import CONTROLLERS as MATCHING_CONTROLLERS
from stammgast.profiles.matching.jobs import SearchRunner, work_on_searches
from stammgast.profiles.operating import find_accounts, find_customers
from stammgast.profiles.pages import ROUTES
from stammgast.profiles.pages.review import ROUTES as REVIEW_ROUTES
from stammgast.profiles.rulebook.http import CONTROLLERS as RULES_CONTROLLERS
from stammgast.profiles.rulebook.trials import TrialRunner, work_on_trials
from stammgast.profiles.tracing.reading import shared_devices

MANIFEST = Manifest(
    name="profiles",
    folder=Path(__file__).parent,
    routes=(
        *ROUTES,
        *REVIEW_ROUTES,
        *CONTROLLERS,
        *ACCOUNT_CONTROLLERS,
        *IDENTITY_CONTROLLERS,
        *MATCHING_CONTROLLERS,
        *RULES_CONTROLLERS,
    ),
    navigation=(
        NavigationEntry("customers", _("Customers"), "/customers", "customers"),
        NavigationEntry("customers", _("Accounts"), "/accounts", "brand", order=120),
        NavigationEntry("customers", _("Identity"), "/identity", "key", role="agent", order=150),
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
    services={
        MessageBook: api.message_book,
        SharedDevices: shared_devices,
        SearchRunner: SearchRunner,
        TrialRunner: TrialRunner,
    },
    tasks=(
        Task("profiles.matching", "web", 1, work_on_searches),
        Task("profiles.identity_rules", "web", 1, work_on_trials),
    ),
    action_words={
        "profile.split": _("split a customer"),
        "profile.merge": _("merged two customers"),
        "profile.merge_many": _("merged likely duplicates"),
        "decision.take_back": _("took a decision about customers back"),
        "identifier.hold": _("held an identifier"),
        "identifier.release": _("released an identifier"),
        "identity_rules.save": _("saved identity rules"),
        "identity_rules.try": _("tried identity rules"),
        "identity_rules.apply": _("applied identity rules"),
        "trait_policy.change": _("chose how a trait is decided"),
        "trait_policy.remove": _("left a trait to the usual policy"),
        "matching.search": _("searched for duplicates"),
        "matching.stop": _("stopped a search for duplicates"),
        "suggestion.accepted": _("accepted likely duplicates"),
        "suggestion.refused": _("refused likely duplicates"),
        "suggestion.never": _("said that customers are never the same person"),
        "suggestion.open": _("put likely duplicates back into the queue"),
    },
)
