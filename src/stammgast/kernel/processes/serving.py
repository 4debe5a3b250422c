"""Serve one ASGI app in this very process: Granian, embedded, so that web is one process and not two."""

from __future__ import annotations

import asyncio
import gc
import logging
import signal
import socket
import sys
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING

from stammgast.kernel.processes.ports import refuse_taken_port
from stammgast.kernel.processes.run_dir import write_port
from stammgast.kernel.settings import Settings

if TYPE_CHECKING:
    from collections.abc import Callable

    from litestar.types import ASGIApp

logger = logging.getLogger(__name__)

FINISH_SECONDS = 8
"""How long requests that are under way may take once we were asked to stop."""
BACKLOG = 2_048
SWITCH_SECONDS = 0.001
"""A request that reads a long answer on a thread lets the others in this often, not at Python's five milliseconds."""
THREADS = 24
"""Requests that wait for a store at the same time; one slow analysis leaves room for everybody's pages."""
GARBAGE_AT_ONCE = 10_000
"""Objects made, less those gone, after which the collector looks for cycles."""

_ERRORS_TO_OUR_LOG = {
    "version": 1,
    "disable_existing_loggers": False,
    "formatters": {},
    "handlers": {},
    "loggers": {"_granian": {"handlers": [], "propagate": True}},
}


def serve(make_app: Callable[[], ASGIApp], settings: Settings) -> None:
    """Serve until SIGTERM or SIGINT; requests under way are finished first.

    `make_app` is called inside the event loop's thread. Raises PortTaken or PortForbidden.
    """
    refuse_taken_port(settings.host, settings.port)
    sys.setswitchinterval(SWITCH_SECONDS)
    asyncio.run(_serve(make_app, settings))


async def _serve(make_app: Callable[[], ASGIApp], settings: Settings) -> None:
    from granian.constants import Interfaces
    from granian.log import LogLevels
    from granian.server.embed import Server

    app = make_app()
    _keep_for_good()
    server = Server(
        app,
        address=_numeric(settings.host),
        port=settings.port,
        interface=Interfaces.ASGI,
        backlog=BACKLOG,
        log_level=LogLevels.error,
        log_dictconfig=_ERRORS_TO_OUR_LOG,
    )
    server.workers_kill_timeout = FINISH_SECONDS
    loop = asyncio.get_running_loop()
    loop.set_default_executor(ThreadPoolExecutor(THREADS, thread_name_prefix="request"))
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, server.stop)
    write_port(settings.run_dir, "web", settings.port)
    logger.info("web listens", extra={"port": settings.port})
    await server.serve()
    logger.info("web stopped")


def _keep_for_good() -> None:
    """Let the collector pass over all that was made for the start: looking through it held every request up for 0.15 s."""
    gc.collect()
    gc.freeze()
    gc.set_threshold(GARBAGE_AT_ONCE, 10, 10)


def _numeric(host: str) -> str:
    return str(socket.getaddrinfo(host, None, type=socket.SOCK_STREAM)[0][4][0])
