"""What a publisher sends, told apart: sound and picture by payload type, simulcast layers by rid (RFC 8852)."""

from __future__ import annotations

from collections.abc import Callable

from .answer import REPAIRED_RID, RID
from .codecs import Choice
from .layer import Layer, Track
from .rtp import RtpPacket
from .sdp import Kind, Section

_MAX_STREAMS = 16
"""Stream ids remembered for one picture; a publisher has one for each layer and one for its repairs."""

_BEST_FIRST = ("f", "full", "high", "hi", "h", "medium", "mid", "m", "half", "low", "lo", "l", "q")
"""Names of layers as browsers' pages give them; OBS counts from 0, the best."""


class Sorter:
    """Finds the layer of a packet of one section.

    Browsers name the layer by header extension only until our first report, so a stream's id is remembered.
    """

    def __init__(
        self, section: Section, choice: Choice, rids: tuple[str, ...], wish: Callable[[int], None]
    ) -> None:
        kind: Kind = section.kind
        self.payload_type = choice.codec.payload_type
        self.repair_type = None if choice.retransmission is None else choice.retransmission.payload_type
        self.track = Track([Layer(kind, choice.name, rid=rid, wish=wish) for rid in best_first(rids) or ("",)])
        self._by_rid = {layer.rid: layer for layer in self.track.layers}
        self._rid_id = section.extensions.get(RID, 0)
        self._repaired_id = section.extensions.get(REPAIRED_RID, 0)
        self._simulcast = bool(rids)
        self._by_stream: dict[int, Layer] = {}

    def layer(self, packet: RtpPacket) -> Layer | None:
        if not self._simulcast:
            return self.track.layers[0]
        return self._named(packet, self._rid_id)

    def repaired(self, packet: RtpPacket) -> tuple[Layer, RtpPacket] | None:
        """The packet inside an RTX packet (RFC 4588); probing with padding carries none."""
        layer = self._named(packet, self._repaired_id) if self._simulcast else self.track.layers[0]
        if layer is None or layer.ssrc is None or len(packet.payload) <= 2:
            return None
        original = RtpPacket(
            payload_type=self.payload_type,
            marker=packet.marker,
            sequence=int.from_bytes(packet.payload[:2], "big"),
            timestamp=packet.timestamp,
            ssrc=layer.ssrc,
            payload=packet.payload[2:],
        )
        return layer, original

    def _named(self, packet: RtpPacket, id: int) -> Layer | None:
        known = self._by_stream.get(packet.ssrc)
        name = packet.extensions.get(id, b"").decode("ascii", "replace") if id else ""
        layer = self._by_rid.get(name)
        if layer is None:
            return known
        if layer is not known and len(self._by_stream) < _MAX_STREAMS:
            self._by_stream[packet.ssrc] = layer
        return layer


def best_first(rids: tuple[str, ...]) -> tuple[str, ...]:
    """By their usual names; the offer's own order (the sender's preference, RFC 8853 section 5.2) for others."""
    if "f" in rids and "q" in rids:  # full, half, quarter
        return tuple(sorted(rids, key=lambda rid: "fhq".find(rid)))
    if all(rid in _BEST_FIRST for rid in rids):
        return tuple(sorted(rids, key=_BEST_FIRST.index))
    return tuple(sorted(rids)) if all(rid.isdigit() for rid in rids) else rids
