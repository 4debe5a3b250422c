from __future__ import annotations

from pathlib import Path

from stammgast.kernel.i18n import marked as _
from stammgast.kernel.runtime import Manifest, SubjectPanel
from stammgast.records.http import CONTROLLERS
from stammgast.records.pages import ROUTES
from stammgast.records.panels import account_facts, customer_actions, customer_facts

STYLE = "records/records.css"
MANIFEST = Manifest(
    name="records",
    folder=Path(__file__).parent,
    routes=(*ROUTES, *CONTROLLERS),
    subject_panels=(
        SubjectPanel("customer", "actions", "records/_actions.html", customer_actions, place="head", style=STYLE),
        SubjectPanel("customer", "facts", "records/_facts.html", customer_facts, order=20, place="who", style=STYLE),
        SubjectPanel("account", "facts", "records/_facts.html", account_facts, order=20, place="who", style=STYLE),
    ),
    action_words={
        "trait.correct": _("corrected a customer's detail"),
        "trait.take_back": _("took a correction back"),
        "customer.mark": _("marked a customer"),
        "customer.create": _("made a customer"),
        "customer.export": _("exported all of a customer"),
        "identifier.add": _("added an identifier"),
    },
)
