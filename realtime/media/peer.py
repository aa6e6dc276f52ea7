"""What publishers and viewers have in common: an identity the server gave, and a transport."""

from __future__ import annotations

import asyncio
import secrets
from abc import ABC, abstractmethod
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

from .answer import Transport, write_fragment
from .errors import MediaError, malformed, unacceptable
from .port import SharedPort
from .sdp import Fragment, Offer, parse_fragment
from .seams import Arena, Certificate, PeerTransport


@dataclass(frozen=True)
class Network:
    """What all peers of the process share."""

    port: SharedPort
    certificate: Certificate
    arena: Arena
    addresses: Sequence[str]
    publisher_kbps: int
    viewers_per_owner: int = 1_000

    def now(self) -> float:
        return asyncio.get_running_loop().time()


class Peer(ABC):
    """One negotiated transport. `id`, `owner` are the server's and never looked into.

    `on_gone` is called once when the peer closed its side or was lost, not after `close()`.
    """

    def __init__(self, network: Network, *, id: str, owner: str, offer: Offer, asks_consent: bool) -> None:
        self.network = network
        self.id = id
        self.owner = owner
        self.answer = ""
        self.etag = secrets.token_urlsafe(12)
        self.on_gone: Callable[[], None] = lambda: None
        self.on_connected: Callable[[], None] = lambda: None
        self.born = network.now()
        self._offer = offer
        self._ssrc = secrets.randbelow(0xFFFFFFFE) + 1
        self._passive = offer.setup != "passive"
        self.transport = PeerTransport(
            port=network.port,
            certificate=network.certificate,
            on_rtp=self.received_rtp,
            on_rtcp=self.received_rtcp,
            on_open=self.opened,
            on_closed=lambda: self.on_gone(),
            asks_consent=asks_consent,
        )

    @property
    def connected(self) -> bool:
        return self.transport.connected

    @property
    def lost(self) -> bool:
        """Whether sending to it has become useless."""
        return False

    def start(self) -> None:
        self.transport.start(
            ufrag=self._offer.ufrag,
            password=self._offer.password,
            fingerprint=self._offer.fingerprint,
            passive=self._passive,
        )

    def opened(self) -> None:
        self.on_connected()

    @abstractmethod
    def received_rtp(self, data: bytes) -> None: ...

    @abstractmethod
    def received_rtcp(self, data: bytes) -> None: ...

    async def close(self) -> None:
        await self.transport.close()

    def our_side(self) -> Transport:
        """What the answer says about our transport."""
        return Transport(
            ufrag=self.transport.ufrag,
            password=self.transport.password,
            fingerprint=self.network.certificate.fingerprint,
            passive=self._passive,
            addresses=self.network.addresses,
            port=self.network.port.number,
        )

    def patch(self, fragment: str, etag: str | None) -> str | None:
        """Trickle ICE and ICE restart (RFC 9725 section 4.3.1 and 4.3.2).

        Candidates are taken note of and not used (we never call first). A restart is answered by our new
        fragment, and `etag` is another one from then on.
        """
        if etag is None:
            raise MediaError(status=428, code="etag.missing", detail="If-Match is needed.")
        parsed = parse_fragment(fragment)
        restarts = parsed.ufrag is not None and parsed.ufrag != self._offer.ufrag
        if etag != self.etag and not (restarts and etag == "*"):
            raise MediaError(status=412, code="etag.stale", detail="This is about an earlier ICE session.")
        return self._restart(parsed) if restarts else None

    def _restart(self, fragment: Fragment) -> str:
        if fragment.ufrag is None or fragment.password is None:
            raise malformed("An ICE restart names a new ufrag and a new password.")
        if not self.connected:
            raise unacceptable("There is nothing to restart yet; connect anew.", code="ice.restart_unsupported")
        ufrag, password = self.transport.restart(ufrag=fragment.ufrag, password=fragment.password)
        self._offer = replace(self._offer, ufrag=fragment.ufrag, password=fragment.password)
        self.etag = secrets.token_urlsafe(12)
        return write_fragment(replace(self.our_side(), ufrag=ufrag, password=password), self._offer)

    def silent(self, now: float, *, silence_s: float, setup_s: float) -> bool:
        """Whether nothing was heard for too long, or the set-up took too long."""
        if self.connected:
            return now - self.transport.last_heard > silence_s
        return now - self.born > setup_s
