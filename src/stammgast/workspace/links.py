"""One-time links: the first administrator's, and the way in for somebody invited or without a password."""

from __future__ import annotations

from sqlalchemy import Connection

from stammgast.kernel import clock
from stammgast.kernel.ids import new_secret, secret_digest
from stammgast.kernel.runtime import Runtime
from stammgast.workspace import passwords, store
from stammgast.workspace.contracts import Actor, LinkSpent, Role, SetupLinkSpent, SomebodyThere, User
from stammgast.workspace.people import add_person, checked_person, has_people, read_person, user
from stammgast.workspace.snapshot import changing

LINK_HOURS = 72
MILLIS_PER_HOUR = 3_600_000
SETUP = Actor("system", 0, "setup")


def make_setup_link(runtime: Runtime) -> str | None:
    """Return a one-time address at which the first administrator is made, None when somebody can log in already.

    An earlier setup link stops working.
    """
    if has_people(runtime):
        return None
    return f"{runtime.settings.base_url}/setup?link={_make_link(runtime, None)}"


def setup_link(runtime: Runtime) -> str:
    """Return the first administrator's link; raises SomebodyThere when somebody can log in already."""
    link = make_setup_link(runtime)
    if link is None:
        raise SomebodyThere(command=runtime.settings.command("user link EMAIL"))
    return link


def make_entry_link(runtime: Runtime, by: Actor, number: int) -> str:
    """Return a one-time address at which a person chooses a password; earlier ones stop working."""
    user(runtime, number)
    secret = _make_link(runtime, number)
    with changing(runtime, by) as change:
        change.note("user.link", f"user {number}")
    return f"{runtime.settings.base_url}/setup?link={secret}"


def person_of_link(runtime: Runtime, secret: str) -> User | None:
    """Return whose link this is, None for the first administrator's; raises LinkSpent."""
    with runtime.control.read() as connection:
        try:
            number = _link(connection, secret)
        except LinkSpent:
            if store.count_users(connection):
                raise
            # Nobody else can help whoever is the first.
            raise SetupLinkSpent(command=runtime.settings.command("user link")) from None
        return None if number is None else read_person(connection, number)


def use_setup_link(runtime: Runtime, secret: str, *, email: str, name: str, password: str) -> User:
    """Make the first administrator and spend the link. Raises LinkSpent, Invalid, WeakPassword."""
    values = checked_person(email=email, name=name, role=Role.ADMINISTRATOR, password=password)
    with changing(runtime, SETUP) as change:
        if _link(change.connection, secret) is not None or store.count_users(change.connection):
            raise LinkSpent
        made = add_person(change, values)
        store.spend_link(change.connection, secret_digest(secret))
        return made


def use_entry_link(runtime: Runtime, secret: str, *, password: str) -> User:
    """Set the invited person's password and spend the link. Raises LinkSpent, WeakPassword."""
    found = person_of_link(runtime, secret)
    if found is None:
        raise LinkSpent
    passwords.check_strength(password, found.email)
    hashed = passwords.hash_password(password)
    with changing(runtime, SETUP) as change:
        # Asked again inside the transaction: of two who use the same link at once, one is too late.
        number = _link(change.connection, secret)
        assert number is not None
        store.change_user(change.connection, number, password_hash=hashed)
        store.end_sessions_of(change.connection, number)
        store.spend_link(change.connection, secret_digest(secret))
        change.note("user.password", f"user {number}")
        return read_person(change.connection, number)


def _make_link(runtime: Runtime, number: int | None) -> str:
    secret = new_secret("")
    now = clock.now_millis()
    with runtime.control.write() as connection:
        store.replace_link(connection, secret_digest(secret), number, now, now + LINK_HOURS * MILLIS_PER_HOUR)
    return secret


def _link(connection: Connection, secret: str) -> int | None:
    row = store.read_link(connection, secret_digest(secret), clock.now_millis())
    if row is None:
        raise LinkSpent
    number = row["user_id"]
    return None if number is None else int(number)
