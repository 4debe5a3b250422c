"""Ports: which are taken, which one the warehouse gets, who answers."""

from __future__ import annotations

import errno
import socket

from stammgast.kernel.errors import StammgastError
from stammgast.kernel.processes.run_dir import read_port, write_port
from stammgast.kernel.settings import Settings


class PortTaken(StammgastError):
    """Port {port} on {host} is in use by another program. Stop that one, or choose another port with --port."""


class PortForbidden(StammgastError):
    """Port {port} on {host} can't be opened: {problem}. Choose another one with --port or another --host."""


def refuse_taken_port(host: str, port: int) -> None:
    """Try the port as a server would; raise PortTaken or PortForbidden."""
    try:
        family, kind, protocol, _name, address = socket.getaddrinfo(
            host, port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE
        )[0]
        with socket.socket(family, kind, protocol) as probe:
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            probe.bind(address)
            probe.listen(1)
    except OSError as problem:
        if problem.errno == errno.EADDRINUSE:
            raise PortTaken(host=host, port=port) from problem
        raise PortForbidden(host=host, port=port, problem=problem.strerror) from problem


def is_free(port: int) -> bool:
    """Say whether a server could open the port on loopback."""
    try:
        refuse_taken_port("127.0.0.1", port)
    except (PortTaken, PortForbidden):
        return False
    return True


def free_port() -> int:
    """Return a port of loopback that nobody uses at this moment."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def choose_warehouse_port(settings: Settings) -> int:
    """Return the embedded warehouse's port and tell it in the run folder: as set, else the last one, else a free one.

    Raises PortTaken when the one that is set is in use.
    """
    if settings.warehouse_port:
        refuse_taken_port("127.0.0.1", settings.warehouse_port)
        port = settings.warehouse_port
    else:
        last = read_port(settings.run_dir, "warehouse")
        port = last if last and is_free(last) else free_port()
    write_port(settings.run_dir, "warehouse", port)
    return port


def answers_http(host: str, port: int, path: str, seconds: float = 2.0) -> bool:
    """Say whether a web server answers `path` with 200. Made by hand: the supervisor loads no HTTP library for it."""
    try:
        with socket.create_connection((host, port), timeout=seconds) as connection:
            connection.sendall(f"GET {path} HTTP/1.1\r\nHost: {host}:{port}\r\nConnection: close\r\n\r\n".encode())
            head = b""
            while len(head) < len(b"HTTP/1.1 200"):
                chunk = connection.recv(64)
                if not chunk:
                    return False
                head += chunk
    except OSError:
        return False
    return head[9:12] == b"200"
