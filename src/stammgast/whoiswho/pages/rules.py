"""Identity, rules: which identifiers link, versions of the rules, dry runs, applying and taking back."""

from __future__ import annotations

from itertools import pairwise
from typing import Any

from litestar import Response, get, post
from litestar.params import FromPath

from stammgast.identity.graph.rules import GraphRules, read_rules, write_rules
from stammgast.identity.identifiers import reading_of
from stammgast.identity.rulebook.contracts import Stage
from stammgast.kernel.errors import Invalid, StammgastError
from stammgast.kernel.i18n import marked as _
from stammgast.web.contracts import Role
from stammgast.web.forms import Form, SentForm
from stammgast.web.guards import person_of, requires
from stammgast.web.numbers import whole
from stammgast.web.pages import redirect, render, runtime_of
from stammgast.web.shell import AnyRequest
from stammgast.web.tables import Column
from stammgast.whoiswho.pages import identity_words
from stammgast.whoiswho.pages.rules_form import DraftRules, changed_draft, draft_of, read_draft, rules_of_draft
from stammgast.whoiswho.rules import book
from stammgast.whoiswho.rules.differences import BUILT_INS, PERIODS, READINGS, differences, limit_words, provider_words
from stammgast.whoiswho.rules.renewing import renewed
from stammgast.workspace.contracts import Actor

ANALYST = [requires(Role.ANALYST)]
ADMINISTRATOR = [requires(Role.ADMINISTRATOR)]
FILE_BYTES_MAX = 100_000
STAGES: dict[Stage, str] = {
    "waiting": _("Waiting to begin"),
    "reading": _("Reading all identifiers"),
    "resolving": _("Resolving what changes"),
    "writing": _("Taking it over"),
}
STATES = {
    "in_force": (_("In force"), "good"),
    "ordered": (_("On its way"), "info"),
    "past": (_("Held before"), "off"),
    "replaced": (_("Replaced before it took effect"), "off"),
}
RULE_COLUMNS = (
    Column(_("Identifier")),
    Column(_("Strength"), align="end"),
    Column(_("A customer may have")),
    Column(_("Links")),
    Column(_("Read"), is_hidden_small=True),
)
VERSION_COLUMNS = (
    Column(_("Version")),
    Column(_("What changed")),
    Column(_("Saved"), is_hidden_small=True),
    Column(_("State")),
)


@get("/identity/rules", guards=ANALYST, sync_to_thread=True)
def show_rules(request: AnyRequest) -> Response[str]:
    """Show the rules in force, how far a change is, and all versions."""
    runtime = runtime_of(request)
    versions = book.versions(runtime)
    before = {one.version: other.rules for one, other in pairwise(versions)}
    position = _position(request)
    is_ordered = not book.has_obeyed(runtime, position)
    now = book.standing(runtime)
    return render(
        request,
        "whoiswho/identity_rules.html",
        position=position,
        now=now,
        versions=versions,
        changes={one.version: differences(before[one.version], one.rules) for one in versions if one.version in before},
        columns=VERSION_COLUMNS,
        states=STATES,
        is_ordered=is_ordered or now.ordered is not None,
        newer=differences(now.in_force, renewed(now.in_force)),
        **_words(),
    )


@get("/identity/rules/progress", guards=ANALYST, sync_to_thread=True)
def show_rules_progress(request: AnyRequest) -> Response[str]:
    """Show how far the application is (a fragment); once it has ended, the whole page is loaded anew."""
    runtime = runtime_of(request)
    is_read = book.has_obeyed(runtime, _position(request))
    now = book.standing(runtime)
    response = render(request, "whoiswho/_rules_progress.html", progress=now.progress, stages=STAGES)
    if is_read and now.ordered is None:
        response.headers["HX-Redirect"] = "/identity/rules"
    return response


@get("/identity/rules/new", guards=ADMINISTRATOR, sync_to_thread=True)
def edit_rules(request: AnyRequest) -> Response[str]:
    """Show the form with the rules of a version (`from` in the address), by default those in force.

    `built_in=newest` in the address fills in what is built in now.
    """
    runtime = runtime_of(request)
    number = whole(request.query_params.get("from"))
    rules = book.standing(runtime).in_force if number is None else book.version(runtime, number).rules
    if request.query_params.get("built_in") == "newest":
        rules = renewed(rules)
    return _editor(request, draft_of(rules), Form())


@post("/identity/rules/new", guards=ADMINISTRATOR, status_code=200, sync_to_thread=True)
def save_rules(request: AnyRequest, form: SentForm) -> Response[Any]:
    """Keep what the form shows as the next version, or change the form's lines."""
    draft = read_draft(form)
    try:
        changed = changed_draft(draft, form.text("do"))
        if changed is not None:
            return _editor(request, changed, Form(), keeps_nothing=True)
        made = book.save_version(runtime_of(request), _by(request), rules_of_draft(draft), form.text("note"))
    except StammgastError as problem:
        return _editor(request, draft, form.refused(problem), problem.status)
    return redirect(
        f"/identity/rules/{made.version}", flash=_("Saved. Nothing has changed yet: try it, then apply it.")
    )


@post("/identity/rules/file", guards=ADMINISTRATOR, status_code=200)
async def save_rules_file(request: AnyRequest, form: SentForm) -> Response[Any]:
    """Keep rules from a file, uploaded or pasted."""
    text = form.text("yaml")
    try:
        file = form.files.get("file")
        if file is not None and file.filename:
            text = (await file.read(FILE_BYTES_MAX)).decode("utf-8", "replace")
        if not text.strip():
            raise Invalid(field="yaml", problem=_("choose a file, or write the rules here"))
        made = book.save_version(runtime_of(request), _by(request), read_rules(text), form.text("note"))
    except StammgastError as problem:
        draft = draft_of(book.standing(runtime_of(request)).in_force)
        refused = Form({**form.texts, "yaml": [text]}).refused(problem)
        return _editor(request, draft, Form(), problem.status, file_form=refused)
    return redirect(
        f"/identity/rules/{made.version}", flash=_("Saved. Nothing has changed yet: try it, then apply it.")
    )


@get("/identity/rules/{number:int}", guards=ANALYST, sync_to_thread=True)
def show_version(request: AnyRequest, number: FromPath[int]) -> Response[str]:
    """Show one version beside what is in force: what it says otherwise, its dry run, and the way to apply it."""
    runtime = runtime_of(request)
    now = book.standing(runtime)
    found = book.version(runtime, number)
    return render(
        request,
        "whoiswho/identity_version.html",
        found=found,
        now=now,
        changes=differences(now.in_force, found.rules),
        trial=book.newest_trial(runtime, number),
        is_in_force=found.rules == now.in_force,
        **_words(),
    )


@get("/identity/rules/{number:int}/file", guards=ANALYST, sync_to_thread=True)
def download_version(request: AnyRequest, number: FromPath[int]) -> Response[str]:
    """Give a version as a file."""
    found = book.version(runtime_of(request), number)
    headers = {"content-disposition": f'attachment; filename="identity-rules-{number}.yaml"'}
    return Response(write_rules(found.rules), media_type="application/yaml", headers=headers)


@post("/identity/rules/{number:int}/dry-run", guards=ANALYST, status_code=303, sync_to_thread=True)
def try_version(request: AnyRequest, number: FromPath[int]) -> Response[Any]:
    """Order a dry run."""
    book.order_trial(runtime_of(request), _by(request), number)
    return redirect(f"/identity/rules/{number}#trial")


@get("/identity/rules/{number:int}/trial", guards=ANALYST, sync_to_thread=True)
def show_trial(request: AnyRequest, number: FromPath[int]) -> Response[str]:
    """Show how far the newest dry run is (a fragment); once it has ended, the whole page is loaded anew."""
    trial = book.newest_trial(runtime_of(request), number)
    response = render(request, "whoiswho/_rules_progress.html", progress=trial and trial.progress, stages=STAGES)
    if trial is None or trial.state in ("done", "failed"):
        response.headers["HX-Refresh"] = "true"
    return response


@post("/identity/rules/{number:int}/apply", guards=ADMINISTRATOR, status_code=303, sync_to_thread=True)
def apply_version(request: AnyRequest, number: FromPath[int]) -> Response[Any]:
    """Order that a version holds."""
    position = book.apply_version(runtime_of(request), _by(request), number)
    return redirect(
        f"/identity/rules?ordered={position}", flash=_("Ordered. Everything known is resolved anew in the background.")
    )


def _editor(
    request: AnyRequest, draft: DraftRules, form: Form, status: int = 200, file_form: Form | None = None, **how: bool
) -> Response[str]:
    return render(
        request,
        "whoiswho/identity_rules_edit.html",
        status=status,
        **how,
        form=form,
        draft=draft,
        file_form=file_form or Form(),
        **_words(),
    )


def _words() -> dict[str, Any]:
    return {
        "periods": PERIODS,
        "readings": READINGS,
        "built_ins": BUILT_INS,
        "limit_words": limit_words,
        "provider_words": provider_words,
        "reading_of": reading_of,
        "rule_columns": RULE_COLUMNS,
        "identity_words": identity_words,
        "builtin": GraphRules(),
    }


def _position(request: AnyRequest) -> int:
    """Return the place in the log of the order that the page waits for, 0 when it waits for none."""
    return whole(request.query_params.get("ordered")) or 0


def _by(request: AnyRequest) -> Actor:
    return Actor.of(person_of(request))


ROUTES = (
    show_rules,
    show_rules_progress,
    edit_rules,
    save_rules,
    save_rules_file,
    show_version,
    download_version,
    try_version,
    show_trial,
    apply_version,
)
