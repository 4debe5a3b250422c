"""Forms about a customer's records: correct a trait, add an identifier, mark, make a new customer; and the whole record as a file."""

from __future__ import annotations

from typing import Any

from litestar import Response, get, post
from litestar.params import FromPath
from litestar.response import Redirect, Stream

from stammgast.kernel.errors import Invalid, StammgastError
from stammgast.kernel.i18n import marked as _
from stammgast.kernel.ids import new_uuid
from stammgast.notes.api import is_taken_in
from stammgast.profiles.api import get_profile
from stammgast.profiles.contracts import NoSuchProfile, Profile
from stammgast.records import api
from stammgast.records.contracts import MARK_LABELS, Mark, NewCustomer
from stammgast.records.exporting import csv_lines, json_parts
from stammgast.records.panels import customer_facts
from stammgast.web.contracts import Role
from stammgast.web.forms import Form, SentForm
from stammgast.web.guards import brands_of, person_of, requires
from stammgast.web.pages import redirect, render, runtime_of
from stammgast.web.shell import AnyRequest
from stammgast.workspace.api import record
from stammgast.workspace.contracts import Actor

VIEWER = [requires(Role.VIEWER, bound="own")]
AGENT = [requires(Role.AGENT, bound="own")]
AGENT_OF_ALL = [requires(Role.AGENT)]
ANALYST = [requires(Role.ANALYST, bound="own")]
NAMESPACES = (("email", _("Mail address")), ("phone", _("Phone number")), ("user_id", _("User id")))
PATIENCE_SECONDS = 3.0
"""How long making a customer waits for the worker, so that the page of the new one can be opened."""


@get("/customers/{number:int}/records", guards=VIEWER, sync_to_thread=True)
def show_facts(request: AnyRequest, number: FromPath[int]) -> Response[str]:
    """Show a customer's traits again (a fragment), after something new happened."""
    return render(request, "records/_groups.html", panel=customer_facts(request, _profile(request, number)))


@post("/customers/{number:int}/records", guards=AGENT, status_code=303, sync_to_thread=True)
def correct(request: AnyRequest, number: FromPath[int], form: SentForm) -> Redirect:
    """Correct a trait, take it away, or take a correction back, as `do` says."""
    runtime, person, profile = runtime_of(request), person_of(request), _profile(request, number)
    name = form.text("trait")
    match form.text("do", "correct"):
        case "take_back":
            api.take_back_correction(runtime, person, profile, name)
            said = _("What the sources say counts again.")
        case "remove":
            api.correct_trait(runtime, person, profile, name, None)
            said = _("Taken away. What sources say of it does not count any more.")
        case _:
            api.correct_trait(runtime, person, profile, name, read_value(form))
            said = _("Corrected.")
    return redirect(f"/customers/{number}", flash=said)


@post("/customers/{number:int}/mark", guards=AGENT, status_code=303, sync_to_thread=True)
def mark(request: AnyRequest, number: FromPath[int], form: SentForm) -> Redirect:
    """Mark a customer as staff or test, or take the mark away."""
    chosen: Mark | None = next((one for one in ("", *MARK_LABELS) if one == form.text("mark")), None)
    if chosen is None:
        raise Invalid(field="mark", problem=_("choose one of these"))
    runtime = runtime_of(request)
    position = api.mark_customer(runtime, person_of(request), _profile(request, number), chosen)
    is_taken_in(runtime, position, PATIENCE_SECONDS)
    said = _("Marked. Lists and counts leave this customer out.") if chosen else _("The mark is taken away.")
    return redirect(f"/customers/{number}", flash=said)


@get("/customers/{number:int}/identifier", guards=AGENT_OF_ALL, sync_to_thread=True)
def show_identifier_form(request: AnyRequest, number: FromPath[int]) -> Response[str]:
    """Ask for one more identifier of a customer."""
    return _identifier_page(request, _profile(request, number), Form())


@post("/customers/{number:int}/identifier", guards=AGENT_OF_ALL, status_code=200, sync_to_thread=True)
def add_identifier(request: AnyRequest, number: FromPath[int], form: SentForm) -> Response[Any]:
    """Add an identifier; the identity rules decide as for any event."""
    runtime, profile = runtime_of(request), _profile(request, number)
    namespace, value = form.text("namespace"), form.text("value")
    try:
        pair = api.read_identifier(runtime, namespace, value, "value")
        position = api.add_identifier(runtime, person_of(request), profile, namespace, value)
    except StammgastError as problem:
        return _identifier_page(request, profile, form.refused(problem), problem.status)
    if not is_taken_in(runtime, position, PATIENCE_SECONDS):
        return redirect(f"/customers/{number}", flash=_("Added. It will be seen here in a moment."))
    owner = api.owner_of(runtime, pair)
    if owner == profile.profile:
        return redirect(f"/customers/{number}", flash=_("Added."))
    if owner:
        # The older of two numbers stays: the customer may go by another one now.
        return redirect(f"/customers/{owner}", flash=_("Added."))
    return redirect(f"/customers/{number}/identity", flash=_("The identity rules left it out; here is why."))


@get("/customers/new", guards=AGENT_OF_ALL, sync_to_thread=True)
def show_new(request: AnyRequest) -> Response[str]:
    """Ask for what is known of a new customer."""
    return _new_page(request, Form())


@post("/customers/new", guards=AGENT_OF_ALL, status_code=200, sync_to_thread=True)
def create(request: AnyRequest, form: SentForm) -> Response[Any]:
    """Make a customer by hand."""
    runtime = runtime_of(request)
    fields = ("first_name", "last_name", "company", "email", "phone", "user_id")
    traits = {name: text for name in ("street", "postcode", "city", "country") if (text := form.text(name))}
    new = NewCustomer(**{name: form.text(name) for name in fields}, traits=traits)
    try:
        pair, position = api.create_customer(runtime, person_of(request), new, form.text("message"))
    except StammgastError as problem:
        return _new_page(request, form.refused(problem), problem.status)
    reference = f"{pair[0]}:{pair[1]}"
    try:
        if is_taken_in(runtime, position, PATIENCE_SECONDS):
            return redirect(
                f"/customers/{get_profile(runtime, reference).profile}", flash=_("The customer is on record.")
            )
    except NoSuchProfile:
        pass
    return redirect("/customers", flash=_("The customer will be on the list in a moment."))


@get("/customers/{number:int}/export.json", guards=ANALYST, sync_to_thread=True)
def export_json(request: AnyRequest, number: FromPath[int]) -> Stream:
    """Send all that is known of a customer as JSON."""
    return _export(request, number, "json", "application/json")


@get("/customers/{number:int}/export.csv", guards=ANALYST, sync_to_thread=True)
def export_csv(request: AnyRequest, number: FromPath[int]) -> Stream:
    """Send all that is known of a customer as CSV, one line a datum."""
    return _export(request, number, "csv", "text/csv; charset=utf-8")


def read_value(form: Form) -> Any:
    """Return the value that a form gives a trait, of the kind that it had: yes or no, a number, else text. Raises Invalid."""
    text = form.text("value")
    match form.text("kind"):
        case "yes_no":
            return text == "yes"
        case "number":
            return _number(text)
        case _:
            if not text:
                raise Invalid(field="value", problem=_("write what is right, or take the trait away"))
            return text


def _number(text: str) -> int | float:
    """Return a number as people of either language write it: the last of comma and point is the decimal mark."""
    plain = text.replace(" ", "").replace("\u00a0", "")
    if "," in plain and plain.rfind(",") > plain.rfind("."):
        plain = plain.replace(".", "").replace(",", ".")
    else:
        plain = plain.replace(",", "")
    try:
        number = float(plain)
    except ValueError:
        raise Invalid(field="value", problem=_("write a number")) from None
    if number != number or abs(number) > 1e15:  # noqa: PLR0124, PLR2004 - not a number; beyond what is kept exactly
        raise Invalid(field="value", problem=_("write a number"))
    return int(number) if number.is_integer() else number


def _export(request: AnyRequest, number: int, kind: str, media_type: str) -> Stream:
    runtime, person = runtime_of(request), person_of(request)
    profile = _profile(request, number)
    record(runtime, Actor.of(person), "customer.export", f"profile {number}", format=kind)
    parts = (json_parts if kind == "json" else csv_lines)(runtime, profile, person)
    name = f"customer-{profile.profile}.{kind}"
    return Stream(parts, media_type=media_type, headers={"Content-Disposition": f'attachment; filename="{name}"'})


def _identifier_page(request: AnyRequest, profile: Profile, form: Form, status: int = 200) -> Response[str]:
    return render(request, "records/identifier.html", status=status, profile=profile, form=form, namespaces=NAMESPACES)


def _new_page(request: AnyRequest, form: Form, status: int = 200) -> Response[str]:
    return render(request, "records/new.html", status=status, form=form, fresh=new_uuid())


def _profile(request: AnyRequest, number: int) -> Profile:
    return get_profile(runtime_of(request), f"profile:{number}", brands_of(request))


ROUTES: tuple[Any, ...] = (
    show_facts,
    correct,
    mark,
    show_identifier_form,
    add_identifier,
    show_new,
    create,
    export_json,
    export_csv,
)
