import socket
from pathlib import Path

import pytest

from stammgast.kernel.processes.ports import (
    PortForbidden,
    PortTaken,
    choose_warehouse_port,
    free_port,
    refuse_taken_port,
)
from stammgast.kernel.settings import Settings


def test_a_taken_port_is_refused_in_a_sentence_that_names_the_way_out():
    sentence = r"Port \d+ on 127.0.0.1 is in use.*--port"
    with socket.create_server(("127.0.0.1", 0)) as other, pytest.raises(PortTaken, match=sentence):
        refuse_taken_port("127.0.0.1", other.getsockname()[1])


def test_an_address_that_is_not_ours_is_refused_in_a_sentence():
    with pytest.raises(PortForbidden, match="--host"):
        refuse_taken_port("192.0.2.1", free_port())


def test_the_warehouse_keeps_its_port_over_restarts(tmp_path: Path):
    settings = Settings(data=tmp_path)
    port = choose_warehouse_port(settings)
    assert choose_warehouse_port(settings) == port


def test_the_warehouse_moves_when_its_last_port_is_taken_meanwhile(tmp_path: Path):
    settings = Settings(data=tmp_path)
    port = choose_warehouse_port(settings)
    with socket.create_server(("127.0.0.1", port)):
        assert choose_warehouse_port(settings) != port


def test_a_warehouse_port_that_was_set_is_not_exchanged_silently(tmp_path: Path):
    with socket.create_server(("127.0.0.1", 0)) as other, pytest.raises(PortTaken):
        choose_warehouse_port(Settings(data=tmp_path, warehouse_port=other.getsockname()[1]))
