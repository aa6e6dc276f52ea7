"""Connections that carry nothing: whoever checks their network learns whether their packets reach us."""

from __future__ import annotations

from collections.abc import Callable

from .answer import AnsweredSection, write_answer
from .errors import busy
from .peer import Network, Peer
from .sdp import Offer

MOST = 32
"""At a time, on one process: they are open to strangers."""

LIFE_S = 15.0
_RETRY_S = 5


class Probe(Peer):
    """ICE and DTLS as for a viewer, and every section inactive."""

    def __init__(self, network: Network, *, id: str, offer: Offer) -> None:
        super().__init__(network, id=id, owner="", offer=offer, asks_consent=False)
        answered = [AnsweredSection(section=one, direction="inactive", choices=()) for one in offer.sections]
        self.answer = write_answer(offer, self.our_side(), answered)

    def received_rtp(self, data: bytes) -> None:
        """Nothing is sent to it."""

    def received_rtcp(self, data: bytes) -> None:
        """Nothing is asked of it."""


class Probes:
    """Those of one process. They belong to no room and end by themselves, connected or not."""

    def __init__(self, network: Network, close: Callable[[Peer], None]) -> None:
        self._network = network
        self._close = close
        self._standing: dict[str, Probe] = {}

    def add(self, id: str, offer: Offer) -> Probe:
        """Raises busy beyond what is allowed at a time."""
        if len(self._standing) >= MOST:
            raise busy(_RETRY_S)
        probe = self._standing[id] = Probe(self._network, id=id, offer=offer)
        probe.on_gone = lambda: self._end(id)
        probe.start()
        return probe

    def let_go(self, now: float) -> None:
        for id, probe in list(self._standing.items()):
            if now - probe.born > LIFE_S:
                self._end(id)

    def close(self) -> None:
        for id in list(self._standing):
            self._end(id)

    def _end(self, id: str) -> None:
        probe = self._standing.pop(id, None)
        if probe is not None:
            self._close(probe)
