"""Targets: where things go, how each answers, and what a person may do about it."""

from __future__ import annotations

from typing import Any

from litestar import Response, get, post
from litestar.params import FromPath

from stammgast.kernel import clock
from stammgast.kernel.errors import StammgastError
from stammgast.kernel.i18n import marked as _
from stammgast.outgoing import api, words
from stammgast.outgoing.contracts import SECURITIES, TARGET_KINDS, WHEN_UNSURE, Health, Target, TargetFacts
from stammgast.outgoing.entering import Entered, chosen, entered
from stammgast.outgoing.pages.words import words_of
from stammgast.web.contracts import Role
from stammgast.web.forms import Form, SentForm
from stammgast.web.guards import person_of, requires
from stammgast.web.pages import redirect, render, runtime_of
from stammgast.web.shell import AnyRequest
from stammgast.web.tables import Column
from stammgast.web.told import telling, told_here
from stammgast.workspace.api import brands
from stammgast.workspace.contracts import Actor

ANALYST = [requires(Role.ANALYST)]
ADMINISTRATOR = [requires(Role.ADMINISTRATOR)]
HOME = "/connect/outgoing"
ANSWERS_SHOWN = 10
COLUMNS = (
    Column(_("Name")),
    Column(_("Kind"), is_hidden_small=True),
    Column(_("State")),
    Column(_("Waiting"), align="end"),
    Column(_("Failed"), align="end"),
    Column(_("Last sent"), is_hidden_small=True),
)


@get(HOME, guards=ANALYST, sync_to_thread=True)
def list_targets(request: AnyRequest) -> Response[str]:
    """List the targets, and what is not well."""
    runtime = runtime_of(request)
    return render(
        request,
        "outgoing/targets.html",
        targets=api.list_targets(runtime),
        health=api.all_health(runtime),
        well=Health(),
        counts=api.counts(runtime),
        empty_counts=api.Counts(),
        columns=COLUMNS,
        **words_of(request),
    )


@get(HOME + "/new", guards=ADMINISTRATOR, sync_to_thread=True)
def show_new_target(request: AnyRequest) -> Response[str]:
    """Ask for the kind of a new target, then for the rest."""
    return _form_page(request, Form(), None, request.query_params.get("kind", ""))


@post(HOME + "/new", guards=ADMINISTRATOR, status_code=303, sync_to_thread=True)
def create_target(request: AnyRequest, form: SentForm) -> Response[Any]:
    """Make a target; its page shows a webhook's secret, once."""
    tell = telling(request)
    kind = form.text("kind")
    try:
        made = api.create_target(
            runtime_of(request), _by(request), _facts(form, kind), password=form.secret("password")
        )
    except StammgastError as problem:
        return _form_page(request, form.refused(problem), None, kind, status=problem.status)
    path = f"{HOME}/{made.target.id}"
    return tell(path, made.secret, flash=_("Saved.")) if made.secret else redirect(path, flash=_("Saved."))


@get(HOME + "/{number:int}", guards=ANALYST, sync_to_thread=True)
def show_target(request: AnyRequest, number: FromPath[int]) -> Response[str]:
    """Show one target: how it answers, its secrets as far as they are told, what can be done."""
    found = api.target(runtime_of(request), number)
    return render(
        request, "outgoing/target.html", told=told_here(request), given=entered(found), **_standing(request, found)
    )


@get(HOME + "/{number:int}/answers", guards=ANALYST, sync_to_thread=True)
def show_answers(request: AnyRequest, number: FromPath[int]) -> Response[str]:
    """Show how the target stands and its last answers (a fragment)."""
    return render(request, "outgoing/_answers.html", **_standing(request, api.target(runtime_of(request), number)))


@get(HOME + "/{number:int}/change", guards=ADMINISTRATOR, sync_to_thread=True)
def show_change_target(request: AnyRequest, number: FromPath[int]) -> Response[str]:
    """Show the form of a target that exists."""
    found = api.target(runtime_of(request), number)
    return _form_page(request, Form(), found, found.kind)


@post(HOME + "/{number:int}/change", guards=ADMINISTRATOR, status_code=303, sync_to_thread=True)
def change_target(request: AnyRequest, number: FromPath[int], form: SentForm) -> Response[Any]:
    """Change a target."""
    known = api.target(runtime_of(request), number)
    try:
        facts = _facts(form, known.kind)
        api.change_target(runtime_of(request), _by(request), number, facts, password=form.secret("password"))
    except StammgastError as problem:
        return _form_page(request, form.refused(problem), known, known.kind, status=problem.status)
    return redirect(f"{HOME}/{number}", flash=_("Saved."))


@post(HOME + "/{number:int}/switch", guards=ADMINISTRATOR, status_code=303, sync_to_thread=True)
def switch_target(request: AnyRequest, number: FromPath[int], form: SentForm) -> Response[Any]:
    """Switch a target on or off."""
    is_on = form.text("on") == "yes"
    api.switch_target(runtime_of(request), _by(request), number, is_on=is_on)
    flash = _("It is switched on.") if is_on else _("It is switched off. What is for it waits.")
    return redirect(f"{HOME}/{number}", flash=flash)


@post(HOME + "/{number:int}/rotate", guards=ADMINISTRATOR, status_code=303, sync_to_thread=True)
def rotate_secret(request: AnyRequest, number: FromPath[int], form: SentForm) -> Response[Any]:
    """Give a webhook a new secret, which its page shows, once."""
    tell = telling(request)
    hours = form.whole("grace_hours", 24)
    made = api.rotate_secret(runtime_of(request), _by(request), number, grace_hours=hours)
    return tell(f"{HOME}/{number}", made.secret, flash=_("There is a new secret."))


@post(HOME + "/{number:int}/test", guards=ADMINISTRATOR, status_code=303, sync_to_thread=True)
def send_test(request: AnyRequest, number: FromPath[int], form: SentForm) -> Response[Any]:
    """Send a message that says it is a test."""
    api.send_test(runtime_of(request), _by(request), number, form.text("address"))
    return redirect(f"{HOME}/{number}", flash=_("The test is on its way. Its answer appears among the last answers."))


@post(HOME + "/{number:int}/replay", guards=ANALYST, status_code=303, sync_to_thread=True)
def replay_all(request: AnyRequest, number: FromPath[int]) -> Response[Any]:
    """Let everything that failed at a target go again."""
    api.replay_all(runtime_of(request), _by(request), number)
    return redirect(f"{HOME}/{number}", flash=_("What failed goes again."))


@post(HOME + "/{number:int}/remove", guards=ADMINISTRATOR, status_code=303, sync_to_thread=True)
def remove_target(request: AnyRequest, number: FromPath[int]) -> Response[Any]:
    """Remove a target."""
    api.remove_target(runtime_of(request), _by(request), number)
    return redirect(HOME, flash=_("The target is removed. What it got stays to be read."))


def _standing(request: AnyRequest, found: Target) -> dict[str, Any]:
    runtime = runtime_of(request)
    return {
        "target": found,
        "health": api.target_health(runtime, found),
        "counts": api.counts(runtime).get(found.id, api.Counts()),
        "attempts": api.attempts_at(runtime, target=found.id, limit=ANSWERS_SHOWN),
        "at": clock.now_millis(),
        **words_of(request),
    }


def _form_page(request: AnyRequest, form: Form, found: Target | None, kind: str, status: int = 200) -> Response[str]:
    return render(
        request,
        "outgoing/target_form.html",
        status=status,
        form=form,
        target=found,
        kind=kind if kind in TARGET_KINDS else "",
        given=entered(found) if found else Entered(name="", kind="shown"),
        securities=[(name, label, "") for name, label in words.SECURITY_NAMES.items()],
        when_unsure=[(name, label, "") for name, label in words.UNSURE_NAMES.items()],
        brands=[(one.id, one.name) for one in brands(runtime_of(request))],
        **words_of(request),
    )


def _facts(form: Form, kind: str) -> TargetFacts:
    texts = ("name", "url", "host", "user", "from_address", "from_name", "reply_to")
    numbers = {"port": 587, "at_once": 4, "per_minute": 0, "timeout_seconds": 15, "give_up_hours": 72}
    values: dict[str, Any] = {name: form.text(name) for name in texts}
    values |= {name: form.whole(name, usual) for name, usual in numbers.items()}
    return Entered(
        **values,
        kind=chosen(kind, TARGET_KINDS, "kind"),  # type: ignore[arg-type]
        brand=form.whole("brand"),
        security=chosen(form.text("security", "starttls"), SECURITIES, "security"),  # type: ignore[arg-type]
        in_order=form.flag("in_order"),
        when_unsure=chosen(form.text("when_unsure", "again"), WHEN_UNSURE, "when_unsure"),  # type: ignore[arg-type]
    ).facts()


def _by(request: AnyRequest) -> Actor:
    return Actor.of(person_of(request))


ROUTES = (
    list_targets, show_new_target, create_target, show_target, show_answers, show_change_target, change_target,
    switch_target, rotate_secret, send_test, replay_all, remove_target,
)  # fmt: skip
