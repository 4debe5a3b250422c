"""People: who may log in, with which role, and their log-ins."""

from __future__ import annotations

import threading
from collections.abc import Sequence

from email_validator import EmailNotValidError, validate_email
from sqlalchemy import Connection
from sqlalchemy.exc import IntegrityError

from stammgast.kernel import clock
from stammgast.kernel.errors import Invalid
from stammgast.kernel.i18n import marked as _
from stammgast.kernel.ids import new_secret, secret_digest
from stammgast.kernel.runtime import Runtime
from stammgast.web.contracts import Theme
from stammgast.web.cookies import csrf_of
from stammgast.workspace import passwords, rows, store
from stammgast.workspace.bonds import check_brands, check_teams
from stammgast.workspace.company import known_zones
from stammgast.workspace.contracts import (
    Actor,
    EmailTaken,
    LastAdministrator,
    NoSuchLogin,
    Person,
    Role,
    TooManyLogins,
    User,
    UserNotFound,
)
from stammgast.workspace.names import read_name
from stammgast.workspace.snapshot import Change, changing
from stammgast.workspace.tokens import read_role

LINK_HOURS = 72
MILLIS_PER_HOUR = 3_600_000
SEEN_EVERY_MILLIS = 5 * 60_000
ATTEMPTS_MAX = 10
ATTEMPTS_MINUTES = 15
SETUP = Actor("system", 0, "setup")


class LoginAttempts:
    """Failed log-ins by address in the last minutes, in memory: a guesser waits, its victim is told how long."""

    def __init__(self) -> None:
        """Begin with none."""
        self._failed: dict[str, list[int]] = {}
        self._lock = threading.Lock()

    def check(self, email: str) -> None:
        """Raise TooManyLogins when the address has failed too often."""
        with self._lock:
            since = clock.now_millis() - ATTEMPTS_MINUTES * 60_000
            self._failed = {
                one: kept for one, times in self._failed.items() if (kept := [t for t in times if t > since])
            }
            if len(self._failed.get(email, ())) >= ATTEMPTS_MAX:
                raise TooManyLogins(minutes=ATTEMPTS_MINUTES)

    def fail(self, email: str) -> None:
        """Count a failure."""
        with self._lock:
            self._failed.setdefault(email, []).append(clock.now_millis())

    def clear(self, email: str) -> None:
        """Forget the failures of somebody who has come in."""
        with self._lock:
            self._failed.pop(email, None)


def list_users(runtime: Runtime) -> Sequence[User]:
    """Return everybody by name."""
    with runtime.control.read() as connection:
        return [rows.user_of(row) for row in store.list_users(connection)]


def user(runtime: Runtime, number: int) -> User:
    """Return one person; raises UserNotFound."""
    with runtime.control.read() as connection:
        return read_person(connection, number)


def user_by_email(runtime: Runtime, email: str) -> User:
    """Return the person with this address; raises UserNotFound."""
    with runtime.control.read() as connection:
        row = store.user_by_email(connection, email.strip().lower())
    if row is None:
        raise UserNotFound(what="person", name=email)
    return rows.user_of(row)


def has_people(runtime: Runtime) -> bool:
    """Say whether anybody can log in yet."""
    with runtime.control.read() as connection:
        return store.count_users(connection) > 0


def create_user(
    runtime: Runtime,
    by: Actor,
    *,
    email: str,
    name: str,
    role: Role | str,
    password: str | None = None,
    brands: Sequence[int] = (),
    teams: Sequence[int] = (),
) -> User:
    """Add a person; without a password they need `make_entry_link`. No brands: bound to none, all are theirs.

    Raises Invalid, WeakPassword, EmailTaken, BrandNotFound, TeamNotFound, AdministratorBound.
    """
    values = checked_person(email=email, name=name, role=role, password=password)
    with changing(runtime, by) as change:
        bonds = _bonds(change.connection, read_role(role), brands, teams)
        return add_person(change, values | bonds)


def change_user(
    runtime: Runtime,
    by: Actor,
    number: int,
    *,
    name: str,
    role: Role | str,
    brands: Sequence[int] | None = None,
    teams: Sequence[int] | None = None,
) -> User:
    """Change a person's name, role and bonds (None: as they are), which hold from their next request on.

    Raises UserNotFound, Invalid, LastAdministrator, BrandNotFound, TeamNotFound, AdministratorBound.
    """
    role = read_role(role)
    with changing(runtime, by) as change:
        known = read_person(change.connection, number)
        if known.role is Role.ADMINISTRATOR is not role:
            _keep_an_administrator(change.connection, number)
        bonds = _bonds(
            change.connection, role, known.brands if brands is None else brands, known.teams if teams is None else teams
        )
        values = {"name": read_name(name), "role": role.value, **bonds}
        store.change_user(change.connection, number, **values)
        change.note("user.change", f"user {number}", **values)
        return read_person(change.connection, number)


def _bonds(connection: Connection, role: Role, brands: Sequence[int], teams: Sequence[int]) -> dict[str, str]:
    return {
        "brands": store.to_json(check_brands(connection, brands, role)),
        "teams": store.to_json(check_teams(connection, teams)),
    }


def set_user_able(runtime: Runtime, by: Actor, number: int, *, able: bool) -> User:
    """Let a person log in again, or end all their log-ins and let them no more. Raises LastAdministrator."""
    with changing(runtime, by) as change:
        if not able:
            _keep_an_administrator(change.connection, number)
            store.end_sessions_of(change.connection, number)
        if not store.change_user(change.connection, number, disabled_at=None if able else clock.now_millis()):
            raise UserNotFound(what="person", name=number)
        change.note("user.enable" if able else "user.disable", f"user {number}")
        return read_person(change.connection, number)


def change_preferences(runtime: Runtime, number: int, *, language: str, theme: Theme, zone: str) -> None:
    """Keep how a person likes the pages. Empty `language` or `zone`: the company's. Raises Invalid."""
    if language not in {"", "en", "de"}:
        raise Invalid(field="language", problem=_("choose en or de"))
    if theme not in {"auto", "light", "dark"}:
        raise Invalid(field="theme", problem=_("choose auto, light or dark"))
    if zone and zone not in known_zones():
        raise Invalid(field="zone", problem=_("choose a time zone from the list"))
    with runtime.control.write() as connection:
        store.change_user(connection, number, language=language, theme=theme, zone=zone)


def change_password(runtime: Runtime, number: int, *, old: str, new: str) -> None:
    """Change one's own password and end the other log-ins; raises NoSuchLogin, WeakPassword."""
    with runtime.control.read() as connection:
        row = store.read_user(connection, number)
    if row is None or not passwords.is_password(old, row["password_hash"]):
        raise NoSuchLogin
    passwords.check_strength(new, row["email"])
    hashed = passwords.hash_password(new)
    with changing(runtime, Actor("user", number, row["name"])) as change:
        store.change_user(change.connection, number, password_hash=hashed)
        store.end_sessions_of(change.connection, number)
        change.note("user.password", f"user {number}")


# Log-ins.


def log_in(runtime: Runtime, email: str, password: str) -> str:
    """Begin a log-in and return its secret, for the cookie. Raises NoSuchLogin, TooManyLogins."""
    email = email.strip().lower()
    attempts: LoginAttempts = runtime.services.setdefault(LoginAttempts, LoginAttempts())
    attempts.check(email)
    with runtime.control.read() as connection:
        row = store.user_by_email(connection, email)
    good = passwords.is_password(password, row["password_hash"] if row else None)
    if not good or row is None or row["disabled_at"] is not None:
        attempts.fail(email)
        raise NoSuchLogin
    attempts.clear(email)
    return begin_session(runtime, row["id"])


def begin_session(runtime: Runtime, number: int) -> str:
    """Begin a log-in for a person who has proved who they are, and return its secret."""
    secret = new_secret("")
    now = clock.now_millis()
    with runtime.control.write() as connection:
        found = read_person(connection, number)
        store.add_session(connection, secret_digest(secret), number, now)
        store.change_user(connection, number, last_login_at=now)
        Change(connection, Actor("user", number, found.name)).note("user.login", f"user {number}")
    return secret


def log_out(runtime: Runtime, secret: str) -> None:
    """End a log-in."""
    with runtime.control.write() as connection:
        store.end_session(connection, secret_digest(secret))


def person_by_session(runtime: Runtime, secret: str) -> Person | None:
    """Return the person of a log-in, None when it was ended, unused for too long, or the person may no more."""
    now = clock.now_millis()
    digest = secret_digest(secret)
    with runtime.control.read() as connection:
        row = store.read_session(connection, digest, seen_since=now - runtime.settings.session_hours * MILLIS_PER_HOUR)
    if row is None:
        return None
    if now - row["seen_at"] > SEEN_EVERY_MILLIS:
        with runtime.control.write() as connection:
            store.touch_session(connection, digest, now)
    return Person(
        kind="user",
        id=row["id"],
        name=row["name"],
        role=Role(row["role"]),
        email=row["email"],
        language=row["language"],
        zone=row["zone"],
        theme=row["theme"],
        brands=rows.brands_in(row),
        csrf=csrf_of(secret),
    )


def sweep(runtime: Runtime) -> None:
    """Remove log-ins and links that have ended (a task of the web process)."""
    now = clock.now_millis()
    with runtime.control.write() as connection:
        unused = now - runtime.settings.session_hours * MILLIS_PER_HOUR
        store.sweep(connection, sessions_before=unused, links_before=now)


def checked_person(*, email: str, name: str, role: Role | str, password: str | None) -> dict[str, object]:
    """Return a person's columns, checked. Hashing takes a tenth of a second: call it before the transaction begins."""
    email = read_email(email)
    role = read_role(role)
    if password is not None:
        passwords.check_strength(password, email)
    hashed = None if password is None else passwords.hash_password(password)
    return {"email": email, "name": read_name(name), "role": role.value, "password_hash": hashed}


def add_person(change: Change, values: dict[str, object]) -> User:
    """Insert what `checked_person` gave; raises EmailTaken."""
    now = clock.now_millis()
    try:
        number = store.add_user(change.connection, **values, language="", zone="", theme="auto", created_at=now)
    except IntegrityError as problem:
        raise EmailTaken(email=values["email"], field="email") from problem
    told = {name: values[name] for name in ("email", "role", "brands", "teams") if name in values}
    change.note("user.create", f"user {number}", **told)
    return read_person(change.connection, number)


def read_email(text: str) -> str:
    """Return an e-mail address in its one form, lower case; raises Invalid.

    >>> read_email(" Anna@Inn.Example.COM ")
    'anna@inn.example.com'
    """
    try:
        # Addresses like admin@localhost or @inn.test are fine for logging in: nothing is sent to them here.
        return validate_email(text.strip(), check_deliverability=False, test_environment=True).normalized.lower()
    except EmailNotValidError:
        raise Invalid(field="email", problem=_("write a whole e-mail address, like name@company.com")) from None


def read_person(connection: Connection, number: int) -> User:
    """Return one person inside a transaction; raises UserNotFound."""
    row = store.read_user(connection, number)
    if row is None:
        raise UserNotFound(what="person", name=number)
    return rows.user_of(row)


def _keep_an_administrator(connection: Connection, number: int) -> None:
    if not store.count_administrators(connection, but=number):
        raise LastAdministrator
