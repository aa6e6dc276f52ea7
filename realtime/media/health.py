"""How a stage is doing, for the people behind it: what each source sends, and how the audience is served."""

from __future__ import annotations

from collections import Counter
from typing import Any, Literal

from .room import Room
from .sender import Sender
from .viewer import Viewer

Served = Literal["full", "low", "audio"]
SERVED: tuple[Served, ...] = ("full", "low", "audio")


def health(room: Room, now: float, *, sent_kbps: float) -> dict[str, Any]:
    """`sent_kbps` is all that leaves this process, for every room, and its share of what leaves by HLS."""
    watching = Counter(
        served(viewer) for viewer in room.viewers.values() if viewer.watches and viewer.feed == "air"
    )
    return {
        "publishers": [_publisher(one, now) for one in room.publishers.values() if one.connected],
        "viewers": {way: watching[way] for way in SERVED},
        "sent_kbps": round(sent_kbps),
    }


def served(viewer: Viewer) -> Served:
    """The best picture sent now; who is sent none while somebody shows one has sound only."""
    sends = viewer.sends()
    layers = [(one["layer"], one["layers"]) for one in sends if one["layer"] is not None]
    if sends and not layers:
        return "audio"
    return "low" if layers and all(layer and layer == of - 1 for layer, of in layers) else "full"


def _publisher(sender: Sender, now: float) -> dict[str, Any]:
    layers = list(sender.layers())
    picture = sender.best("video")
    logs = [layer.log for layer in layers if layer.log is not None]
    return {
        "id": sender.id,
        "owner": sender.owner,
        "kind": sender.kind,
        "kbps": round(sum(layer.bitrate for layer in layers if now - layer.latest[1] < _FRESH_S) / 1000),
        "loss": round(max((log.loss for log in logs), default=0.0), 3),
        "keyframe_s": None if picture is None else _rounded(picture.keyframe_s(now)),
        "silent_s": round(now - max((layer.latest[1] for layer in layers), default=now), 1),
    }


_FRESH_S = 3.0
"""A layer that sent nothing for so long has been stopped; its last rate says nothing."""


def _rounded(seconds: float | None) -> float | None:
    return None if seconds is None else round(seconds, 1)
