"""Writing notes and tags on the pages of customers and accounts. Each form leads back to the page it stands on."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from litestar import post
from litestar.params import FromPath
from litestar.response import Redirect

from stammgast.kernel.i18n import marked as _
from stammgast.kernel.ids import new_uuid
from stammgast.notes import api
from stammgast.profiles.api import get_profile
from stammgast.profiles.api.pages import Account, get_account
from stammgast.profiles.contracts import Profile
from stammgast.web.contracts import Role
from stammgast.web.forms import SentForm
from stammgast.web.guards import brands_of, person_of, requires
from stammgast.web.pages import redirect, runtime_of
from stammgast.web.shell import AnyRequest

CUSTOMER = [requires(Role.AGENT, bound="own")]
ACCOUNT = [requires(Role.AGENT)]


@post("/customers/{number:int}/notes", guards=CUSTOMER, status_code=303, sync_to_thread=True)
def write_about_customer(request: AnyRequest, number: FromPath[int], form: SentForm) -> Redirect:
    """Write, change or delete a note about a customer, as `do` says."""
    return _take_note(request, _customer(request, number), form)


@post("/accounts/{number:int}/notes", guards=ACCOUNT, status_code=303, sync_to_thread=True)
def write_about_account(request: AnyRequest, number: FromPath[int], form: SentForm) -> Redirect:
    """Write, change or delete a note about an account, as `do` says."""
    return _take_note(request, _account(request, number), form)


@post("/customers/{number:int}/tags", guards=CUSTOMER, status_code=303, sync_to_thread=True)
def tag_customer(request: AnyRequest, number: FromPath[int], form: SentForm) -> Redirect:
    """Give a customer a tag, or take it away."""
    return _take_tag(request, _customer(request, number), form)


@post("/accounts/{number:int}/tags", guards=ACCOUNT, status_code=303, sync_to_thread=True)
def tag_account(request: AnyRequest, number: FromPath[int], form: SentForm) -> Redirect:
    """Give an account a tag, or take it away."""
    return _take_tag(request, _account(request, number), form)


def customer_notes(request: AnyRequest, profile: Profile) -> Mapping[str, Any]:
    """Return what the panel of notes on a customer's page shows."""
    return _notes_facts(request, api.about_customer(profile))


def account_notes(request: AnyRequest, account: Account) -> Mapping[str, Any]:
    """Return what the panel of notes on an account's page shows."""
    return _notes_facts(request, api.about_account(account))


def customer_tags(request: AnyRequest, profile: Profile) -> Mapping[str, Any]:
    """Return what the panel of tags on a customer's page shows."""
    return _tags_facts(request, api.about_customer(profile))


def account_tags(request: AnyRequest, account: Account) -> Mapping[str, Any]:
    """Return what the panel of tags on an account's page shows."""
    return _tags_facts(request, api.about_account(account))


def _take_note(request: AnyRequest, about: api.About, form: SentForm) -> Redirect:
    runtime, person = runtime_of(request), person_of(request)
    note = form.text("note")
    match form.text("do", "write"):
        case "edit":
            api.edit_note(runtime, person, about, note, form.text("text"))
        case "delete":
            api.delete_note(runtime, person, about, note)
            return redirect(_home(about), flash=_("Note deleted."))
        case _:
            api.write_note(runtime, person, about, form.text("text"), note)
    return redirect(_home(about), flash=_("Note kept."))


def _take_tag(request: AnyRequest, about: api.About, form: SentForm) -> Redirect:
    change = api.untag if form.text("do") == "remove" else api.tag
    change(runtime_of(request), person_of(request), about, form.text("tag"))
    return redirect(_home(about))


def _notes_facts(request: AnyRequest, about: api.About) -> Mapping[str, Any]:
    person = person_of(request)
    notes = api.notes_about(runtime_of(request), about, person)
    me = api.author_of(person)
    return {
        "notes": notes,
        "action": f"{_home(about)}/notes",
        "fresh": new_uuid(),
        "may_write": person.may(Role.AGENT),
        "mine": {one.note for one in notes if one.author.is_same(me)},
        "deletable": {one.note for one in notes if api.may_delete(one, person)},
    }


def _tags_facts(request: AnyRequest, about: api.About) -> Mapping[str, Any]:
    runtime, person = runtime_of(request), person_of(request)
    may_write = person.may(Role.AGENT)
    return {
        "tags": api.tags_about(runtime, about, person),
        "known": api.known_tags(runtime, about.kind) if may_write else (),
        "action": f"{_home(about)}/tags",
        "lists": "/customers" if about.kind == "customer" else "/accounts",
        "may_write": may_write,
    }


def _home(about: api.About) -> str:
    return f"/{about.kind}s/{about.number}"


def _customer(request: AnyRequest, number: int) -> api.About:
    return api.about_customer(get_profile(runtime_of(request), f"profile:{number}", brands_of(request)))


def _account(request: AnyRequest, number: int) -> api.About:
    return api.about_account(get_account(runtime_of(request), f"account:{number}"))


ROUTES: tuple[Any, ...] = (write_about_customer, write_about_account, tag_customer, tag_account)
