"""Delivers the outbox to history, each row exactly once, on a thread of its own.

After a clean answer a batch is delivered. After any other answer, and for all that waited when the worker started:
kill earlier attempts, look which rows are there, insert only those that are missing.
"""

from __future__ import annotations

import logging
import threading
from collections import deque
from collections.abc import Callable, Sequence
from time import monotonic

import msgspec
import zstandard

from stammgast.kernel import outbox
from stammgast.kernel.errors import StammgastError
from stammgast.kernel.history import HistoryClient, HistoryRefused
from stammgast.kernel.ids import digest128, new_uuid
from stammgast.kernel.outbox import Parcel
from stammgast.kernel.passing import is_passing
from stammgast.kernel.set_aside import HISTORY, Aside, Patience
from stammgast.kernel.state import State
from stammgast.pipeline.crash import crash_point
from stammgast.pipeline.rescue import Refused, insert_or_split
from stammgast.profiles.api.worker import EVENTS, MOVES, Dictionary, missing_lines, move_lines, rows_present

logger = logging.getLogger(__name__)

ROWS_MAX = 10_000
"""Rows of one insert: fewer, larger parts cost history least."""
WAITING_BYTES_MAX = 24 * 1024 * 1024
"""Parcels kept in memory; what is beyond is read from the outbox when its turn comes."""
PERIOD_SECONDS = 0.5
"""Shortest time between two small inserts."""
IDLE_SECONDS = 5.0
RETRY_SECONDS_MAX = 5.0
_READ_AT_ONCE = 8

_decompressor = zstandard.ZstdDecompressor()


class Sender:
    """Takes parcels in the order of their batches; tells which are delivered. `wake` is called after each delivery."""

    def __init__(self, state: State, history: HistoryClient, wake: Callable[[], object]) -> None:
        """Nothing is sent before `start`."""
        self._patience = Patience()
        self._state = state
        self._history = history
        self._wake = wake
        self._dictionary = Dictionary(history)
        self._changed = threading.Condition()
        self._waiting: deque[Parcel] = deque()
        self._waiting_bytes = 0
        self._sent = 0
        self._offered = 0
        """The newest batch with a parcel."""
        self._newest = 0
        self._recover_to = 0
        self._must_look = True
        """The outbox holds parcels that are not in `_waiting`."""
        self._delivered: list[Parcel] = []
        self._stopping = threading.Event()
        self._thread = threading.Thread(target=self._run, name="sender", daemon=True)

    def start(self, last_batch: int) -> None:
        """Begin. Parcels of batches up to `last_batch` may have been sent before: they are looked for first."""
        self._recover_to = last_batch
        self._newest = last_batch
        self._thread.start()

    def offer(self, parcel: Parcel) -> None:
        """Hand over a committed parcel."""
        with self._changed:
            self._newest = self._offered = parcel.batch
            if self._must_look or self._waiting_bytes > WAITING_BYTES_MAX:
                self._must_look = True
            else:
                self._waiting.append(parcel)
                self._waiting_bytes += len(parcel.lines)
            self._changed.notify()

    def take_delivered(self) -> list[Parcel]:
        """Return (and forget) the parcels delivered since the last call; they may leave the outbox."""
        with self._changed:
            delivered, self._delivered = self._delivered, []
        return delivered

    def stop(self, patience: float = 10.0) -> None:
        """End after the insert under way; what is not delivered stays in the outbox."""
        self._stopping.set()
        with self._changed:
            self._changed.notify()
        if self._thread.is_alive():
            self._thread.join(patience)

    def is_mapped(self) -> bool:
        """Say whether queries see every row and every move of an anchor that was handed over."""
        with self._changed:
            return not self._must_look and self._sent >= self._offered and not self._dictionary.is_stale

    def _run(self) -> None:
        wait = 0.1
        while not self._stopping.is_set():
            try:
                self._turn()
                wait = 0.1
            except Exception as problem:
                # Whatever it was, the outbox still holds the rows: look what is there and go on.
                if not (isinstance(problem, StammgastError) or is_passing(problem)):
                    logger.exception("sender fell over")
                with self._changed:
                    self._must_look = True
                    self._recover_to = self._newest
                self._stopping.wait(wait)
                wait = min(wait * 2, RETRY_SECONDS_MAX)

    def _turn(self) -> None:
        began = monotonic()
        parcels = self._next()
        if not parcels:
            self._dictionary.reload_if_due()
            return
        send = self._recover if parcels[-1].batch <= self._recover_to else self._send
        parcels = send(parcels)
        with self._changed:
            self._sent = parcels[-1].batch
            self._delivered += parcels
        self._wake()
        if sum(one.row_count for one in parcels) < ROWS_MAX // 2:
            self._stopping.wait(max(0.0, PERIOD_SECONDS - (monotonic() - began)))

    def _next(self) -> list[Parcel]:
        """Wait for parcels; return as many as go into one insert. None recovered is mixed with one that is not."""
        with self._changed:
            if not self._must_look and not self._waiting:
                self._changed.wait(self._dictionary.seconds_until_due() if self._dictionary.is_stale else IDLE_SECONDS)
            if not self._must_look:
                return self._take_waiting()
            self._waiting.clear()
            self._waiting_bytes = 0
            newest = self._newest
        with self._state.read() as connection:
            found = outbox.parcels_after(connection, self._sent, _READ_AT_ONCE)
        with self._changed:
            self._offered = max(self._offered, found[-1].batch if found else 0)
            if (found[-1].batch if found else newest) >= self._newest:
                self._must_look = False
        old = [one for one in found if one.batch <= self._recover_to]
        if old and len(old) < len(found):
            with self._changed:
                self._must_look = True
            return old
        return found

    def _take_waiting(self) -> list[Parcel]:
        parcels: list[Parcel] = []
        rows = 0
        while self._waiting and (not parcels or rows + self._waiting[0].row_count <= ROWS_MAX):
            parcel = self._waiting.popleft()
            self._waiting_bytes -= len(parcel.lines)
            rows += parcel.row_count
            parcels.append(parcel)
        return parcels

    def _send(self, parcels: list[Parcel]) -> list[Parcel]:
        self._send_moves(parcels)
        lines = b"".join(map(_lines, parcels))
        crash_point("in_send")
        if lines:
            try:
                self._history.insert_json_lines(EVENTS, lines, query_id=self._query_id(EVENTS, parcels))
            except HistoryRefused as problem:
                logger.warning("history refused a batch", extra={"batch": parcels[0].batch, "problem": str(problem)})
                parcels = self._recover(parcels)
        crash_point("sent")
        return parcels

    def _send_moves(self, parcels: Sequence[Parcel]) -> None:
        """Send the anchors' new profiles first: an event of a merged anchor never counts for the old profile alone."""
        lines = move_lines(parcels)
        if lines:
            # The newest batch wins in this table, so sending twice changes nothing.
            self._history.insert_json_lines(MOVES, lines, query_id=self._query_id(MOVES, parcels))
            self._dictionary.is_stale = True
            crash_point("moved")
        self._dictionary.reload_if_due()

    def _recover(self, parcels: Sequence[Parcel]) -> list[Parcel]:
        """Insert what is missing; return the parcels with the rows that history takes in no shape.

        Raises HistoryRefused while such a row may be tried again.
        """
        done = []
        self._history.kill(f"{self._history.address.database}:{EVENTS}:")
        self._send_moves(parcels)
        for parcel in parcels:
            present = rows_present(self._history, parcel.batch) if parcel.row_count else set()
            crash_point("in_recovery")
            if len(present) < parcel.row_count:
                lines = missing_lines(_lines(parcel), present)
                refused = insert_or_split(self._history, lines, self._query_id(EVENTS, [parcel]))
                done.append(msgspec.structs.replace(parcel, refused=self._refused(parcel, refused)))
            else:
                done.append(parcel)
        crash_point("recovered")
        return done

    def _refused(self, parcel: Parcel, refused: Refused) -> tuple[Aside, ...]:
        """Return rows as they are set aside. Raises HistoryRefused as long as they are to be tried again."""
        if not refused:
            return ()
        if not self._patience.is_out(HISTORY, str(parcel.batch)):
            raise HistoryRefused(history_code=-1, reason=refused[0][1])
        logger.warning("rows set aside", extra={"batch": parcel.batch, "count": len(refused)})
        return tuple(Aside(HISTORY, f"{parcel.batch}:{digest128(line).hex()}", error, line) for line, error in refused)

    def _query_id(self, table: str, parcels: Sequence[Parcel]) -> str:
        """Return an id that names installation, table, batches and attempt."""
        database = self._history.address.database
        return f"{database}:{table}:{parcels[0].batch}-{parcels[-1].batch}:{new_uuid()[:8]}"


def _lines(parcel: Parcel) -> bytes:
    return parcel.lines or _decompressor.decompress(parcel.rows)
