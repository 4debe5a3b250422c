from __future__ import annotations

from pathlib import Path

from stammgast.kernel.i18n import marked as _
from stammgast.kernel.runtime import Manifest, SubjectPanel, Task
from stammgast.notes.http import CONTROLLERS
from stammgast.notes.orders import LIST_WORDS, ORDERS
from stammgast.notes.pages import ROUTES, account_notes, account_tags, customer_notes, customer_tags
from stammgast.notes.waiting import sweep_waiting

MANIFEST = Manifest(
    name="notes",
    folder=Path(__file__).parent,
    routes=(*ROUTES, *CONTROLLERS),
    subject_panels=(
        SubjectPanel(
            "customer", "tags", "notes/_tags.html", customer_tags, order=10, place="who", style="notes/notes.css"
        ),
        SubjectPanel(
            "account", "tags", "notes/_tags.html", account_tags, order=10, place="who", style="notes/notes.css"
        ),
        SubjectPanel("customer", "notes", "notes/_notes.html", customer_notes, order=20, style="notes/notes.css"),
        SubjectPanel("account", "notes", "notes/_notes.html", account_notes, order=20, style="notes/notes.css"),
    ),
    orders=ORDERS,
    list_words=(LIST_WORDS,),
    tasks=(Task("notes.waiting", "web", 60, sweep_waiting),),
    action_words={
        "note.write": _("wrote a note"),
        "note.edit": _("changed a note"),
        "note.delete": _("deleted a note"),
        "tag.add": _("gave a tag"),
        "tag.remove": _("took a tag away"),
    },
)
