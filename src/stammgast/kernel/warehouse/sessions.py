"""Sessions: one connection each, for one request at a time, gone after a time without use."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field

from stammgast.kernel.warehouse.engine import Connection, Engine
from stammgast.kernel.warehouse.exceptions import SESSION_IS_LOCKED, SESSION_NOT_FOUND, WarehouseError

SECONDS_DEFAULT = 60
SECONDS_MAX = 3600


@dataclass
class _Session:
    connection: Connection
    seconds: float
    last_used: float
    lock: threading.Lock = field(default_factory=threading.Lock)


class Sessions:
    """All sessions by account and id. One thread closes the expired ones; it sleeps while there are none."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine
        self._sessions: dict[tuple[str, str], _Session] = {}
        self._changed = threading.Condition()
        threading.Thread(target=self._expire, name="sessions", daemon=True).start()

    @contextmanager
    def held(
        self, user: str, session_id: str, *, is_reader: bool, seconds: float, must_exist: bool
    ) -> Iterator[Connection]:
        """Give the session's connection to this request alone.

        Raises WarehouseError: 373 while another request holds it, 372 when it must exist and does not.
        """
        session = self._take((user, session_id), is_reader=is_reader, seconds=seconds, must_exist=must_exist)
        try:
            yield session.connection
        finally:
            with self._changed:
                session.last_used = time.monotonic()
                session.lock.release()
                self._changed.notify()

    def end(self, user: str, session_id: str) -> None:
        """Close one session, when nobody holds it."""
        with self._changed:
            session = self._sessions.get((user, session_id))
            if session is not None and session.lock.acquire(blocking=False):
                del self._sessions[user, session_id]
                session.connection.close()

    def close(self) -> None:
        """Close every session that nobody holds."""
        for user, session_id in list(self._sessions):
            self.end(user, session_id)

    def _take(self, key: tuple[str, str], *, is_reader: bool, seconds: float, must_exist: bool) -> _Session:
        with self._changed:
            session = self._sessions.get(key)
            if session is None and must_exist:
                raise WarehouseError(SESSION_NOT_FOUND, f"Session {key[1]} not found")
            if session is None:
                session = _Session(self._engine.open(is_reader=is_reader), seconds, time.monotonic())
                self._sessions[key] = session
            if not session.lock.acquire(blocking=False):
                raise WarehouseError(SESSION_IS_LOCKED, f"Session {key[1]} is locked by a concurrent client")
            session.seconds = seconds
            return session

    def _expire(self) -> None:
        while True:
            with self._changed:
                now = time.monotonic()
                free = {key: each for key, each in self._sessions.items() if not each.lock.locked()}
                due = {key: each.last_used + each.seconds for key, each in free.items()}
                for key in [key for key, at in due.items() if at <= now]:
                    self._sessions.pop(key).connection.close()
                    del due[key]
                self._changed.wait(min(due.values()) - now if due else None)
