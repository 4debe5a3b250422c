"""Import in the interface: upload, map, try, watch."""

from __future__ import annotations

import shutil
import tempfile
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import anyio.to_thread
import yaml
from litestar import Response, get, post
from litestar.params import FromPath
from litestar.response import File

from stammgast.imports import jobs
from stammgast.imports.contracts import FileShape, ImportJob, ImportRefused, JobNotFound
from stammgast.imports.mapping import load_map, parse_map
from stammgast.imports.opening import open_table
from stammgast.imports.ready import MAPS
from stammgast.imports.sentences import recognised
from stammgast.imports.suggest import FORMATS, Preview, build, preview, suggest
from stammgast.kernel.errors import Invalid, StammgastError
from stammgast.kernel.i18n import marked as _
from stammgast.web.contracts import Role
from stammgast.web.forms import Form, SentForm
from stammgast.web.guards import person_of, requires
from stammgast.web.pages import redirect, render, runtime_of, shell_of
from stammgast.web.shell import AnyRequest
from stammgast.web.tables import Column
from stammgast.workspace.api import list_sources
from stammgast.workspace.contracts import Actor

ANALYST = [requires(Role.ANALYST)]
UPLOAD_BYTES_MAX = 4 * 1024**3
CHANNELS = ("web", "app", "mail", "phone", "shop", "social", "chat")
COLUMNS = (
    Column(_("File")),
    Column(_("State")),
    Column(_("Events"), align="end"),
    Column(_("Lines refused"), align="end", is_hidden_small=True),
    Column(_("By"), is_hidden_small=True),
    Column(_("Since"), is_hidden_small=True),
)
STATE_WORDS: Mapping[str, tuple[str, str]] = {
    "draft": (_("Not started"), "off"),
    "trying": (_("Trying"), "info"),
    "waiting": (_("Waiting"), "info"),
    "running": (_("Running"), "info"),
    "done": (_("Done"), "good"),
    "stopped": (_("Stopped"), "attention"),
    "failed": (_("Failed"), "harm"),
}
REASON_WORDS: Mapping[str, str] = {
    "wrong_number": _("Not a number"),
    "wrong_time": _("Not a time of that form"),
    "no_such_day": _("No such day"),
    "open_quote": _("A quotation mark is not closed"),
    "no_text": _("Not text"),
    "wrong_boolean": _("Neither yes nor no"),
    "wrong_json": _("Not JSON"),
    "wrong_encoding": _("Another encoding"),
    "wrong_number_of_cells": _("Too many or too few cells"),
    "missing_time": _("No time"),
    "missing_name": _("No event name"),
    "missing_number": _("A number is missing"),
    "missing_group": _("Belongs to no group"),
    "nobody_named": _("No customer named"),
    "no_event": _("No event of the map fits"),
    "belongs_to_refused": _("Another line of the same event can't be used"),
    "event_too_large": _("The event is too large"),
}
FORMAT_WORDS = {"iso": "2026-12-24T18:30:00", "unix": "1767225600", "unix_ms": "1767225600000"}
USES = (
    ("property", _("Property")),
    ("line", _("Property of each line")),
    ("trait", _("About the person")),
    ("", _("Leave out")),
)
KINDS = (("text", _("Text")), ("number", _("Number")), ("boolean", _("Yes or no")))


@get("/connect/import", guards=ANALYST, sync_to_thread=True)
def show_imports(request: AnyRequest) -> Response[str]:
    """Show the imports and the form for a new one."""
    return _list_page(request, Form())


@post("/connect/import", guards=ANALYST, status_code=200, request_max_body_size=UPLOAD_BYTES_MAX)
async def upload(request: AnyRequest, form: SentForm) -> Response[Any]:
    """Take a file and go on to its map."""
    file = form.files.get("file")
    if file is None or not file.filename:
        problem = Invalid(field="file", problem=_("choose a file"))
        return await anyio.to_thread.run_sync(_list_page, request, form.refused(problem), 422)
    made = await anyio.to_thread.run_sync(_keep, request, file.filename, file.file)
    return redirect(f"/connect/import/{made.id}")


@get("/connect/import/{number:int}", guards=ANALYST, sync_to_thread=True)
def show_import(request: AnyRequest, number: FromPath[int]) -> Response[str]:
    """Show one import: its map while it is a draft, its progress, what came of it."""
    return _job_page(request, number, Form())


@get("/connect/import/{number:int}/progress", guards=ANALYST, sync_to_thread=True)
def show_progress(request: AnyRequest, number: FromPath[int]) -> Response[str]:
    """Show how far it is; a fragment. When it has ended, the whole page is loaded anew."""
    found = jobs.job(runtime_of(request), number)
    response = render(request, "imports/_import_progress.html", job=found)
    if not found.is_busy:
        response.headers["HX-Refresh"] = "true"
    return response


@post("/connect/import/{number:int}/map", guards=ANALYST, status_code=200, sync_to_thread=True)
def try_map(request: AnyRequest, number: FromPath[int], form: SentForm) -> Response[Any]:
    """Keep the map that the form describes, and try it."""
    try:
        jobs.try_map(runtime_of(request), _by(request), number, _map_of(form) + "\n")
    except StammgastError as problem:
        return _job_page(request, number, form.refused(problem), problem.status)
    if form.text("how") == "form":
        jobs.keep_answers(runtime_of(request), number, _answers(form))
    return redirect(f"/connect/import/{number}")


@post("/connect/import/{number:int}/start", guards=ANALYST, status_code=303, sync_to_thread=True)
def start_import(request: AnyRequest, number: FromPath[int], form: SentForm) -> Response[Any]:
    """Start the import, or let a stopped one go on."""
    jobs.start(runtime_of(request), _by(request), number, form.text("source"))
    return redirect(f"/connect/import/{number}")


@post("/connect/import/{number:int}/stop", guards=ANALYST, status_code=303, sync_to_thread=True)
def stop_import(request: AnyRequest, number: FromPath[int]) -> Response[Any]:
    """Ask it to stop."""
    jobs.stop(runtime_of(request), _by(request), number)
    return redirect(f"/connect/import/{number}", flash=_("It stops after the lines under way. What came in stays."))


@post("/connect/import/{number:int}/remove", guards=ANALYST, status_code=303, sync_to_thread=True)
def remove_import(request: AnyRequest, number: FromPath[int]) -> Response[Any]:
    """Remove the uploaded file and the line about it."""
    jobs.remove(runtime_of(request), _by(request), number)
    return redirect("/connect/import", flash=_("Removed. What was imported stays."))


@get("/connect/import/{number:int}/refused", guards=ANALYST, sync_to_thread=True)
def download_refused(request: AnyRequest, number: FromPath[int]) -> File:
    """Give the lines that could not be used, each with its reason, as CSV."""
    found = jobs.job(runtime_of(request), number)
    path = jobs.job_folder(runtime_of(request), number) / jobs.REFUSED_NAME
    if not path.exists():
        raise JobNotFound(name=number)
    return File(path, filename=f"{Path(found.file_name).stem}.refused.csv", media_type="text/csv")


def _keep(request: AnyRequest, file_name: str, content: Any) -> ImportJob:
    folder = runtime_of(request).settings.data / "imports"
    folder.mkdir(parents=True, exist_ok=True)
    with tempfile.NamedTemporaryFile(dir=folder, prefix="upload.", delete=False) as target:
        content.seek(0)
        shutil.copyfileobj(content, target)
    return jobs.add_job(runtime_of(request), _by(request), file_name, Path(target.name))


def _list_page(request: AnyRequest, form: Form, status: int = 200) -> Response[str]:
    found = jobs.jobs(runtime_of(request))
    return render(
        request, "imports/imports.html", status=status, form=form, jobs=found, columns=COLUMNS, states=STATE_WORDS
    )


def _job_page(request: AnyRequest, number: int, form: Form, status: int = 200) -> Response[str]:
    found = jobs.job(runtime_of(request), number)
    return render(
        request,
        "imports/import.html",
        status=status,
        form=form,
        job=found,
        states=STATE_WORDS,
        reasons=REASON_WORDS,
        recognised=recognised,
        has_refused=(jobs.job_folder(runtime_of(request), number) / jobs.REFUSED_NAME).exists(),
        sources=[one.name for one in list_sources(runtime_of(request)) if one.kind == "import"],
        plan_name=parse_map(found.map_text).name if found.map_text else "",
        **(_mapping_words(request, found, form) if found.state in ("draft", "stopped", "failed") else {"shown": None}),
    )


def _mapping_words(request: AnyRequest, found: ImportJob, form: Form) -> dict[str, Any]:
    """Return what the map's form shows; a file that can't be read is told instead."""
    try:
        table = open_table(jobs.job_file(runtime_of(request), found), FileShape())
        shown = preview(table)
    except ImportRefused as problem:
        return {"shown": None, "unreadable": problem}
    kept = _answers(form) if form.text("how") == "form" else jobs.kept_answers(runtime_of(request), found.id)
    answers = kept or suggest(shown, found.file_name)
    answers.setdefault("zone", shell_of(request).company.zone)
    answers["currency"] = answers["currency"] or shell_of(request).company.currency
    return {
        "shown": shown,
        "unreadable": None,
        "answers": answers,
        "ready": _ready_for(shown),
        "yaml_text": form.text("yaml") or found.map_text or _yaml(build(answers)),
        "formats": [(form_, FORMAT_WORDS.get(form_, form_)) for form_ in FORMATS],
        "uses": USES,
        "kinds": KINDS,
        "channels": CHANNELS,
    }


def _ready_for(shown: Preview) -> list[str]:
    """Return the ready maps whose columns the file has."""
    from stammgast.imports.columns import named_columns

    plans = (load_map(path) for path in sorted(MAPS.glob("*.yaml")))
    return [plan.name for plan in plans if {column for column, _ in named_columns(plan)} <= set(shown.columns)]


def _ready_map(name: str) -> str:
    path = next((path for path in MAPS.glob("*.yaml") if path.stem == name), None)
    if path is None:
        raise Invalid(field="ready", problem=_("there is no such map"))
    return path.read_text(encoding="utf-8")


def _answers(form: Form) -> dict[str, Any]:
    """Return the form's answers as `suggest.build` takes them."""
    names = ("name", "what", "event", "time", "format", "zone", "user_id", "email", "phone", "amount", "decimal")
    more = ("currency", "currency_column", "group", "subject", "channel")
    answers: dict[str, Any] = {name: form.text(name) for name in (*names, *more)}
    columns = form.every("column")
    answers["uses"] = dict(zip(columns, form.every("use"), strict=False))
    answers["kinds"] = dict(zip(columns, form.every("kind"), strict=False))
    return answers


def _map_of(form: Form) -> str:
    match form.text("how"):
        case "yaml":
            return form.text("yaml")
        case "ready":
            return _ready_map(form.text("ready"))
    return _yaml(build(_answers(form)))


def _yaml(made: Mapping[str, Any]) -> str:
    return yaml.safe_dump(dict(made), sort_keys=False, allow_unicode=True, width=100)


def _by(request: AnyRequest) -> Actor:
    return Actor.of(person_of(request))


ROUTES = (
    show_imports, upload, show_import, show_progress, try_map, start_import, stop_import, remove_import,
    download_refused,
)  # fmt: skip
