"""The list of customers: search, filters, order, export."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterator
from typing import Any

from litestar import Response, get
from litestar.response import Stream

from stammgast.kernel import clock
from stammgast.kernel.i18n import marked as _
from stammgast.kernel.ids import BrandId
from stammgast.kernel.runtime import Runtime
from stammgast.profiles import api, words
from stammgast.profiles.contracts import CustomerFilter, CustomerRow, SortBy
from stammgast.profiles.figures.orders import decimal_text
from stammgast.profiles.pages.lists import (
    PAGE_ROWS,
    read_filters,
    read_sort,
    read_text,
    seen_after,
    shown_filters,
    shown_list,
    tag_word,
    yes_or_no,
)
from stammgast.web.cells import safe_cell
from stammgast.web.guards import person_of, requires
from stammgast.web.pages import render, runtime_of, shell_of, translate
from stammgast.web.shell import AnyRequest
from stammgast.web.tables import Column
from stammgast.workspace.api import record_seen

SORTS: tuple[SortBy, ...] = ("last_seen", "first_seen", "name", "events", "orders", "revenue")
COLUMNS = (
    Column(_("Customer"), "name"),
    Column(_("First seen"), "first_seen", is_hidden_small=True, is_descending_first=True),
    Column(_("Last seen"), "last_seen", is_descending_first=True),
    Column(_("Events"), "events", align="end", is_hidden_small=True, is_descending_first=True),
    Column(_("Orders"), "orders", align="end", is_hidden_small=True, is_descending_first=True),
    Column(_("Revenue"), "revenue", align="end", is_descending_first=True),
)
KNOWN = (("", _("Known and anonymous")), ("yes", _("Known only")), ("no", _("Anonymous only")))
ORDERED = (("", _("With and without orders")), ("yes", _("With orders")), ("no", _("Without orders")))
EXPORT_PAGE = 500


@get("/customers", guards=[requires("viewer", bound="own")], sync_to_thread=True)
def list_customers(request: AnyRequest) -> Response[str]:
    """Show one page of the customers that the address asks for."""
    runtime = runtime_of(request)
    asked = request.query_params
    text, wanted = read_text(request), read_filter(request)
    sort, is_reversed = read_sort(asked.get("sort", ""), SORTS, "last_seen")
    page = api.list_customers(
        runtime, text, wanted=wanted, sort=sort, is_reversed=is_reversed, after=asked.get("after", ""), limit=PAGE_ROWS
    )
    return render(
        request,
        "profiles/customers.html",
        columns=COLUMNS,
        words=words,
        is_filtered=bool(text) or wanted != CustomerFilter(),
        filters=shown_filters(request, "customers"),
        known=KNOWN,
        ordered=ORDERED,
        **shown_list(request, page, text, sort, ("known", "ordered", "seen", "bots", "tag"), is_reversed=is_reversed),
    )


@get("/customers/export.csv", guards=[requires("analyst", bound="own")], sync_to_thread=True)
def export_customers(request: AnyRequest) -> Stream:
    """Send the customers that the address asks for as CSV, all of them."""
    runtime = runtime_of(request)
    wanted = read_filter(request)
    text = read_text(request)
    record_seen(runtime, person_of(request), "customers (export)", query=text)
    head = [translate(request, one.label) for one in COLUMNS]
    head[1:1] = [translate(request, _("Mail address"))]
    return Stream(
        _csv_lines([*head, translate(request, _("Currency")), translate(request, _("Number"))], runtime, text, wanted),
        media_type="text/csv",
        headers={"Content-Disposition": 'attachment; filename="customers.csv"'},
    )


def read_filter(request: AnyRequest) -> CustomerFilter:
    """Return the filter that the address and the chosen brand ask for; what makes no sense filters nothing."""
    asked = request.query_params
    return CustomerFilter(
        narrowed=read_filters(request, "customers"),
        brand=shell_of(request).brand or BrandId(0),
        is_identified=yes_or_no(asked.get("known")),
        has_orders=yes_or_no(asked.get("ordered")),
        seen_after=seen_after(asked.get("seen", "")),
        word=tag_word(asked.get("tag", "")),
        with_bots=asked.get("bots") == "yes",
    )


def _csv_lines(head: list[str], runtime: Runtime, text: str, wanted: CustomerFilter) -> Iterator[str]:
    yield "\ufeff" + _csv_line(head)  # the mark tells spreadsheets that this is UTF-8
    after = ""
    while True:
        page = api.list_customers(runtime, text, wanted=wanted, sort="first_seen", after=after, limit=EXPORT_PAGE)
        yield "".join(_csv_line(_cells(row)) for row in page.rows)
        if page.next is None:
            return
        after = page.next


def _cells(row: CustomerRow) -> list[Any]:
    first, last = (
        "" if one is None else clock.from_millis(one).isoformat(timespec="seconds")
        for one in (row.first_seen, row.last_seen)
    )
    revenue = "" if row.revenue is None else decimal_text(row.revenue)
    return [
        safe_cell(row.name),
        safe_cell(row.email),
        first,
        last,
        row.events,
        row.orders,
        revenue,
        row.currency,
        row.profile,
    ]


def _csv_line(cells: list[Any]) -> str:
    line = io.StringIO()
    csv.writer(line).writerow(cells)
    return line.getvalue()
