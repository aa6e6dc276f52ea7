"""A start gets the port it wished for, waits for it, or as the example takes the next one."""

from __future__ import annotations

import socket
import threading
from pathlib import Path

import pytest

from config.settings import Settings
from server import ports


def taken() -> socket.socket:
    door = socket.socket()
    door.bind(("127.0.0.1", 0))
    door.listen()
    return door


def wishing(door: socket.socket, folder: Path) -> Settings:
    return Settings.load({}, port=door.getsockname()[1], media_port=0, data_dir=folder)


def test_example_takes_the_next_free_port(tmp_path: Path) -> None:
    with taken() as other, ports.listening(wishing(other, tmp_path), search=True) as (door, placed):
        assert door.getsockname()[1] == placed.port != other.getsockname()[1]


def test_real_start_waits_for_a_port_that_is_being_left(tmp_path: Path) -> None:
    other = taken()
    wished = wishing(other, tmp_path)
    threading.Timer(0.3, other.close).start()
    with ports.listening(wished, search=False) as (_, placed):
        assert placed.port == wished.port


def test_real_start_gives_up_on_a_port_that_stays_taken(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(ports, "WAIT_S", 0.0)
    with taken() as other, pytest.raises(ports.PortTaken), ports.listening(wishing(other, tmp_path), search=False):
        pass
