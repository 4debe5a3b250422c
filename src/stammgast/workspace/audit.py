"""The audit log: who saw and changed what."""

from __future__ import annotations

from collections.abc import Sequence

from stammgast.kernel.runtime import Runtime
from stammgast.web.contracts import Person
from stammgast.workspace import rows, store
from stammgast.workspace.contracts import Actor, AuditEntry
from stammgast.workspace.snapshot import Change


def record_seen(runtime: Runtime, person: Person, subject: str, **detail: object) -> None:
    """Note that somebody looked at personal data, e.g. `record_seen(runtime, person, "profile 17")`."""
    record(runtime, Actor.of(person), "seen", subject, **detail)


def record(runtime: Runtime, by: Actor, action: str, subject: str, **detail: object) -> None:
    """Note something that changes no control data (an import begun, an export made). No secrets in `detail`."""
    with runtime.control.write() as connection:
        Change(connection, by).note(action, subject, **detail)


def list_audit(
    runtime: Runtime, *, text: str = "", action: str = "", limit: int = 50, offset: int = 0
) -> tuple[Sequence[AuditEntry], int]:
    """Return a page of entries, newest first, and how many there are in all.

    `text` is looked for in names and subjects; `action` is how an action begins, e.g. `source.`.
    """
    with runtime.control.read() as connection:
        found = store.list_audit(connection, text=text, action=action, limit=limit, offset=offset)
        return [rows.audit_of(row) for row in found], store.count_audit(connection, text=text, action=action)
