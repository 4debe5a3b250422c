"""The merge log of all: merges, splits, links that were refused, decisions; filtered, page by page, and as a file."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterator, Sequence
from datetime import date, datetime, time, timedelta
from zoneinfo import ZoneInfo

import msgspec
from litestar import Response, get
from litestar.response import Stream

from stammgast.kernel import clock
from stammgast.kernel.i18n import marked as _
from stammgast.profiles.api.pages import words
from stammgast.web.cells import safe_cell
from stammgast.web.guards import person_of
from stammgast.web.pages import render, runtime_of, shell_of
from stammgast.web.shell import AnyRequest
from stammgast.web.tables import Column
from stammgast.whoiswho.pages import identity_words
from stammgast.whoiswho.pages.decide import AGENT, ANALYST, write_pair
from stammgast.whoiswho.pages.held import namespace_choices
from stammgast.whoiswho.tracing.contracts import LINE_KINDS, LogFilter, LogLine
from stammgast.whoiswho.tracing.log import deciders, read_log, whole_log
from stammgast.workspace.api import record_seen

PAGE_ROWS = 50
TEXT_MAX = 255
COLUMNS = (
    Column(_("When")),
    Column(_("What"), is_hidden_small=True),
    Column(_("Who and why")),
    Column(_("Identifiers"), is_hidden_small=True),
)
HEAD = ("when", "kind", "kept", "merged", "reason", "rule_version", "message_id", "identifiers", "person")
"""Names of columns that programs read: the same in every language."""


@get("/identity/log", guards=AGENT, sync_to_thread=True)
def show_log(request: AnyRequest) -> Response[str]:
    """Show a page of the log as the address filters it."""
    runtime, asked = runtime_of(request), request.query_params
    wanted = read_wanted(request)
    page = read_log(runtime, wanted, after=asked.get("after", ""), limit=PAGE_ROWS)
    return render(
        request,
        "whoiswho/identity_log.html",
        page=page,
        columns=COLUMNS,
        kinds=[("", _("Everything")), *identity_words.LINES.items()],
        namespaces=[("", _("All identifiers")), *namespace_choices(runtime)],
        people=deciders(runtime),
        chosen={name: asked.get(name, "") for name in ("kind", "namespace", "person", "since", "until")},
        is_filtered=wanted != LogFilter(),
        is_later=bool(asked.get("after")),
        words=words,
        says=identity_words,
    )


@get("/identity/log.csv", guards=ANALYST, sync_to_thread=True)
def export_log(request: AnyRequest) -> Stream:
    """Send the lines that the address asks for as CSV, all of them."""
    runtime = runtime_of(request)
    record_seen(runtime, person_of(request), "identity log (export)", query=request.url.query[:TEXT_MAX])
    pages = whole_log(runtime, read_wanted(request))
    return Stream(
        _csv(HEAD, (line for page in pages for line in page.lines)),
        media_type="text/csv",
        headers={"Content-Disposition": 'attachment; filename="identity-log.csv"'},
    )


def read_wanted(request: AnyRequest) -> LogFilter:
    """Return the filter that the address asks for; what makes no sense filters nothing. Days are in the reader's zone."""
    asked = request.query_params
    zone = ZoneInfo(shell_of(request).formats.zone)
    kinds = tuple(one for one in LINE_KINDS if one == asked.get("kind", ""))
    return LogFilter(
        kinds or LINE_KINDS,
        asked.get("namespace", "")[:TEXT_MAX],
        _day(asked.get("since", ""), zone),
        _day(asked.get("until", ""), zone, days_later=1),
        asked.get("person", "")[:TEXT_MAX],
    )


def _day(text: str, zone: ZoneInfo, *, days_later: int = 0) -> int | None:
    """Return when a day written as 2026-03-01 begins (ms UTC), None when it is none."""
    try:
        day = date.fromisoformat(text) + timedelta(days=days_later)
    except (ValueError, OverflowError):
        return None
    return int(datetime.combine(day, time.min, zone).timestamp() * 1000)


class _Cells(msgspec.Struct, frozen=True):
    kept: int | str = ""
    merged: int | str = ""
    reason: str = ""
    version: int | str = ""
    message_id: str = ""
    identifiers: str = ""
    person: str = ""


def _csv(head: Sequence[str], lines: Iterator[LogLine]) -> Iterator[str]:
    yield "\ufeff" + _csv_line(head)  # the mark tells spreadsheets that this is UTF-8
    for line in lines:
        moment = clock.from_millis(line.at).isoformat(timespec="seconds")
        yield _csv_line([moment, line.kind, *msgspec.structs.astuple(_cells(line))])


def _cells(line: LogLine) -> _Cells:
    """Return what a line tells, in columns: for a refusal, `kept` is whose the event is and `merged` who was left out."""
    if line.turned:
        one = line.turned
        told = " ".join(map(write_pair, one.identifiers))
        return _Cells(
            one.kept,
            one.merged,
            one.rule,
            one.version,
            safe_cell(one.message_id),
            safe_cell(told),
            safe_cell(one.person),
        )
    if line.kept_apart:
        apart = line.kept_apart
        told = f"{write_pair(apart.kept)} {write_pair(apart.left_out)}"
        reason = f"{apart.reason}:{apart.namespace}" if apart.namespace else apart.reason
        return _Cells(
            apart.kept_profile, apart.left_profile, reason, apart.version, safe_cell(apart.message_id), safe_cell(told)
        )
    assert line.decided is not None
    word = line.decided
    told = " ".join(map(write_pair, dict.fromkeys((*word.one_side, *word.other_side))))
    return _Cells(reason=word.kind, identifiers=safe_cell(told), person=safe_cell(word.person))


def _csv_line(cells: Sequence[object]) -> str:
    line = io.StringIO()
    csv.writer(line).writerow(cells)
    return line.getvalue()
