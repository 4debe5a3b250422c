"""Targets as people keep them: made, changed, given secrets, opened and removed."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import msgspec

from stammgast.kernel import clock
from stammgast.kernel.errors import Invalid
from stammgast.kernel.i18n import Phrase
from stammgast.kernel.i18n import marked as _
from stammgast.kernel.ids import new_uuid
from stammgast.kernel.runtime import Runtime
from stammgast.kernel.sealing import open_sealer
from stammgast.outgoing.checking import checked, kind_of
from stammgast.outgoing.contracts import Secret, Target, TargetFacts, TargetNameTaken, TargetNotFound, TargetSecret
from stammgast.outgoing.signing import new_webhook_secret, secret_bytes
from stammgast.outgoing.store import targets as store
from stammgast.workspace.api import Change, changing
from stammgast.workspace.contracts import Actor

GRACE_HOURS_MAX = 24 * 90
SECRETS_MAX = 5
MILLIS_PER_HOUR = 3_600_000


def list_targets(runtime: Runtime) -> list[Target]:
    """Return the targets that were not removed, by name."""
    with runtime.control.read() as connection:
        return [one for one in store.list_targets(connection) if one.removed_at is None]


def target_names(runtime: Runtime) -> dict[int, str]:
    """Return number -> name of all targets, removed ones too."""
    with runtime.control.read() as connection:
        return {one.id: one.name for one in store.list_targets(connection)}


def target(runtime: Runtime, number: int) -> Target:
    """Return one target. Raises TargetNotFound."""
    with runtime.control.read() as connection:
        found = store.find_target(connection, number)
    if found is None:
        raise TargetNotFound(what="target", name=number)
    return found


def create_target(runtime: Runtime, by: Actor, facts: TargetFacts, *, password: str = "") -> TargetSecret:
    """Make a target. A webhook gets its signing secret, told only here; `password` is a sender's log-in.

    Raises Invalid, TargetNameTaken.
    """
    facts = checked(runtime, facts)
    kind, uid, now = kind_of(facts.settings), new_uuid(), clock.now_millis()
    secret = new_webhook_secret() if kind == "webhook" else password if kind == "mail" else ""
    with changing(runtime, by) as change:
        _refuse_taken(change, facts.name)
        number = store.add_target(
            change.connection,
            **_columns(facts),
            uid=uid,
            kind=kind,
            is_on=True,
            secrets=(),
            created_at=now,
            opened_at=now,
        )
        change.note("outgoing.create", f"target {number}", name=facts.name, kind=kind)
        made = _found(change, number)
        if secret:
            made = _keep_secrets(change, made, (_seal(runtime, made, secret, now),))
    return TargetSecret(made, secret if kind == "webhook" else "")


def change_target(runtime: Runtime, by: Actor, number: int, facts: TargetFacts, *, password: str = "") -> Target:
    """Change a target, except its kind; its secrets stay, but for a new `password` of a sender.

    Raises Invalid, TargetNameTaken, TargetNotFound.
    """
    facts = checked(runtime, facts)
    with changing(runtime, by) as change:
        before = _found(change, number)
        if kind_of(facts.settings) != before.kind:
            raise Invalid(field="kind", problem=_("the kind of a target stays; make another one"))
        _refuse_taken(change, facts.name, number)
        store.change_target(change.connection, number, **_columns(facts))
        if password and before.kind == "mail":
            _keep_secrets(change, before, (_seal(runtime, before, password, clock.now_millis()),))
        change.note("outgoing.change", f"target {number}", name=facts.name, password=bool(password))
        return _found(change, number)


def switch_target(runtime: Runtime, by: Actor, number: int, *, is_on: bool) -> Target:
    """Switch a target on (also one that its receiver closed) or off: what is for it waits. Raises TargetNotFound."""
    with changing(runtime, by) as change:
        _found(change, number)
        opened = {"opened_at": clock.now_millis()} if is_on else {}
        store.change_target(change.connection, number, is_on=is_on, **opened)
        change.note("outgoing.open" if is_on else "outgoing.close", f"target {number}")
        return _found(change, number)


def rotate_secret(runtime: Runtime, by: Actor, number: int, *, grace_hours: int = 24, secret: str = "") -> TargetSecret:
    """Give a webhook a new signing secret (or the one given); for `grace_hours` the old one signs too.

    Raises Invalid, TargetNotFound.
    """
    if not 0 <= grace_hours <= GRACE_HOURS_MAX:
        raise Invalid(field="grace_hours", problem=Phrase("give a number from 0 to {most}", most=GRACE_HOURS_MAX))
    if secret:
        secret_bytes(secret)
    secret, now = secret or new_webhook_secret(), clock.now_millis()
    ends_at = now + grace_hours * MILLIS_PER_HOUR
    with changing(runtime, by) as change:
        before = _found(change, number)
        if before.kind != "webhook":
            raise Invalid(field="secret", problem=_("only webhooks are signed"))
        kept = [
            msgspec.structs.replace(one, ends_at=min(ends_at, one.ends_at or ends_at))
            for one in before.secrets
            if one.ends_at is None or one.ends_at > now
        ]
        after = (*kept[1 - SECRETS_MAX :], _seal(runtime, before, secret, now))
        made = _keep_secrets(change, before, after)
        change.note("outgoing.rotate", f"target {number}", grace_hours=grace_hours)
    return TargetSecret(made, secret)


def remove_target(runtime: Runtime, by: Actor, number: int) -> None:
    """Remove a target; what waits for it fails, what it got stays to be read. Raises TargetNotFound."""
    with changing(runtime, by) as change:
        _found(change, number)
        store.change_target(change.connection, number, removed_at=clock.now_millis(), is_on=False, secrets=())
        change.note("outgoing.remove", f"target {number}")


def _found(change: Change, number: int) -> Target:
    found = store.find_target(change.connection, number)
    if found is None:
        raise TargetNotFound(what="target", name=number)
    return found


def _columns(facts: TargetFacts) -> dict[str, Any]:
    return {"name": facts.name, "settings": facts.settings, "brand": facts.brand, "pace": facts.pace}


def _refuse_taken(change: Change, name: str, number: int = 0) -> None:
    if store.is_name_taken(change.connection, name, number):
        raise TargetNameTaken(name=name, field="name")


def _keep_secrets(change: Change, before: Target, secrets: Sequence[Secret]) -> Target:
    store.change_target(change.connection, before.id, secrets=tuple(secrets))
    return _found(change, before.id)


def _seal(runtime: Runtime, for_target: Target, secret: str, now: int) -> Secret:
    sealed = open_sealer(runtime.settings).seal(secret.encode(), for_target.seal_purpose)
    return Secret(sealed, secret[-4:] if for_target.kind == "webhook" else "", now)
