"""Many viewers in one process: a few read everything, the others leave counting to the kernel."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field

from realtime.media import rtcp
from realtime.media.rtp import HEADER_BYTES
from tests.bench.media.peer import Peer, dropped_by_port
from tests.bench.media.source import TIME, VIDEO_TIME_AT

REPORT_S = 1.0
READERS_EVERY = 40
"""One viewer in so many decrypts what it gets."""

Join = Callable[[], Awaitable[Peer]]


@dataclass
class Reader:
    """What one viewer that reads everything has seen."""

    packets: int = 0
    latencies_ms: list[float] = field(default_factory=list)

    def read(self, plain: bytes, arrived_ns: int) -> None:
        self.packets += 1
        if len(plain) > 500:  # a picture
            sent = TIME.unpack_from(plain, HEADER_BYTES + _extension(plain) + VIDEO_TIME_AT)[0]
            self.latencies_ms.append((arrived_ns - sent) / 1e6)


def _extension(plain: bytes) -> int:
    return 4 + 4 * int.from_bytes(plain[14:16], "big") if plain[0] & 0x10 else 0


class Crowd:
    """Viewers that report by RTCP every second, as browsers do."""

    def __init__(self, join: Join) -> None:
        self._join = join
        self.peers: list[Peer] = []
        self.readers: dict[Peer, Reader] = {}
        self._reporting = asyncio.create_task(self._report())

    async def grow(self, size: int, *, at_once: int = 8) -> None:
        gate = asyncio.Semaphore(at_once)

        async def one() -> None:
            async with gate:
                peer = await self._join()
            if len(self.peers) % READERS_EVERY == 0:
                reader = self.readers[peer] = Reader()
                peer.on_rtp = reader.read
            else:
                peer.drop_rtp()
            self.peers.append(peer)

        await asyncio.gather(*(one() for _ in range(size - len(self.peers))))

    async def _report(self) -> None:
        """A receiver report with an estimate for every viewer once a second, spread evenly."""
        while True:
            started = time.monotonic()
            peers = list(self.peers)
            for index, peer in enumerate(peers):
                due = started + REPORT_S * index / len(peers)
                if due > time.monotonic() + 0.002:
                    await asyncio.sleep(due - time.monotonic())
                peer.send_rtcp(_feedback(peer))
            await asyncio.sleep(max(0.01, started + REPORT_S - time.monotonic()))

    def begin(self) -> dict[int, int]:
        for reader in self.readers.values():
            reader.packets = 0
            reader.latencies_ms.clear()
        return dropped_by_port()

    def delivered(self, before: dict[int, int]) -> list[int]:
        """Packets each viewer got since."""
        now = dropped_by_port()
        return [
            self.readers[peer].packets if peer in self.readers else now[peer.port] - before[peer.port]
            for peer in self.peers
        ]

    def latencies_ms(self) -> list[float]:
        return [latency for reader in self.readers.values() for latency in reader.latencies_ms]

    async def close(self) -> None:
        self._reporting.cancel()
        await asyncio.gather(*(peer.close() for peer in self.peers))


def _feedback(peer: Peer) -> bytes:
    assert peer.remote is not None
    ssrcs = peer.remote.ssrcs or (1,)
    receptions = [
        rtcp.Reception(ssrc=ssrc, fraction_lost=0, lost=0, highest=0, jitter=0, last_sender_report=0, delay=0)
        for ssrc in ssrcs[:2]
    ]
    return rtcp.receiver_report(sender=7, receptions=receptions) + rtcp.remb(
        sender=7, bitrate=6_000_000, ssrcs=ssrcs[1:2] or ssrcs
    )
