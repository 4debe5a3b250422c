"""The statements being answered right now: by query id, to be killed by a client's wish or by its going away."""

from __future__ import annotations

import select
import socket
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field

from stammgast.kernel.warehouse.engine import Engine, quoted
from stammgast.kernel.warehouse.exceptions import (
    WAS_CANCELLED,
    WITH_SAME_ID_IS_RUNNING,
    EngineError,
    WarehouseError,
)
from stammgast.kernel.warehouse.wire import Wire

_KILL_AGAIN_SECONDS = 0.05
_KILL_SECONDS_MAX = 60.0
_SETTLE_SECONDS_MAX = 2.0
_PROCESSES = (
    "SELECT query_id FROM (SELECT p.* REPLACE (p.Settings['log_comment'] AS query_id)"
    " FROM system.processes AS p WHERE p.Settings['log_comment'] != '') WHERE "
)
_WAITING = "SELECT query_id FROM (SELECT arrayJoin({ids:Array(String)}) AS query_id, 'default' AS user) WHERE "


@dataclass
class Running:
    """One statement from its request's first byte to the answer's last."""

    query_id: str
    is_read: bool = False
    is_killed: bool = False
    is_abandoned: bool = False
    """Whether its client has closed the connection."""
    done: threading.Event = field(default_factory=threading.Event)

    def refuse_if_killed(self) -> None:
        """Raise WarehouseError (394) when somebody killed it, or waits for its answer no more and it only reads."""
        if self.is_killed or (self.is_read and self.is_abandoned):
            raise WarehouseError(WAS_CANCELLED, "Query was cancelled")


class RunningQueries:
    """The register. chDB chooses query ids itself, so ours travels as the setting `log_comment`."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine
        self._running: dict[str, Running] = {}
        self._lock = threading.Lock()

    @contextmanager
    def entered(self, query_id: str, *, replaces: bool) -> Iterator[Running]:
        """Register a statement while it is answered; raises WarehouseError (216) when the id is in use."""
        if replaces:
            self.kill([query_id])
        entry = Running(query_id)
        with self._lock:
            if query_id in self._running:
                raise WarehouseError(WITH_SAME_ID_IS_RUNNING, f"Query with id = {query_id} is already running")
            self._running[query_id] = entry
        try:
            yield entry
        finally:
            with self._lock:
                del self._running[query_id]
            entry.done.set()

    def reads(self) -> list[str]:
        """Return the ids of running statements that only read."""
        with self._lock:
            return [entry.query_id for entry in self._running.values() if entry.is_read]

    def count(self) -> int:
        """Return how many statements are being answered."""
        with self._lock:
            return len(self._running)

    def matching(self, condition: str, but: str) -> list[str]:
        """Return ids for which the condition of a `KILL QUERY WHERE` holds, `but` the one that asks.

        Columns are those of system.processes with our query ids. Statements still waiting for their body are only
        known by `query_id` and `user`; a condition on another column passes them over.
        """
        with self._lock:
            waiting = list(self._running)
        found = set(self._engine.control(_PROCESSES + condition).splitlines())
        try:
            ids = "[" + ",".join(quoted(query_id) for query_id in waiting) + "]"
            found |= set(self._engine.control(_WAITING + condition, {"ids": ids}).splitlines())
        except EngineError:
            pass
        return sorted(found - {but, ""})

    def kill(self, query_ids: list[str], *, waits: bool = True) -> None:
        """Kill these statements; when this waits and returns, none of them can have any further effect."""
        entries = []
        with self._lock:
            for query_id in query_ids:
                entry = self._running.get(query_id)
                if entry is not None:
                    entry.is_killed = True
                    entries.append(entry)
        give_up_at = time.monotonic() + _KILL_SECONDS_MAX
        self._kill_in_engine(query_ids)
        # The engine may not have known a statement yet that we had already handed to it, so we ask until it is gone.
        while waits and entries and time.monotonic() < give_up_at:
            entries = [entry for entry in entries if not entry.done.wait(_KILL_AGAIN_SECONDS)]
            if entries:
                self._kill_in_engine(query_ids)

    def _kill_in_engine(self, query_ids: list[str]) -> None:
        listed = ", ".join(quoted(query_id) for query_id in query_ids)
        theirs = f"SELECT query_id FROM system.processes WHERE Settings['log_comment'] IN ({listed})"  # noqa: S608 - quoted
        self._engine.control(f"KILL QUERY WHERE query_id IN ({theirs}) ASYNC")


class Arrivals:
    """The clients' connections, to wait for requests that have come in but are not registered yet.

    Without it, a kill could overtake the request it is meant for: the request lies unread in a socket, the kill finds
    nothing, and the insert takes effect afterwards.
    """

    def __init__(self) -> None:
        self._wires: dict[int, Wire] = {}
        self._lock = threading.Lock()

    @contextmanager
    def connected(self, wire: Wire) -> Iterator[int]:
        """Count a client's connection in while it lasts; gives how many there are."""
        with self._lock:
            self._wires[id(wire)] = wire
            count = len(self._wires)
        try:
            yield count
        finally:
            with self._lock:
                del self._wires[id(wire)]

    def settle(self) -> None:
        """Wait until everything that has come in is registered: some microseconds, at most `_SETTLE_SECONDS_MAX`."""
        give_up_at = time.monotonic() + _SETTLE_SECONDS_MAX
        while self._are_any_arriving() and time.monotonic() < give_up_at:
            time.sleep(0.001)

    def shut_down(self) -> None:
        """End every connection; who waits for a request wakes up and leaves."""
        with self._lock:
            for wire in self._wires.values():
                with suppress(OSError):
                    wire.peer.shutdown(socket.SHUT_RDWR)

    def _are_any_arriving(self) -> bool:
        poll = select.poll()
        with self._lock:
            for wire in self._wires.values():
                if wire.is_arriving:
                    return True
                if not wire.is_busy:
                    poll.register(wire.peer, select.POLLIN)
            return bool(poll.poll(0))


class ClientWatch:
    """Kills the reading statement of a client that closes its connection. One thread, asleep until that happens."""

    def __init__(self, queries: RunningQueries) -> None:
        self._queries = queries
        self._poll = select.epoll()
        self._watched: dict[int, Running] = {}
        self._lock = threading.Lock()
        threading.Thread(target=self._watch, name="client-watch", daemon=True).start()

    @contextmanager
    def watching(self, peer: socket.socket, running: Running) -> Iterator[None]:
        """Watch the client's connection while its statement runs."""
        handle = peer.fileno()
        with self._lock:
            self._watched[handle] = running
            self._poll.register(handle, select.EPOLLRDHUP | select.EPOLLHUP | select.EPOLLERR | select.EPOLLONESHOT)
        try:
            yield
        finally:
            with self._lock:
                del self._watched[handle]
                self._poll.unregister(handle)

    def _watch(self) -> None:
        while True:
            for handle, _ in self._poll.poll():
                with self._lock:
                    running = self._watched.get(handle)
                if running is None:
                    continue
                running.is_abandoned = True
                # What was sent whole takes effect, as on a server: an insert's answer is lost, not the insert.
                if running.is_read:
                    self._queries.kill([running.query_id], waits=False)
