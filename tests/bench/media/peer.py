"""One side of a WebRTC connection as thin as it can be: a socket of its own, ICE, DTLS, and SRTP both ways.

A crowd of them fits one core because the kernel takes most packets away: see `CrowdViewer`.
"""

from __future__ import annotations

import asyncio
import contextlib
import ctypes
import secrets
import socket
import struct
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import cast

from aioice import stun
from aiortc import RTCCertificate, RTCDtlsFingerprint, RTCDtlsParameters, RTCDtlsTransport, RTCIceTransport

Address = tuple[str, int]

CHECK_S = 0.05
CONSENT_S = 2.5
SETUP_S = 30.0

# Classic BPF on a UDP socket sees the 8 bytes of the UDP header first. RTP is counted as dropped by the kernel
# (and seen so in /proc/net/udp); STUN, DTLS and RTCP (RFC 5761) come through.
_ONLY_CONTROL = (
    (0x30, 0, 0, 8),  # A = first byte of the datagram
    (0x35, 0, 3, 128),  # below 128: STUN or DTLS
    (0x30, 0, 0, 9),  # A = second byte
    (0x35, 0, 2, 192),  # below 192: RTP
    (0x25, 1, 0, 223),  # above 223: RTP
    (0x06, 0, 0, 0xFFFFFFFF),
    (0x06, 0, 0, 0),
)
_SO_ATTACH_FILTER = 26
_SO_TIMESTAMPNS = 35


@dataclass(frozen=True)
class Remote:
    """The other side, as its SDP tells."""

    ufrag: str
    password: str
    fingerprint: str
    address: Address
    ssrcs: tuple[int, ...]


def read_remote(sdp: str, host: str) -> Remote:
    """Take what is needed; of several candidates the one on this host."""
    lines = sdp.split("\r\n") if "\r\n" in sdp else sdp.split("\n")
    values: dict[str, str] = {}
    ports: list[int] = []
    ssrcs: dict[int, None] = {}
    for line in lines:
        name, _, value = line.removeprefix("a=").partition(":")
        if name == "candidate":
            words = value.split()
            if words[2].lower() == "udp" and words[4] == host:
                ports.append(int(words[5]))
        elif name == "ssrc":
            ssrcs[int(value.split()[0])] = None
        else:
            values.setdefault(name, value)
    return Remote(
        ufrag=values["ice-ufrag"],
        password=values["ice-pwd"],
        fingerprint=values["fingerprint"].split()[1],
        address=(host, ports[0]),
        ssrcs=tuple(ssrcs),
    )


class _Ice:
    """The three members of aiortc's RTCIceTransport that its DTLS transport uses."""

    def __init__(self, peer: Peer, role: str) -> None:
        self._peer = peer
        self.role = role

    async def _recv(self) -> bytes:
        return await self._peer.handshake.get()

    async def _send(self, data: bytes) -> None:
        self._peer.send(data)


class Peer:
    """`on_rtp(plain, arrived_ns)` and `on_rtcp(plain)` get what comes; `controlling` is ICE's role."""

    certificate: RTCCertificate | None = None

    def __init__(self, host: str, *, controlling: bool) -> None:
        if Peer.certificate is None:
            Peer.certificate = RTCCertificate.generateCertificate()
        self.socket = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self.socket.setblocking(False)
        self.socket.bind((host, 0))
        self.socket.setsockopt(socket.SOL_SOCKET, _SO_TIMESTAMPNS, 1)
        self.ufrag, self.password = secrets.token_hex(4), secrets.token_hex(12)
        self.handshake: asyncio.Queue[bytes] = asyncio.Queue()
        self.on_rtp: Callable[[bytes, int], None] = lambda plain, arrived: None
        self.remote: Remote | None = None
        self._controlling = controlling
        self._checked = asyncio.Event()
        self._dtls = RTCDtlsTransport(
            cast(RTCIceTransport, _Ice(self, "controlling" if controlling else "controlled")), [Peer.certificate]
        )
        self._loop = asyncio.get_running_loop()
        self._loop.add_reader(self.socket.fileno(), self._readable)
        self._keeping: asyncio.Task[None] | None = None

    @property
    def port(self) -> int:
        return int(self.socket.getsockname()[1])

    @property
    def fingerprint(self) -> str:
        assert Peer.certificate is not None
        return next(known.value for known in Peer.certificate.getFingerprints() if known.algorithm == "sha-256")

    async def connect(self, remote: Remote) -> None:
        """Check, shake hands as the DTLS client; returns when packets can flow."""
        self.remote = remote
        connected = asyncio.Event()
        self._dtls.on("statechange", lambda: connected.set() if self._dtls.state == "connected" else None)
        self._dtls._set_role("client")
        async with asyncio.timeout(SETUP_S):
            while not self._checked.is_set():
                self._check()
                with contextlib.suppress(TimeoutError):
                    await asyncio.wait_for(self._checked.wait(), CHECK_S)
            fingerprints = [RTCDtlsFingerprint("sha-256", remote.fingerprint)]
            await self._dtls.start(RTCDtlsParameters(fingerprints=fingerprints))
            await connected.wait()
        self._keeping = asyncio.create_task(self._keep())

    async def _keep(self) -> None:
        """Ask for consent as browsers do (RFC 7675)."""
        while True:
            await asyncio.sleep(CONSENT_S)
            self._check()

    def _check(self) -> None:
        assert self.remote is not None
        message = stun.Message(message_method=stun.Method.BINDING, message_class=stun.Class.REQUEST)
        message.attributes["USERNAME"] = f"{self.remote.ufrag}:{self.ufrag}"
        message.attributes["PRIORITY"] = 1_853_824_767
        if self._controlling:
            message.attributes["ICE-CONTROLLING"] = 1
            message.attributes["USE-CANDIDATE"] = None
        else:
            message.attributes["ICE-CONTROLLED"] = 1
        message.add_message_integrity(self.remote.password.encode())
        message.add_fingerprint()
        self.send(bytes(message))

    def send(self, data: bytes) -> None:
        assert self.remote is not None
        with contextlib.suppress(OSError):
            self.socket.sendto(data, self.remote.address)

    def send_rtp(self, plain: bytes) -> None:
        self.send(self._dtls._tx_srtp.protect(plain))

    def send_rtcp(self, plain: bytes) -> None:
        self.send(self._dtls._tx_srtp.protect_rtcp(plain))

    def _readable(self) -> None:
        for _ in range(64):
            try:
                data, more, _, address = self.socket.recvmsg(2048, 64)
            except BlockingIOError:
                return
            self._sort(data, address, more)

    def _sort(self, data: bytes, address: Address, more: list[tuple[int, int, bytes]]) -> None:
        if data[0] < 4:
            self._stun(data, address)
        elif data[0] < 128:
            self.handshake.put_nowait(data)
        elif self._dtls.state == "connected" and not 192 <= data[1] <= 223:
            seconds, nanoseconds = struct.unpack("qq", more[0][2])
            self.on_rtp(self._dtls._rx_srtp.unprotect(data), seconds * 1_000_000_000 + nanoseconds)

    def _stun(self, data: bytes, address: Address) -> None:
        message = stun.parse_message(data)
        if message.message_class is stun.Class.RESPONSE:
            self._checked.set()
        elif message.message_class is stun.Class.REQUEST:
            answer = stun.Message(
                message_method=stun.Method.BINDING,
                message_class=stun.Class.RESPONSE,
                transaction_id=message.transaction_id,
            )
            answer.attributes["XOR-MAPPED-ADDRESS"] = address
            answer.add_message_integrity(self.password.encode())
            answer.add_fingerprint()
            with contextlib.suppress(OSError):
                self.socket.sendto(bytes(answer), address)

    def drop_rtp(self) -> None:
        """From now on the kernel counts media and throws it away."""
        code = b"".join(struct.pack("HBBI", *step) for step in _ONLY_CONTROL)
        buffer = bytearray(code)
        address = _address_of(buffer)
        self.socket.setsockopt(
            socket.SOL_SOCKET, _SO_ATTACH_FILTER, struct.pack("HxxxxxxP", len(_ONLY_CONTROL), address)
        )

    async def close(self) -> None:
        if self._keeping is not None:
            self._keeping.cancel()
        self._loop.remove_reader(self.socket.fileno())
        with contextlib.suppress(ConnectionError):
            await self._dtls.stop()
        self.socket.close()


def _address_of(buffer: bytearray) -> int:
    return ctypes.addressof((ctypes.c_char * len(buffer)).from_buffer(buffer))


def dropped_by_port() -> dict[int, int]:
    """Datagrams that the kernel took away, for every UDP port of this machine."""
    return dict(_drops())


def _drops() -> Iterator[tuple[int, int]]:
    for line in Path("/proc/net/udp").read_text().splitlines()[1:]:
        words = line.split()
        yield int(words[1].split(":")[1], 16), int(words[-1])
