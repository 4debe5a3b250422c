"""API tokens: how programs come in, with a role."""

from __future__ import annotations

import threading
from collections.abc import Sequence

from stammgast.kernel import clock
from stammgast.kernel.errors import Invalid
from stammgast.kernel.i18n import Phrase
from stammgast.kernel.ids import new_secret, secret_digest
from stammgast.kernel.runtime import Runtime
from stammgast.workspace import rows, store
from stammgast.workspace.bonds import check_brands
from stammgast.workspace.contracts import Actor, ApiToken, Role, TokenNotFound
from stammgast.workspace.names import read_name
from stammgast.workspace.snapshot import changing

TOKEN_PREFIX = "sgt_"  # noqa: S105


class TokenUse:
    """When each token was last used, kept in memory and written down once a minute: reading must not write."""

    def __init__(self) -> None:
        """Begin with nothing used."""
        self._last: dict[int, int] = {}
        self._lock = threading.Lock()

    def note(self, token: int) -> None:
        """Remember that a token was used now."""
        with self._lock:
            self._last[token] = clock.now_millis()

    def take(self) -> dict[int, int]:
        """Return token -> last use in ms since the last taking, and forget it."""
        with self._lock:
            taken, self._last = self._last, {}
            return taken


def token_use(runtime: Runtime) -> TokenUse:
    """Return the process's memory of token use."""
    use: TokenUse = runtime.services.setdefault(TokenUse, TokenUse())
    return use


def write_token_use(runtime: Runtime) -> None:
    """Write down when tokens were last used (a task of the web process)."""
    taken = token_use(runtime).take()
    if taken:
        with runtime.control.write() as connection:
            for token, at in taken.items():
                store.change_token(connection, token, last_used_at=at)


def list_tokens(runtime: Runtime) -> Sequence[ApiToken]:
    """Return all tokens, newest first, revoked ones too."""
    with runtime.control.read() as connection:
        return [rows.token_of(row) for row in store.list_tokens(connection)]


def create_token(
    runtime: Runtime, by: Actor, name: str, role: Role | str, brands: Sequence[int] = ()
) -> tuple[ApiToken, str]:
    """Make a token and return it with its text, which is told only here. No brands: all.

    Raises Invalid, BrandNotFound, AdministratorBound.
    """
    name = read_name(name)
    role = read_role(role)
    secret = new_secret(TOKEN_PREFIX)
    with changing(runtime, by) as change:
        bound = store.to_json(check_brands(change.connection, brands, role))
        number = store.add_token(
            change.connection,
            name=name,
            role=role.value,
            digest=secret_digest(secret),
            hint=secret[-4:],
            created_at=clock.now_millis(),
            last_used_at=None,
            revoked_at=None,
            brands=bound,
        )
        change.note("token.create", f"token {number}", name=name, role=role.value, brands=bound)
        row = store.read_token(change.connection, number)
        assert row is not None
        return rows.token_of(row), secret


def revoke_token(runtime: Runtime, by: Actor, number: int) -> None:
    """Let a token end now. Raises TokenNotFound."""
    with changing(runtime, by) as change:
        if not store.change_token(change.connection, number, revoked_at=clock.now_millis()):
            raise TokenNotFound(what="API token", name=number)
        change.note("token.revoke", f"token {number}")


def read_role(text: Role | str) -> Role:
    """Return the role with this name; raises Invalid.

    >>> read_role("agent")
    <Role.AGENT: 'agent'>
    """
    try:
        return Role(text)
    except ValueError:
        raise Invalid(field="role", problem=Phrase("choose one of {names}", names=", ".join(Role))) from None
