"""The company: its name, its time, its money, its brands, and how its own people's traffic is known."""

from __future__ import annotations

import ipaddress
import re
import zoneinfo
from collections.abc import Sequence
from functools import cache

from babel.numbers import list_currencies
from sqlalchemy.exc import IntegrityError

from stammgast.kernel import clock
from stammgast.kernel.errors import Invalid, NotFound
from stammgast.kernel.i18n import Phrase
from stammgast.kernel.i18n import marked as _
from stammgast.kernel.ids import BrandId
from stammgast.kernel.runtime import Runtime
from stammgast.workspace import rows, store
from stammgast.workspace.contracts import (
    STAFF_RULE_KINDS,
    Actor,
    Brand,
    BrandNotFound,
    Company,
    NameTaken,
    StaffRule,
    StaffRules,
)
from stammgast.workspace.names import read_name
from stammgast.workspace.snapshot import changing, snapshot

LAST_WEEKDAY = 6
_DOMAIN = re.compile(r"[a-z0-9]([a-z0-9-]*[a-z0-9])?(\.[a-z0-9]([a-z0-9-]*[a-z0-9])?)+")


@cache
def known_zones() -> tuple[str, ...]:
    """Return the IANA names of places, which is what a person chooses from, sorted."""
    areas = (
        "Africa",
        "America",
        "Antarctica",
        "Arctic",
        "Asia",
        "Atlantic",
        "Australia",
        "Europe",
        "Indian",
        "Pacific",
    )
    places = (name for name in zoneinfo.available_timezones() if name.partition("/")[0] in areas)
    return ("UTC", *sorted(places))


@cache
def known_currencies() -> frozenset[str]:
    """Return the ISO 4217 codes."""
    return frozenset(list_currencies())


def company(runtime: Runtime) -> Company:
    """Return the company's settings, at most a second old."""
    return snapshot(runtime).company


def change_company(runtime: Runtime, by: Actor, *, name: str, zone: str, first_weekday: int, currency: str) -> Company:
    """Change the company's settings; raises Invalid with the field."""
    name = read_name(name) if name.strip() else ""
    if zone not in known_zones():
        raise Invalid(field="zone", problem=_("choose a time zone from the list"))
    if not 0 <= first_weekday <= LAST_WEEKDAY:
        raise Invalid(field="first_weekday", problem=_("choose a day from 0 (Monday) to 6 (Sunday)"))
    currency = currency.strip().upper()
    if currency not in known_currencies():
        raise Invalid(field="currency", problem=_("give a currency's three letters, like EUR"))
    changed = Company(name, zone, first_weekday, currency)
    with changing(runtime, by) as change:
        values = {"name": name, "zone": zone, "first_weekday": first_weekday, "currency": currency}
        store.write_company(change.connection, **values)
        change.note("company.change", "company", **values)
    return changed


def brands(runtime: Runtime) -> Sequence[Brand]:
    """Return all brands by name, at most a second old."""
    return list(snapshot(runtime).brands.values())


def create_brand(runtime: Runtime, by: Actor, name: str) -> Brand:
    """Make a brand; raises Invalid, NameTaken."""
    name = read_name(name)
    now = clock.now_millis()
    with changing(runtime, by) as change:
        try:
            number = store.add_brand(change.connection, name, now)
        except IntegrityError as problem:
            raise NameTaken(name=name, field="name") from problem
        change.note("brand.create", f"brand {number}", name=name)
    return Brand(BrandId(number), name, now)


def rename_brand(runtime: Runtime, by: Actor, number: int, name: str) -> None:
    """Rename a brand; raises Invalid, NameTaken, BrandNotFound."""
    name = read_name(name)
    with changing(runtime, by) as change:
        try:
            if not store.rename_brand(change.connection, number, name):
                raise BrandNotFound(what="brand", name=number)
        except IntegrityError as problem:
            raise NameTaken(name=name, field="name") from problem
        change.note("brand.rename", f"brand {number}", name=name)


def staff_rules(runtime: Runtime) -> StaffRules:
    """Return the staff rules as one value to ask, at most a second old."""
    return snapshot(runtime).staff


def list_staff_rules(runtime: Runtime) -> Sequence[StaffRule]:
    """Return the staff rules one by one."""
    with runtime.control.read() as connection:
        return [rows.staff_rule_of(row) for row in store.list_staff_rules(connection)]


def add_staff_rule(runtime: Runtime, by: Actor, kind: str, value: str) -> StaffRule:
    """Add a rule, or return the one that says the same. Raises Invalid."""
    value = read_staff_value(kind, value)
    with changing(runtime, by) as change:
        number = store.find_staff_rule(change.connection, kind, value)
        if number is None:
            number = store.add_staff_rule(change.connection, kind, value)
            change.note("staff.add", f"staff rule {number}", kind=kind, value=value)
    return StaffRule(number, kind, value)  # type: ignore[arg-type]


def remove_staff_rule(runtime: Runtime, by: Actor, number: int) -> None:
    """Remove a rule; raises NotFound."""
    with changing(runtime, by) as change:
        row = store.remove_staff_rule(change.connection, number)
        if row is None:
            raise NotFound(what="staff rule", name=number)
        change.note("staff.remove", f"staff rule {number}", kind=row["kind"], value=row["value"])


def read_staff_value(kind: str, value: str) -> str:
    """Return a rule's value in its one form; raises Invalid.

    >>> read_staff_value("email_domain", " @Inn.Example "), read_staff_value("network", "10.1.2.3")
    ('inn.example', '10.1.2.3/32')
    """
    value = value.strip().lower()
    if kind not in STAFF_RULE_KINDS:
        raise Invalid(field="kind", problem=Phrase("choose one of {names}", names=", ".join(STAFF_RULE_KINDS)))
    if kind == "network":
        try:
            return str(ipaddress.ip_network(value, strict=False))
        except ValueError:
            raise Invalid(field="value", problem=_("write an address or a network like 203.0.113.0/24")) from None
    if kind == "email_domain":
        value = value.removeprefix("@")
        if not _DOMAIN.fullmatch(value):
            raise Invalid(field="value", problem=_("write a domain like inn.example"))
    if not value:
        raise Invalid(field="value", problem=_("write the user id"))
    return value
