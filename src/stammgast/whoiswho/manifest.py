from __future__ import annotations

from pathlib import Path

from stammgast.kernel.i18n import marked as _
from stammgast.kernel.ports.shown import CustomerPanel
from stammgast.kernel.runtime import Manifest, NavigationEntry, Task
from stammgast.profiles.contracts import SharedDevices
from stammgast.whoiswho.commands import COMMANDS
from stammgast.whoiswho.http import CONTROLLERS
from stammgast.whoiswho.matching.http import CONTROLLERS as MATCHING_CONTROLLERS
from stammgast.whoiswho.matching.jobs import SearchRunner, work_on_searches
from stammgast.whoiswho.pages import ROUTES
from stammgast.whoiswho.pages.review import SUGGESTED_PATH
from stammgast.whoiswho.rules.http import CONTROLLERS as RULES_CONTROLLERS
from stammgast.whoiswho.rules.trials import TrialRunner, work_on_trials
from stammgast.whoiswho.tracing.reading import shared_devices

MANIFEST = Manifest(
    name="whoiswho",
    folder=Path(__file__).parent,
    routes=(*ROUTES, *CONTROLLERS, *MATCHING_CONTROLLERS, *RULES_CONTROLLERS),
    navigation=(NavigationEntry("customers", _("Identity"), "/identity", "key", order=150),),
    customer_panels=(CustomerPanel("suggested", SUGGESTED_PATH, "top", order=20),),
    commands=COMMANDS,
    services={SharedDevices: shared_devices, SearchRunner: SearchRunner, TrialRunner: TrialRunner},
    tasks=(
        Task("whoiswho.matching", "web", 1, work_on_searches),
        Task("whoiswho.identity_rules", "web", 1, work_on_trials),
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
        "matching.search": _("searched for duplicates"),
        "matching.stop": _("stopped a search for duplicates"),
        "suggestion.accepted": _("accepted likely duplicates"),
        "suggestion.refused": _("refused likely duplicates"),
        "suggestion.never": _("said that customers are never the same person"),
        "suggestion.open": _("put likely duplicates back into the queue"),
    },
)
