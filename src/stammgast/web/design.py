"""Pages of the shell itself: all components on one page, the API's own page, and the search on top."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from litestar import Response, get

from stammgast.kernel import clock
from stammgast.kernel.errors import Invalid
from stammgast.kernel.i18n import Phrase
from stammgast.kernel.i18n import marked as _
from stammgast.web.forms import Form
from stammgast.web.guards import person_of, requires
from stammgast.web.pages import PageMaker, access_of, render, runtime_of, shell_of
from stammgast.web.shell import AnyRequest
from stammgast.web.tables import Column, TableState, read_table

HITS_A_GROUP = 6
SAMPLE_NAMES = ("Anna", "Ben", "Clara", "David", "Emma", "Finn", "Greta", "Hannes", "Ida", "Jonas")
SAMPLE_COLUMNS = (
    Column(_("Name"), "name"),
    Column(_("Orders"), "orders", align="end"),
    Column(_("Channel"), is_hidden_small=True),
)


@get("/design", guards=[requires("viewer", bound="same")], sync_to_thread=True)
def show_design(request: AnyRequest) -> Response[str]:
    """Show every component as it looks and behaves."""
    table = read_table(request, ("name", "orders"), default="name", size=25)
    return render(
        request,
        "web/design.html",
        table=table,
        columns=SAMPLE_COLUMNS,
        rows=_sample_rows(table),
        sample_time=clock.now_millis() - 3 * 3_600_000,
        sample_chart=_sample_chart(),
        sample_bars=_sample_bars(),
        stacked_chart=_sample_chart() | {"kind": "stacked"},
        wrong_form=Form({}, problem=Invalid(field="sample_value", problem=_("write an amount like 12.50"))),
    )


@get("/api", guards=[requires("viewer", bound="same")], sync_to_thread=True)
def show_api(request: AnyRequest) -> Response[str]:
    """Show the API's operations with a form to try each."""
    return render(request, "web/api.html", host=runtime_of(request).settings.base_url)


@get("/search", guards=[requires("viewer", bound="own")], sync_to_thread=True)
def search(request: AnyRequest) -> Response[str]:
    """Find pages and whatever the modules offer; a fragment for the palette, else a page of its own."""
    text = (request.query_params.get("q") or "").strip()[:200]
    template = "web/_hits.html" if shell_of(request).is_fragment else "web/search.html"
    return render(request, template, text=text, found=_find(request, text))


def _find(request: AnyRequest, text: str) -> list[tuple[str, list[tuple[str, str, str]]]]:
    maker = runtime_of(request).service(PageMaker)
    translate = shell_of(request).translator.gettext
    pages = [
        (translate(entry.label), translate(group.label), entry.path)
        for group in maker.groups_for(person_of(request), access_of(request))
        for entry in group.entries
        if text.lower() in f"{translate(entry.label)} {translate(group.label)}".lower()
    ]
    brand = (shell_of(request).brand or 0) if person_of(request).brands else 0
    found = [
        (translate(one.group), list(one.find(runtime_of(request), text, HITS_A_GROUP, brand)))
        for one in (maker.search if text else ())
    ]
    found.append((translate(_("Pages")), pages[: HITS_A_GROUP if text else 20]))
    return [(group, [_told(hit, translate) for hit in hits]) for group, hits in found if hits]


def _told(hit: tuple[str, str, str], translate: Callable[[str], str]) -> tuple[str, str, str]:
    """Return a hit with its detail in the reader's language, where that is a sentence of ours."""
    label, detail, path = hit
    return label, translate(detail) if isinstance(detail, Phrase) else detail, path


def _sample_chart() -> dict[str, Any]:
    days = [clock.now_millis() - (13 - day) * clock.MILLIS_PER_DAY for day in range(14)]
    web = [412, 433, 398, 520, 610, 744, 702, 431, 460, 455, 530, 640, 760, 715]
    return {
        "kind": "line",
        "x": days,
        "x_kind": "day",
        "series": [
            {"key": "web", "label": "Web", "values": web},
            {"key": "shop", "label": "Shop", "values": [one // 3 + 20 * (place % 4) for place, one in enumerate(web)]},
            {"key": "mail", "label": "Mail", "values": [one // 7 for one in web]},
        ],
    }


def _sample_bars() -> dict[str, Any]:
    values = [812, 604, 240, 151, 83]
    labels = ["Web", "Shop", "App", "Mail", "Phone"]
    return {
        "kind": "hbar",
        "x": labels,
        "x_kind": "text",
        "series": [{"key": "web", "label": "Orders", "values": values}],
    }


def _sample_rows(table: TableState) -> list[dict[str, Any]]:
    names = [f"{first} {last}" for last in ("Berg", "Huber", "Okafor", "Weiß") for first in SAMPLE_NAMES]
    channels = ("web", "shop", "app", "mail", "phone")
    rows = [
        {"name": name, "orders": (place * 37) % 101, "channel": channels[place % 5]} for place, name in enumerate(names)
    ]
    found = [row for row in rows if table.text.lower() in str(row["name"]).lower()]
    return sorted(found, key=lambda row: row[table.sort], reverse=table.is_descending)


ROUTES = (show_design, show_api, search)
