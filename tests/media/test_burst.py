"""A frame for many viewers by one system call: each datagram arrives whole, and only encrypted ones."""

from __future__ import annotations

import errno
import socket
from collections.abc import Iterator
from typing import Any

import pytest
from pylibsrtp import Policy, Session

import realtime.media.burst as module
from realtime.media.burst import Burst, pack_name
from realtime.media.rtp import build_rtp
from realtime.media.seams import Arena

KEY = bytes(range(30))


class Far:
    """A viewer's end: a socket and the key to read what arrives."""

    def __init__(self) -> None:
        self.socket = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self.socket.bind(("127.0.0.1", 0))
        self.socket.setblocking(False)
        self.outbound = Session(Policy(key=KEY, ssrc_type=Policy.SSRC_ANY_OUTBOUND))
        self.inbound = Session(Policy(key=KEY, ssrc_type=Policy.SSRC_ANY_INBOUND))

    @property
    def name(self) -> bytes:
        return pack_name(self.socket.getsockname())

    def received(self) -> list[bytes]:
        found = []
        while True:
            try:
                found.append(self.inbound.unprotect(self.socket.recv(2048)))
            except BlockingIOError:
                return found


@pytest.fixture
def far() -> Iterator[list[Far]]:
    ends = [Far() for _ in range(5)]
    yield ends
    for end in ends:
        end.socket.close()


@pytest.fixture
def burst() -> Iterator[Burst]:
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as udp:
        udp.setblocking(False)
        yield Burst(udp)


def packets(*sizes: int, first: int = 0) -> list[bytes]:
    return [
        build_rtp(
            payload_type=96,
            marker=False,
            sequence=first + number,
            timestamp=1,
            ssrc=2,
            payload=bytes([number]) * size,
        )
        for number, size in enumerate(sizes)
    ]


def send(burst: Burst, far: list[Far], plain: list[bytes]) -> None:
    frame = Arena().protect(plain, [end.outbound._srtp[0] for end in far], overhead=10)
    burst.send(frame, b"".join(end.name for end in far))


@pytest.mark.parametrize("way", ["segmented", "without segmentation", "without sendmmsg"])
def test_every_viewer_gets_every_packet(burst: Burst, far: list[Far], way: str) -> None:
    if way != "segmented":
        burst.segments = False
    if way == "without sendmmsg":
        burst._sendmmsg = None
    picture, sound = packets(1180, 1180, 1180, 90), packets(100, first=4)

    send(burst, far, picture)
    send(burst, far, sound)

    assert [end.received() for end in far] == [picture + sound] * 5
    assert (burst.sent, burst.unsent) == (25, 0)


def test_what_was_not_encrypted_is_not_sent(burst: Burst, far: list[Far]) -> None:
    far[2].outbound.protect(packets(1, first=30_000)[0])  # takes anything earlier for a replay
    plain = packets(500, 500)

    send(burst, far, plain)

    assert [end.received() for end in far] == [plain, plain, [], plain, plain]


def test_one_who_cannot_be_reached_hurts_nobody(burst: Burst, far: list[Far]) -> None:
    plain = packets(500, 500)
    frame = Arena().protect(plain, [end.outbound._srtp[0] for end in far], overhead=10)
    names = [end.name for end in far]
    names[1] = pack_name(("255.255.255.255", 9))  # needs a permission this socket has not

    burst.send(frame, b"".join(names))

    assert [end.received() for end in far] == [plain, [], plain, plain, plain]
    assert (burst.sent, burst.unsent) == (8, 2)


def test_full_buffer_loses_the_rest_of_the_chunk(burst: Burst, far: list[Far]) -> None:
    real, calls = burst._sendmmsg, []

    def two_and_no_more(fd: int, messages: Any, count: int, flags: int) -> int:
        calls.append(count)
        if len(calls) == 1:
            return int(real(fd, messages, 2, flags))
        real(fd, messages, 0, flags)
        return -1

    burst._sendmmsg = two_and_no_more
    module._ffi.errno = errno.EAGAIN
    send(burst, far, packets(500))

    assert calls == [5, 3]
    assert [len(end.received()) for end in far] == [1, 1, 0, 0, 0]
    assert burst.unsent == 3


def test_device_without_checksums_is_served_packet_by_packet(burst: Burst, far: list[Far]) -> None:
    plain = packets(500, 500)

    def refuses(fd: int, messages: Any, count: int, flags: int) -> int:
        module._ffi.errno = errno.EIO
        return -1

    burst._sendmmsg = refuses
    send(burst, far, plain)

    assert [end.received() for end in far] == [plain] * 5
    assert not burst.segments
