"""A real HTTP receiver on loopback, targets that lead to it, and an engine turned by hand."""

import threading
import time
from dataclasses import dataclass, field, replace
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest

from stammgast.kernel import clock, outbox
from stammgast.outgoing import api
from stammgast.outgoing.contracts import Pace, TargetFacts, WebhookOrder, WebhookSettings
from stammgast.outgoing.engine import Engine
from stammgast.workspace.contracts import Actor
from stammgast.workspace.snapshot import cache_of

BY = Actor("command", 0, "tests")


@dataclass
class Request:
    path: str
    headers: dict
    body: bytes


@dataclass
class Receiver:
    """Answers what the test says: `answers` holds (status, headers, body, seconds to wait) or a function of the request."""

    got: list = field(default_factory=list)
    answers: list = field(default_factory=list)
    lock: threading.Lock = field(default_factory=threading.Lock)
    flying: int = 0
    flying_max: int = 0

    def start(self):
        self._server = ThreadingHTTPServer(("127.0.0.1", 0), _handler(self))
        self._server.daemon_threads = True
        self.port = self._server.server_port
        self._thread = threading.Thread(target=self._server.serve_forever, args=(0.02,), daemon=True)
        self._thread.start()

    def stop(self):
        self._server.shutdown()
        self._server.server_close()
        self._thread.join()

    def url(self, path="/hook", host="127.0.0.1"):
        return f"http://{host}:{self.port}{path}"

    def ids(self):
        return [one.headers["webhook-id"] for one in self.got]


def _handler(receiver):
    class Handler(BaseHTTPRequestHandler):
        def do_POST(self):
            body = self.rfile.read(int(self.headers["Content-Length"]))
            request = Request(self.path, {name.lower(): text for name, text in self.headers.items()}, body)
            with receiver.lock:
                receiver.got.append(request)
                receiver.flying += 1
                receiver.flying_max = max(receiver.flying_max, receiver.flying)
                answer = receiver.answers.pop(0) if receiver.answers else (200,)
            if callable(answer):
                answer = answer(request)
            try:
                self._answer(*answer)
            finally:
                with receiver.lock:
                    receiver.flying -= 1

        def _answer(self, status, headers=None, text="", seconds=0.0):
            time.sleep(seconds)
            try:
                self.send_response(status)
                for name, value in (headers or {}).items():
                    self.send_header(name, value)
                self.send_header("Content-Length", str(len(text)))
                self.end_headers()
                self.wfile.write(text.encode())
            except OSError:
                pass

        def log_message(self, *_):
            pass

    return Handler


@pytest.fixture
def receiver():
    one = Receiver()
    one.start()
    yield one
    one.stop()


@pytest.fixture
def settings(settings):
    return replace(settings, outgoing_private="127.0.0.1")


class Post:
    """Targets and orders of a test, and an engine turned by hand."""

    def __init__(self, runtime):
        self.runtime = runtime
        self.engine = Engine(runtime)
        self.secrets = {}
        self._count = 0

    def target(self, url, name="CRM", **pace):
        facts = TargetFacts(name=name, settings=WebhookSettings(url), pace=Pace(**pace))
        made = api.create_target(self.runtime, BY, facts)
        self.secrets[made.target.id] = made.secret
        return made.target.id

    def order(self, target, key=None, *, profile=0, **data):
        self._count += 1
        key = key or f"k{self._count}"
        order = WebhookOrder(
            key=key, purpose="tests", target=target, type="guest.came", time=1_000, data=data, profile=profile
        )
        self.effects(api.order_webhook(order))
        return key

    def effects(self, *effects):
        with self.runtime.customers.write() as connection:
            outbox.add_effects(connection, [(one.kind, one.key, one.payload) for one in effects], clock.now_millis())

    def turn(self, patience=10.0):
        """Turn until nothing is due and nothing under way."""
        deadline = time.monotonic() + patience
        cache_of(self.runtime).expire()  # What people changed counts at once, and not within a second.
        while self.engine.turn() or self.engine.is_flying:
            self.engine.wait(0.02)
            assert time.monotonic() < deadline, "the engine does not come to rest"

    def later(self, hours=25):
        """Let all that waits be due: the clock is the worker's own, so the rows are moved instead."""
        with self.runtime.customers.write() as connection:
            connection.exec_driver_sql("UPDATE outgoing_deliveries SET next_at = 0 WHERE state = 'waiting'")
            connection.exec_driver_sql("UPDATE outgoing_health SET resting_until = 0")
            if hours:
                moved = hours * 3_600_000
                connection.exec_driver_sql(
                    f"UPDATE outgoing_deliveries SET first_at = first_at - {moved} WHERE first_at > 0"
                )

    def state(self, key):
        found = api.delivery_of_key(self.runtime, key)
        return found and (found.state, found.reason)

    def restart(self):
        self.engine.close()
        self.engine = Engine(self.runtime)

    def told(self):
        """Names and properties of the own events that wait for the worker."""
        import msgspec

        from stammgast.kernel.own_queue import queued_own

        with self.runtime.customers.read() as connection:
            bodies = [msgspec.json.decode(body) for _, _, body in queued_own(connection)]
        return [(one["name"], one["properties"]) for one in bodies]


@pytest.fixture
def post(runtime):
    one = Post(runtime)
    yield one
    one.engine.close()
