"""The one UDP port of all media, and who each datagram on it belongs to (RFC 7983).

A STUN request belongs to the peer whose name it carries, a STUN answer to the peer who asked, and everything
else to the peer from whose address it comes. An address is learned from a request that proved to know the
peer's password, and only such an address; what belongs to nobody is dropped without a word, so strangers get
neither an answer nor a line in the log.
"""

from __future__ import annotations

import asyncio
import socket
from collections.abc import Iterable
from typing import Protocol

from .burst import Burst

Address = tuple[str, int]

SOCKET_BUFFER_BYTES = 4 * 1024 * 1024
"""A keyframe for hundreds of viewers leaves in one burst; Linux grants up to net.core.*mem_max."""

_MAX_DATAGRAM = 2048
_DRAIN = 64
"""Datagrams read before other work gets its turn."""

_STUN_HEADER_BYTES = 20
_STUN_COOKIE = b"\x21\x12\xa4\x42"
_STUN_CLASS = 0x0110
_STUN_REQUEST = 0x0000
_STUN_USERNAME = 0x0006


class Endpoint(Protocol):
    """One peer's transport, as the port sees it."""

    @property
    def ufrag(self) -> str: ...

    def stun_request(self, data: bytes, address: Address) -> bool:
        """Handle a connectivity check; true when it was rightly signed."""

    def stun_response(self, data: bytes, address: Address) -> None: ...

    def datagram(self, data: bytes) -> None:
        """Handle DTLS, SRTP or SRTCP from an address known to be the peer's."""


class SharedPort:
    """Owns the socket; endpoints come and go. All calls belong to the event loop's thread."""

    def __init__(self, host: str, port: int) -> None:
        self._socket = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self._socket.setblocking(False)
        self._socket.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, SOCKET_BUFFER_BYTES)
        self._socket.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, SOCKET_BUFFER_BYTES)
        self._socket.bind((host, port))
        self.number: int = self._socket.getsockname()[1]
        self._by_ufrag: dict[bytes, Endpoint] = {}
        self._by_transaction: dict[bytes, Endpoint] = {}
        self._by_address: dict[Address, Endpoint] = {}
        self.strange = 0
        self.received = 0
        self.burst = Burst(self._socket)
        asyncio.get_running_loop().add_reader(self._socket.fileno(), self._readable)

    def close(self) -> None:
        asyncio.get_running_loop().remove_reader(self._socket.fileno())
        self._socket.close()

    @property
    def endpoints(self) -> int:
        return len(self._by_ufrag)

    @property
    def addresses(self) -> int:
        return len(self._by_address)

    def add(self, endpoint: Endpoint) -> None:
        self._by_ufrag[endpoint.ufrag.encode()] = endpoint

    def name(self, ufrag: str, endpoint: Endpoint) -> None:
        """One more name for an endpoint that restarts ICE."""
        self._by_ufrag[ufrag.encode()] = endpoint

    def unname(self, ufrag: str) -> None:
        self._by_ufrag.pop(ufrag.encode(), None)

    def remove(self, endpoint: Endpoint) -> None:
        for name in [known for known, owner in self._by_ufrag.items() if owner is endpoint]:
            del self._by_ufrag[name]
        for address in [known for known, owner in self._by_address.items() if owner is endpoint]:
            del self._by_address[address]

    def claim(self, address: Address, endpoint: Endpoint) -> None:
        """This endpoint's own check was answered from that address: from now on it is the endpoint's."""
        self._by_address[address] = endpoint

    def release(self, addresses: Iterable[Address], endpoint: Endpoint) -> None:
        """The endpoint is not expected there any more."""
        for address in addresses:
            if self._by_address.get(address) is endpoint:
                del self._by_address[address]

    def expect(self, transaction: bytes, endpoint: Endpoint) -> None:
        self._by_transaction[transaction] = endpoint

    def forget(self, transaction: bytes) -> None:
        self._by_transaction.pop(transaction, None)

    def send(self, data: bytes | memoryview, address: Address) -> bool:
        """Send one datagram now or not at all."""
        return self.burst.send_one(data, address)

    def _readable(self) -> None:
        for _ in range(_DRAIN):
            try:
                data, address = self._socket.recvfrom(_MAX_DATAGRAM)
            except BlockingIOError:
                return
            except OSError:  # an ICMP answer to something we sent
                continue
            self.received += 1
            self._sort(data, address)

    def _sort(self, data: bytes, address: Address) -> None:
        if data and data[0] > 3:
            endpoint = self._by_address.get(address)
            if endpoint is None:
                self.strange += 1
            else:
                endpoint.datagram(data)
        elif len(data) < _STUN_HEADER_BYTES or data[4:8] != _STUN_COOKIE:
            self.strange += 1
        elif int.from_bytes(data[0:2], "big") & _STUN_CLASS == _STUN_REQUEST:
            self._sort_request(data, address)
        else:
            self._sort_response(data, address)

    def _sort_request(self, data: bytes, address: Address) -> None:
        endpoint = self._by_ufrag.get(_named(data))
        if endpoint is None or not endpoint.stun_request(data, address):
            self.strange += 1
            return
        # Somebody else's address is not taken over by a request alone, whose source could be forged.
        self._by_address.setdefault(address, endpoint)

    def _sort_response(self, data: bytes, address: Address) -> None:
        endpoint = self._by_transaction.get(data[8:_STUN_HEADER_BYTES])
        if endpoint is None:
            self.strange += 1
            return
        endpoint.stun_response(data, address)


def _named(data: bytes) -> bytes:
    """The local half of a STUN request's USERNAME, or nothing."""
    position = _STUN_HEADER_BYTES
    while position + 4 <= len(data):
        kind = int.from_bytes(data[position : position + 2], "big")
        length = int.from_bytes(data[position + 2 : position + 4], "big")
        if kind == _STUN_USERNAME:
            return data[position + 4 : position + 4 + length].partition(b":")[0]
        position += 4 + length + (-length % 4)
    return b""
