"""What the pages of long lists have in common: search, sort and filters stand in the address."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, TypeVar

from stammgast.kernel import clock
from stammgast.kernel.i18n import marked as _
from stammgast.kernel.ids import BrandId
from stammgast.kernel.keeping import tag_term
from stammgast.kernel.ports.asking import list_filters
from stammgast.kernel.ports.shown import VALUE_LENGTH_MAX, Choice, ListName
from stammgast.profiles.contracts import TOTAL_MAX
from stammgast.web.pages import runtime_of, shell_of
from stammgast.web.shell import AnyRequest
from stammgast.web.tables import TableState

PAGE_ROWS = 50
TAG_LENGTH_MAX = 60
PERIODS = (
    ("", _("Any time")),
    ("1", _("Last 24 hours")),
    ("7", _("Last 7 days")),
    ("30", _("Last 30 days")),
    ("90", _("Last 90 days")),
)
Sort = TypeVar("Sort", bound=str)


def read_text(request: AnyRequest) -> str:
    """Return what is searched for."""
    return (request.query_params.get("q") or "").strip().replace("\0", "")[:200]


def read_sort(asked: str, sorts: Sequence[Sort], default: Sort) -> tuple[Sort, bool]:
    """Return (sort, is_reversed) of an address' `sort`, in which a leading - descends.

    Names ascend by themselves, everything else descends.

    >>> sorts = ("name", "revenue", "orders", "last_seen")
    >>> [read_sort(one, sorts, "last_seen") for one in ("name", "-revenue", "orders", "nonsense")]
    [('name', False), ('revenue', False), ('orders', True), ('last_seen', False)]
    """
    name = asked.lstrip("-")
    for sort in sorts:
        if sort == name:
            return sort, asked.startswith("-") == (sort == "name")
    return default, False


def tag_word(text: str) -> str:
    """Return the word by which a list finds who has the chosen tag, empty for none chosen."""
    label = text.strip()[:TAG_LENGTH_MAX].replace("\0", "")
    return tag_term(label) if label else ""


def yes_or_no(text: str | None) -> bool | None:
    """Return what a choice of yes, no and either means."""
    return {"yes": True, "no": False}.get(text or "")


def seen_after(days: str) -> int | None:
    """Return the moment (ms UTC) since which somebody must have been seen; None for any time."""
    return clock.now_millis() - int(days) * clock.MILLIS_PER_DAY if days and days in dict(PERIODS) else None


def read_filters(request: AnyRequest, name: ListName) -> tuple[tuple[str, str], ...]:
    """Return (filter, value) of the filters that modules bring, as far as the address asks for them."""
    asked = request.query_params
    values = ((one.name, asked.get(one.name, "")) for one in list_filters(runtime_of(request), name))
    return tuple((filtered, value.replace("\0", "")[:VALUE_LENGTH_MAX]) for filtered, value in values if value)


def shown_filters(request: AnyRequest, name: ListName) -> list[tuple[str, str, str, list[Choice]]]:
    """Return (name, label, chosen, choices) of the filters that modules bring; a value that nobody offers stays chosen."""
    runtime, brand = runtime_of(request), shell_of(request).brand or BrandId(0)
    chosen = dict(read_filters(request, name))
    shown = []
    for one in list_filters(runtime, name):
        value = chosen.get(one.name, "")
        choices = [("", one.unfiltered), *one.choices(runtime, brand, value)]
        if value not in dict(choices):
            choices.append((value, value))
        shown.append((one.name, one.label, value, choices))
    return shown


def shown_list(
    request: AnyRequest, page: object, text: str, sort: str, filters: Sequence[str], *, is_reversed: bool
) -> dict[str, Any]:
    """Return what the template of a list needs; `filters` are the names of what can be chosen."""
    asked = request.query_params
    is_descending = (sort == "name") == is_reversed
    return {
        "page": page,
        "text": text,
        "table": TableState(1, PAGE_ROWS, sort, is_descending, text),
        "sort_kept": f"{'-' if is_descending else ''}{sort}",
        "total_max": TOTAL_MAX,
        "is_later": bool(asked.get("after")),
        "periods": PERIODS,
        "chosen": {name: asked.get(name, "") for name in filters},
    }
