"""Settings, counting anew: what is counted from history again, how far it is, pause and resume, what was set aside."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any
from urllib.parse import urlencode

from litestar import Response, get, post

from stammgast.kernel.errors import StammgastError
from stammgast.kernel.i18n import marked as _
from stammgast.profiles import api
from stammgast.profiles.recounts import ordering
from stammgast.profiles.recounts.contracts import Action, Recount
from stammgast.profiles.recounts.ordering import RecountLook
from stammgast.profiles.words import FEATURE_LABELS
from stammgast.web.contracts import Role
from stammgast.web.forms import Form, SentForm
from stammgast.web.guards import person_of, requires
from stammgast.web.numbers import whole
from stammgast.web.pages import redirect, render, runtime_of
from stammgast.web.shell import AnyRequest
from stammgast.web.tables import Column
from stammgast.workspace.contracts import Actor

PATH = "/settings/recount"
ANALYST = [requires(Role.ANALYST)]
ADMINISTRATOR = [requires(Role.ADMINISTRATOR)]
PARTS_SHOWN = 50
COLUMNS = (
    Column(_("What")),
    Column(_("Numbers")),
    Column(_("Attempts"), align="end", is_hidden_small=True),
    Column(_("Error")),
    Column(_("When"), is_hidden_small=True),
)
ORDERED: Mapping[Action, str] = {
    "start": _("Ordered. It begins within two seconds, in the background."),
    "pause": _("Ordered. It stands still within two seconds; what is counted stays counted."),
    "resume": _("Ordered. It goes on within two seconds."),
    "again": _("Ordered. What was set aside is counted once more."),
}


@get(PATH, guards=ANALYST, sync_to_thread=True)
def show_recount(request: AnyRequest) -> Response[str]:
    """Show the newest recount and the form for another; with `look` in the address what that would go through."""
    asked = request.query_params
    form = Form({"features": asked.getall("features", [])}) if "look" in asked else Form()
    if "look" not in asked:
        return _page(request, form)
    try:
        return _page(request, form, ordering.look(runtime_of(request), _chosen(request, form)))
    except StammgastError as problem:
        return _page(request, form.refused(problem), status=problem.status)


@get(f"{PATH}/progress", guards=ANALYST, sync_to_thread=True)
def show_recount_progress(request: AnyRequest) -> Response[str]:
    """Show how far it is (a fragment); once something else is to be said, the whole page is loaded anew."""
    runtime = runtime_of(request)
    found = api.recount(runtime)
    response = render(request, "profiles/_recount_progress.html", found=found, left=_seconds_left(found))
    if found.state != request.query_params.get("state") and ordering.is_obeyed(runtime, _order(request)):
        response.headers["HX-Redirect"] = PATH
    return response


@post(PATH, guards=ADMINISTRATOR, status_code=200, sync_to_thread=True)
def change_recount(request: AnyRequest, form: SentForm) -> Response[Any]:
    """Order one, or lead to a look at what it would go through."""
    runtime, do = runtime_of(request), form.text("do")
    try:
        if do == "look":
            asked = {"look": "yes", "features": _chosen(request, form)}
            return redirect(f"{PATH}?{urlencode(asked, doseq=True)}#new")
        action = next((one for one in ORDERED if one == do), None)
        if action is not None:
            chosen = _chosen(request, form) if action == "start" else ()
            by, is_forced = Actor.of(person_of(request)), form.flag("anyway")
            number = ordering.order_recount(runtime, by, action, chosen, is_forced=is_forced)
            return redirect(f"{PATH}?order={number}", flash=ORDERED[action])
    except StammgastError as problem:
        return _page(request, form.refused(problem), status=problem.status)
    return redirect(PATH)


def _page(request: AnyRequest, form: Form, look: RecountLook | None = None, *, status: int = 200) -> Response[str]:
    runtime = runtime_of(request)
    found = api.recount(runtime)
    order = _order(request)
    return render(
        request,
        "profiles/recount.html",
        status=status,
        found=found,
        left=_seconds_left(found),
        is_awaited=not ordering.is_obeyed(runtime, order),
        order=order,
        form=form,
        look=look,
        figures=[(name, FEATURE_LABELS.get(name, name)) for name in ordering.features_there(runtime)],
        labels=FEATURE_LABELS,
        columns=COLUMNS,
        parts=found.parts[:PARTS_SHOWN],
    )


def _chosen(request: AnyRequest, form: Form) -> list[str]:
    there = ordering.features_there(runtime_of(request))
    return list(form.every("features"))[: len(there)]


def _order(request: AnyRequest) -> int:
    return whole(request.query_params.get("order")) or 0


def _seconds_left(found: Recount) -> int | None:
    """Return about how long it takes yet, None when that can't be told."""
    if found.state != "going_on" or not found.events or found.busy_millis < 1000:  # noqa: PLR2004 - a second's look
        return None
    return round(found.busy_millis / 1000 * max(0, found.events_total - found.events) / found.events)
