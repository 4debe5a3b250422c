"""An engine that really dies: each life is a process of its own, which the receiver kills in the middle of a delivery."""

import multiprocessing
import os
import signal
import time

from stammgast.app import MODULES, open_runtime
from stammgast.outgoing import deciding, engine
from stammgast.outgoing.engine import Engine
from tests.outgoing.conftest import Post

SLOT = 60.0
_forking = multiprocessing.get_context("forkserver")
_forking.set_forkserver_preload([f"stammgast.{one}.manifest" for one in MODULES] + [__name__])


class Mortal(Post):
    """Orders and targets of a test, whose engine lives elsewhere, and not for long."""

    life = None

    def live(self):
        """Let an engine work until everything has ended, or until it is killed; say whether it was."""
        self.life = _forking.Process(target=_live, args=(self.runtime.settings,))
        self.life.start()
        self.life.join(SLOT)
        assert not self.life.is_alive(), "the engine does not come to rest"
        was_killed = self.life.exitcode == -signal.SIGKILL
        assert was_killed or self.life.exitcode == 0, f"the engine fell over: {self.life.exitcode}"
        return was_killed

    def kill(self):
        """Let the engine die as by `kill -9`, now."""
        os.kill(self.life.pid, signal.SIGKILL)

    def sent(self):
        """Return the ids of what is noted as sent."""
        with self.runtime.customers.read() as connection:
            rows = connection.exec_driver_sql("SELECT key FROM outgoing_deliveries WHERE state = 'sent'")
            return {key for (key,) in rows}


def _live(settings):
    # What was under way when a process died goes again at once: the waits between attempts are tried elsewhere.
    deciding.FIRST_MILLIS, engine.LOOK_SECONDS = 1, 0.01
    runtime = open_runtime(settings, "worker")
    working = Engine(runtime)
    deadline = time.monotonic() + SLOT - 5
    working.turn()  # People's wishes, too.
    while _is_open(runtime) or working.is_flying:
        working.turn()
        working.wait(0.01)
        assert time.monotonic() < deadline
    working.close()
    runtime.close()


def _is_open(runtime):
    with runtime.customers.read() as connection:
        waits = "SELECT (SELECT count(*) FROM effects) + (SELECT count(*) FROM outgoing_deliveries WHERE state IN "
        return connection.exec_driver_sql(waits + "('waiting', 'sending'))").scalar()
