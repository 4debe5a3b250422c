"""Settings of API tokens: how programs come in."""

from __future__ import annotations

from typing import Any

from litestar import Response, get, post
from litestar.params import FromPath

from stammgast.kernel.errors import StammgastError
from stammgast.kernel.i18n import marked as _
from stammgast.web.contracts import Role
from stammgast.web.forms import Form, SentForm
from stammgast.web.guards import person_of, requires
from stammgast.web.pages import redirect, render, runtime_of
from stammgast.web.shell import AnyRequest
from stammgast.web.tables import Column
from stammgast.web.told import telling, told_here
from stammgast.workspace import api
from stammgast.workspace.contracts import Actor
from stammgast.workspace.pages.people import brand_choices
from stammgast.workspace.words import ROLE_MEANINGS, ROLE_NAMES

ADMINISTRATOR = [requires(Role.ADMINISTRATOR)]
COLUMNS = (
    Column(_("Name")),
    Column(_("Role"), is_hidden_small=True),
    Column(_("Last used"), is_hidden_small=True),
    Column(_("State")),
    Column(""),
)


@get("/settings/tokens", guards=ADMINISTRATOR, sync_to_thread=True)
def show_tokens(request: AnyRequest) -> Response[str]:
    """List the API tokens."""
    return _page(request, Form())


@post("/settings/tokens", guards=ADMINISTRATOR, status_code=303, sync_to_thread=True)
def create_token(request: AnyRequest, form: SentForm) -> Response[Any]:
    """Make a token and lead back to the page, which shows it, once."""
    tell = telling(request)
    try:
        _made, secret = api.create_token(
            runtime_of(request),
            Actor.of(person_of(request)),
            form.text("name"),
            form.text("role"),
            brands=form.wholes("brands"),
        )
    except StammgastError as problem:
        return _page(request, form.refused(problem), status=problem.status)
    return tell("/settings/tokens", secret, flash=_("The token is made."))


@post("/settings/tokens/{number:int}/revoke", guards=ADMINISTRATOR, status_code=303, sync_to_thread=True)
def revoke_token(request: AnyRequest, number: FromPath[int]) -> Response[Any]:
    """Let a token end now."""
    api.revoke_token(runtime_of(request), Actor.of(person_of(request)), number)
    return redirect("/settings/tokens", flash=_("The token is revoked."))


def _page(request: AnyRequest, form: Form, status: int = 200) -> Response[str]:
    return render(
        request,
        "workspace/tokens.html",
        status=status,
        form=form,
        tokens=api.list_tokens(runtime_of(request)),
        columns=COLUMNS,
        role_names=ROLE_NAMES,
        brands=brand_choices(runtime_of(request)),
        brand_names=dict(brand_choices(runtime_of(request))),
        roles=[(role.value, ROLE_NAMES[role], ROLE_MEANINGS[role]) for role in Role],
        secret=told_here(request),
    )


ROUTES = (show_tokens, create_token, revoke_token)
