"""One peer's transport: aioice's checks on our shared port, aiortc's DTLS, and the SRTP keys it exports."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Callable, Coroutine
from functools import cached_property
from typing import Any, cast

import pylibsrtp
from aioice import Candidate, Connection, stun
from aioice.candidate import candidate_foundation, candidate_priority
from aioice.ice import CandidatePair, StunProtocol
from aioice.utils import random_string
from aiortc import RTCCertificate, RTCDtlsFingerprint, RTCDtlsParameters, RTCDtlsTransport, RTCIceTransport
from aiortc.rtcdtlstransport import SRTPProtectionProfile
from OpenSSL import SSL

from ..port import Address, SharedPort
from ..rtp import is_rtcp

UFRAG_CHARACTERS = 8
PASSWORD_CHARACTERS = 24

_MAX_SOURCES = 32
"""Addresses one peer may be checked at (browsers use a handful)."""

_MAX_WAITING = 64
"""DTLS datagrams kept for one peer."""

_DTLS_RECORDS = range(20, 64)

_STUN_FAULTS = (ValueError, KeyError, IndexError, TypeError, AssertionError, OverflowError)
"""What aioice lets escape for a broken message (struct.error is a ValueError's cousin, caught beside)."""


class Certificate(RTCCertificate):
    """One certificate for the whole process, its OpenSSL context made once (1 ms saved per join)."""

    _context: SSL.Context | None = None

    @cached_property
    def fingerprint(self) -> str:
        return next(known.value for known in self.getFingerprints() if known.algorithm == "sha-256")

    def _create_ssl_context(self, srtp_profiles: list[SRTPProtectionProfile]) -> SSL.Context:
        if self._context is None:
            self._context = super()._create_ssl_context(srtp_profiles)
        return self._context


class _Protocol(StunProtocol):
    """What aioice takes for the socket of one connection: the shared port."""

    def __init__(self, connection: _Connection, port: SharedPort, endpoint: PeerTransport) -> None:
        super().__init__(connection)
        self._port = port
        self._endpoint = endpoint
        self.local_candidate = Candidate(
            foundation=candidate_foundation("host", "udp", "0.0.0.0"),
            component=1,
            transport="udp",
            priority=candidate_priority(1, "host"),
            host="0.0.0.0",
            port=port.number,
            type="host",
        )

    async def close(self) -> None:
        """The port is the peer's, who may be restarting."""

    async def request(
        self,
        request: stun.Message,
        addr: Address,
        integrity_key: bytes | None = None,
        retransmissions: int | None = None,
    ) -> tuple[stun.Message, Address]:
        self._port.expect(request.transaction_id, self._endpoint)
        try:
            return await super().request(request, addr, integrity_key, retransmissions)
        finally:
            self._port.forget(request.transaction_id)

    async def send_data(self, data: bytes, addr: Address) -> None:
        self._port.send(data, addr)

    def send_stun(self, message: stun.Message, addr: Address) -> None:
        self._port.send(bytes(message), addr)


class _Connection(Connection):
    """aioice's agent without sockets: it learns its peer only from signed checks that reach us."""

    def __init__(
        self,
        on_pair: Callable[[Address], None],
        on_nominated: Callable[[_Connection, Address], None],
        on_ended: Callable[[_Connection], None],
        *,
        asks_consent: bool,
    ) -> None:
        super().__init__(
            ice_controlling=False,
            local_username=random_string(UFRAG_CHARACTERS),
            local_password=random_string(PASSWORD_CHARACTERS),
        )
        self._on_pair = on_pair
        self._on_nominated = on_nominated
        self._on_ended = on_ended
        self._asks_consent = asks_consent

    def use(self, protocol: _Protocol) -> None:
        """Stand in for `gather_candidates`: there is one, and it is known."""
        self._protocols.append(protocol)
        self._local_candidates_start = True
        self._local_candidates_end = True

    async def query_consent(self) -> None:
        """Consent to send media (RFC 7675). Publishers are sent none, and FFmpeg 8.1 answers no later checks."""
        if self._asks_consent:
            await super().query_consent()

    def check_state(self, pair: CandidatePair, state: CandidatePair.State) -> None:
        super().check_state(pair, state)
        if state is CandidatePair.State.SUCCEEDED:
            self._on_pair(pair.remote_addr)

    def check_complete(self, pair: CandidatePair) -> None:
        super().check_complete(pair)
        nominated = self._nominated.get(1)
        if nominated is not None:
            self._on_nominated(self, nominated.remote_addr)

    async def close(self) -> None:
        """Also called by aioice itself when consent ends."""
        await super().close()
        self._on_ended(self)


class _IceTransport:
    """The three members of aiortc's RTCIceTransport that its DTLS transport uses."""

    def __init__(self) -> None:
        self.role = "controlled"
        self.connection: _Connection | None = None
        self.records: asyncio.Queue[bytes | None] = asyncio.Queue()

    async def _recv(self) -> bytes:
        data = await self.records.get()
        if data is None:
            raise ConnectionError("the connection has ended")
        return data

    async def _send(self, data: bytes) -> None:
        if self.connection is None:
            raise ConnectionError("there is no connection yet")
        await self.connection.send(data)


class PeerTransport:
    """One peer on the shared port: ICE, DTLS, SRTP; plain RTP and RTCP in and out.

    `on_rtp` and `on_rtcp` get what was decrypted, at once and in order of arrival. `on_open` is called once when
    packets can flow, `on_address` when the peer's address changes, `on_closed` at most once, and not after
    `close()`.
    """

    def __init__(
        self,
        *,
        port: SharedPort,
        certificate: Certificate,
        on_rtp: Callable[[bytes], None],
        on_rtcp: Callable[[bytes], None],
        on_open: Callable[[], None],
        on_closed: Callable[[], None],
        asks_consent: bool,
    ) -> None:
        self._port = port
        self._on_rtp = on_rtp
        self._on_rtcp = on_rtcp
        self._on_open = on_open
        self._on_closed = on_closed
        self.on_address: Callable[[Address], None] = lambda address: None
        self.address: Address | None = None
        self.last_heard = asyncio.get_running_loop().time()
        self.received_bytes = 0
        self._asks_consent = asks_consent
        self._ice = _IceTransport()
        self._connection, self._protocol = self._new_connection()
        self._ice.connection = self._connection
        self._next: tuple[_Connection, _Protocol] | None = None
        self._dtls = RTCDtlsTransport(cast(RTCIceTransport, self._ice), [cast(RTCCertificate, certificate)])
        self._task: asyncio.Task[None] | None = None
        self._restarting: set[asyncio.Task[None]] = set()
        self._ended = False
        self._sources: set[Address] = set()
        port.add(self)

    def _new_connection(self) -> tuple[_Connection, _Protocol]:
        connection = _Connection(
            self._pair_succeeded, self._nominated, self._connection_ended, asks_consent=self._asks_consent
        )
        protocol = _Protocol(connection, self._port, self)
        connection.use(protocol)
        return connection, protocol

    @property
    def ufrag(self) -> str:
        return self._connection.local_username

    @property
    def password(self) -> str:
        return self._connection.local_password

    @property
    def connected(self) -> bool:
        return self._dtls.state == "connected" and not self._ended

    @property
    def profile(self) -> str:
        """Name of the negotiated SRTP profile; viewers of one cohort share it."""
        return self._ssl.get_selected_srtp_profile().decode()

    @property
    def _ssl(self) -> SSL.Connection:
        return cast(SSL.Connection, self._dtls._ssl)

    @property
    def srtp(self) -> Any:
        """libsrtp's handle for sending; valid while this object lives."""
        return self._dtls._tx_srtp._srtp[0]

    def start(self, *, ufrag: str, password: str, fingerprint: str, passive: bool) -> None:
        """Wait for the peer's checks, then shake hands, with us as the DTLS server when `passive`."""
        self._connection.remote_username = ufrag
        self._connection.remote_password = password
        self._dtls._set_role("server" if passive else "client")
        self._dtls.on("statechange", self._state_changed)
        self._task = asyncio.create_task(self._connect(fingerprint))

    def restart(self, *, ufrag: str, password: str) -> tuple[str, str]:
        """Begin ICE anew (RFC 8445 section 9) and return our new name and password.

        Media goes on by the old way until the peer is seen on a new one; keys and packets' numbers stay.
        """
        if self._next is not None:
            self._port.unname(self._next[0].local_username)
            self._later(self._next[0].close())
        self._next = self._new_connection()
        connection = self._next[0]
        connection.remote_username = ufrag
        connection.remote_password = password
        left = {address for address in self._sources if address != self.address}
        self._port.release(left, self)
        self._sources -= left
        self._port.name(connection.local_username, self)
        self._later(self._reconnect(connection))
        return connection.local_username, connection.local_password

    async def _reconnect(self, connection: _Connection) -> None:
        with contextlib.suppress(ConnectionError):  # the old way may still serve; silence ends it otherwise
            await connection.connect()

    def _later(self, work: Coroutine[Any, Any, None]) -> None:
        task = asyncio.create_task(work)
        self._restarting.add(task)
        task.add_done_callback(self._restarting.discard)

    async def _connect(self, fingerprint: str) -> None:
        try:
            await self._connection.connect()
            parameters = RTCDtlsParameters(fingerprints=[RTCDtlsFingerprint("sha-256", fingerprint)])
            await self._dtls.start(parameters)
        except (ConnectionError, SSL.Error):
            self._end()

    def _state_changed(self) -> None:
        if self._ended:
            return
        if self._dtls.state == "connected":
            self._on_open()
        elif self._dtls.state in ("failed", "closed"):
            self._end()

    def _end(self) -> None:
        if not self._ended:
            self._ended = True
            self._on_closed()

    async def close(self) -> None:
        """Say good-bye to the peer and free everything; safe to call at any time, any number of times."""
        self._ended = True
        self._port.remove(self)
        await self._dtls.stop()
        if self._task is not None:
            self._task.cancel()
            await asyncio.wait([self._task])
        for task in list(self._restarting):
            task.cancel()
        if self._next is not None:
            await self._next[0].close()
        await self._connection.close()
        self._dtls.remove_all_listeners()

    # The port's side.

    def stun_request(self, data: bytes, address: Address) -> bool:
        message = _read_stun(data)
        if message is None:
            return False
        connection, protocol = self._named(message)
        if not message.check_message_integrity(connection.local_password.encode()):
            return False
        if address not in self._sources and len(self._sources) >= _MAX_SOURCES:
            return False
        self._sources.add(address)
        try:
            connection.request_received(message, address, protocol)
        except _STUN_FAULTS:
            return False
        self._heard()
        return True

    def stun_response(self, data: bytes, address: Address) -> None:
        message = _read_stun(data)
        if message is None:
            return
        for connection, protocol in filter(None, [(self._connection, self._protocol), self._next]):
            transaction = protocol.transactions.get(message.transaction_id)
            if transaction is not None:
                transaction.response_received(message, address)
                if message.check_message_integrity(cast(str, connection.remote_password).encode()):
                    self._heard()

    def _named(self, message: stun.Message) -> tuple[_Connection, _Protocol]:
        """Whom a check is for: during a restart there are two."""
        name = str(message.attributes.get("USERNAME", "")).partition(":")[0]
        if self._next is not None and name == self._next[0].local_username:
            return self._next
        return self._connection, self._protocol

    def datagram(self, data: bytes) -> None:
        if data[0] in _DTLS_RECORDS:
            if self._ice.records.qsize() < _MAX_WAITING:
                self._ice.records.put_nowait(data)
        elif 128 <= data[0] <= 191 and self.connected:
            self._media(data)

    def _media(self, data: bytes) -> None:
        srtp = self._dtls._rx_srtp
        try:
            if is_rtcp(data):
                self._on_rtcp(srtp.unprotect_rtcp(data))
            else:
                self._on_rtp(srtp.unprotect(data))
        except pylibsrtp.Error:  # forged, replayed or from before a change of keys
            return
        except ValueError:  # longer than any packet may be
            return
        self._heard()
        self.received_bytes += len(data)

    def _heard(self) -> None:
        self.last_heard = asyncio.get_running_loop().time()

    def _pair_succeeded(self, address: Address) -> None:
        self._port.claim(address, self)

    def _connection_ended(self, connection: _Connection) -> None:
        if connection is self._connection:
            self._ice.records.put_nowait(None)

    def _nominated(self, connection: _Connection, address: Address) -> None:
        if self._next is not None and connection is self._next[0]:
            old = self._connection
            self._connection, self._protocol = self._next
            self._ice.connection, self._next = connection, None
            self._port.unname(old.local_username)
            self._later(old.close())
        if connection is not self._connection:
            return
        if address != self.address:
            self.address = address
            self.on_address(address)

    # Sending, one packet at a time; many viewers at once go through the arena.

    def send_rtp(self, plain: bytes) -> bool:
        """Protect and send one packet; false when libsrtp or the socket would not have it."""
        return self._send("protect", plain)

    def send_rtcp(self, plain: bytes) -> bool:
        return self._send("protect_rtcp", plain)

    def _send(self, protect: str, plain: bytes) -> bool:
        if not self.connected or self.address is None:  # before that there is nothing to protect with
            return False
        try:
            protected = getattr(self._dtls._tx_srtp, protect)(plain)
        except (pylibsrtp.Error, ValueError):
            return False
        return self._port.send(protected, self.address)


def _read_stun(data: bytes) -> stun.Message | None:
    """A STUN message, or nothing for whatever is not one."""
    try:
        return stun.parse_message(data)
    except Exception:  # aioice leaks several kinds for broken bytes; a stranger must not reach the log
        return None
