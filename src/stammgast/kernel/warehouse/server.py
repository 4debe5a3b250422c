"""The warehouse process: a listening socket, one thread a client, and a graceful end."""

from __future__ import annotations

import contextlib
import logging
import shutil
import signal
import socket
import struct
import threading
import time
import uuid

from stammgast.kernel.errors import StammgastError
from stammgast.kernel.warehouse.accounts import Account, authenticate
from stammgast.kernel.warehouse.asking import Ask, read_ask
from stammgast.kernel.warehouse.engine import Engine
from stammgast.kernel.warehouse.exceptions import TOO_MANY_CONNECTIONS, UNKNOWN_EXCEPTION, WarehouseError
from stammgast.kernel.warehouse.execution import Execution
from stammgast.kernel.warehouse.options import WarehouseOptions
from stammgast.kernel.warehouse.reply import Reply
from stammgast.kernel.warehouse.running import Arrivals, ClientWatch, RunningQueries
from stammgast.kernel.warehouse.sessions import Sessions
from stammgast.kernel.warehouse.wire import BadRequest, ClientGone, Head, Wire, response_head

_LOG = logging.getLogger("stammgast.warehouse")

_CLIENTS_MAX = 128
_BACKLOG = 128
_DRAIN_BYTES_MAX = 64 << 20
_SEND_SECONDS_MAX = 300
_READ_GRACE_SECONDS = 2.0
_LOOK_SECONDS = 1.0
_ALIVE_PATHS = frozenset({"/ping", "/replicas_status"})


def serve(options: WarehouseOptions) -> None:
    """Serve the history until SIGTERM or SIGINT, then let running inserts finish and close the engine.

    Blocks. Signals are only handled when called in the main thread. One process at a time may hold the directory.
    """
    warehouse = Warehouse(options)
    stopping = threading.Event()
    if threading.current_thread() is threading.main_thread():
        for number in (signal.SIGTERM, signal.SIGINT):
            signal.signal(number, lambda *_: stopping.set())
    warehouse.start()
    options.on_ready(warehouse.port)
    # The system may give the signal to one of the engine's threads, which wakes nobody here.
    while not stopping.wait(_LOOK_SECONDS):
        pass
    warehouse.stop()


class Warehouse:
    """The engine behind its HTTP interface."""

    def __init__(self, options: WarehouseOptions) -> None:
        self._options = options
        self._engine = Engine(options)
        spool = options.directory / "spool"
        # What lies there belonged to requests that a crash ended; nobody was told they had worked.
        shutil.rmtree(spool, ignore_errors=True)
        spool.mkdir(parents=True, mode=0o700)
        self._spool = spool
        self._queries = RunningQueries(self._engine)
        self._watch = ClientWatch(self._queries)
        self._sessions = Sessions(self._engine)
        self._arrivals = Arrivals()
        self._execution = Execution(self._engine, self._queries, self._arrivals, self._sessions, spool)
        self._is_stopping = False
        self._socket = socket.create_server((options.host, options.port), backlog=_BACKLOG)
        self.port: int = self._socket.getsockname()[1]

    def start(self) -> None:
        """Accept clients from now on, in a thread of its own."""
        threading.Thread(target=self._accept, name="accept", daemon=True).start()

    def stop(self) -> None:
        """Stop accepting, kill what only reads after a moment, wait for the rest, close the engine."""
        self._is_stopping = True
        with contextlib.suppress(OSError):
            self._socket.shutdown(socket.SHUT_RDWR)
        self._socket.close()
        give_up_at = time.monotonic() + self._options.stop_seconds_max
        kill_at = time.monotonic() + _READ_GRACE_SECONDS
        while self._queries.count() and time.monotonic() < give_up_at:
            if time.monotonic() > kill_at:
                self._queries.kill(self._queries.reads(), waits=False)
            time.sleep(0.02)
        self._arrivals.shut_down()
        if not self._queries.count():
            self._sessions.close()
            self._engine.close()

    def _accept(self) -> None:
        while True:
            try:
                peer, _ = self._socket.accept()
            except OSError:
                if self._is_stopping:
                    return
                # Out of file handles: the clients that are there finish and free some.
                time.sleep(0.1)
                continue
            peer.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            peer.setsockopt(socket.SOL_SOCKET, socket.SO_SNDTIMEO, struct.pack("ll", _SEND_SECONDS_MAX, 0))
            threading.Thread(target=self._serve_client, args=(peer,), daemon=True).start()

    def _serve_client(self, peer: socket.socket) -> None:
        wire = Wire(peer)
        with peer, self._arrivals.connected(wire) as clients:
            try:
                while self._serve_request(wire, is_full=clients > _CLIENTS_MAX):
                    wire.is_busy = False
            except ClientGone:
                pass
            except BadRequest as error:
                refusal = {"Content-Length": "0", "Connection": "close", "X-Reason": error.message}
                with contextlib.suppress(ClientGone):
                    wire.send(response_head(400, refusal))

    def _serve_request(self, wire: Wire, *, is_full: bool) -> bool:
        """Answer one request; return whether the connection stays open."""
        head = wire.read_head()
        if head is None:
            return False
        if head.path in _ALIVE_PATHS or (head.path == "/" and head.method == "GET" and "query" not in head.params):
            wire.is_arriving = False
            wire.send(
                response_head(200, {"Content-Type": "text/html; charset=UTF-8", "Content-Length": "4"}) + b"Ok.\n"
            )
            return head.keeps_alive
        reply = self._new_reply(wire)
        try:
            _refuse_when(is_full)
            reply = self._answer(wire, head, authenticate(head, self._options), reply)
        except WarehouseError as error:
            wire.is_arriving = False
            reply.fail(error)
        is_broken = reply.has_started and reply.has_failed
        return head.keeps_alive and not is_broken and not self._is_stopping and _drained(wire)

    def _answer(self, wire: Wire, head: Head, account: Account, reply: Reply) -> Reply:
        """Register the request, answer it, return the reply; raises only what happens before it is registered."""
        query_id = head.params.get("query_id") or str(uuid.uuid4())
        replaces = head.params.get("replace_running_query", "") in {"1", "true"}
        with self._queries.entered(query_id, replaces=replaces) as running:
            wire.is_busy, wire.is_arriving = True, False
            try:
                ask = read_ask(head, wire.body(), account, query_id)
                reply = self._new_reply(wire, ask)
                with self._watch.watching(wire.peer, running):
                    self._execution.run(ask, running, reply)
                if ask.session is not None and ask.session.closes:
                    self._sessions.end(account.user, ask.session.session_id)
            except WarehouseError as error:
                reply.fail(error)
            except (ClientGone, BadRequest):
                raise
            except Exception as error:  # noqa: BLE001 - the request boundary: one bug must not end the process
                _LOG.exception("a request failed unexpectedly")
                reply.fail(WarehouseError(UNKNOWN_EXCEPTION, f"{type(error).__name__} inside the warehouse"))
        with contextlib.suppress(StammgastError):
            self._engine.make_spare()
        return reply

    def _new_reply(self, wire: Wire, ask: Ask | None = None) -> Reply:
        if ask is None:
            return Reply(wire, encoding="", buffer_bytes=0, waits_for_end=True, spool=self._spool)
        reply = Reply(
            wire,
            encoding=ask.encoding,
            buffer_bytes=ask.buffer_bytes,
            waits_for_end=ask.waits_for_end,
            spool=self._spool,
        )
        reply.headers = {
            "Connection": "Keep-Alive",
            "Content-Type": "text/plain; charset=UTF-8",
            "X-ClickHouse-Server-Display-Name": "stammgast",
            "X-ClickHouse-Query-Id": ask.query_id,
            "X-ClickHouse-Timezone": ask.settings.get("session_timezone") or self._engine.timezone,
        }
        return reply


def _refuse_when(is_full: bool) -> None:
    if is_full:
        raise WarehouseError(TOO_MANY_CONNECTIONS, f"More than {_CLIENTS_MAX} clients are connected")


def _drained(wire: Wire) -> bool:
    """Read what is left of the body, so that the next request is found; False when it is too much to bother."""
    read = 0
    for piece in wire.body():
        read += len(piece)
        if read > _DRAIN_BYTES_MAX:
            return False
    return True
