"""How a viewer watches: the quality they choose, what it costs them, and how many the server carries."""

from __future__ import annotations

from typing import Annotated, Literal
from uuid import UUID

from pydantic import Field

from server.domain.view import Signal, View

FULL = "stage.use_hls"
"""The code that tells a page to show HLS: the server's line has no room for another viewer by WebRTC."""

Mode = Literal["automatic", "high", "low", "audio"]
MODES: tuple[Mode, ...] = ("automatic", "high", "low", "audio")

ONE_SPEAKER_KBPS = {"high": 1_350, "low": 250, "audio": 60}
"""What one viewer takes of the server's line with one speaker on air, at the bitrates our pages send."""

USABLE_SHARE = 0.9
"""Of the line; the rest is for pages, chat and what speakers send."""

VIEWERS_PER_CORE = 700
"""What one media process carries at 1.5 Mbit/s (the bar of `make bench`)."""


class QualityChoice(View):
    """`shown`: how wide each slot's picture is on the screen, in device pixels; 0 is not to be seen."""

    mode: Mode
    shown: dict[Annotated[int, Field(ge=0, le=31)], Annotated[int, Field(ge=0, le=20_000)]] | None = Field(
        default=None, max_length=16
    )


class SentView(View):
    """One picture. `reason` is why none of it can come: the viewer's browser does not know its codec."""

    slot: int
    layer: int | None
    layers: int
    reason: Literal["codec"] | None = None


class CostsView(View):
    """Megabytes an hour."""

    automatic: int
    high: int
    low: int
    audio: int


class QualityView(View):
    """What is sent to a viewer now. `effective` differs from `mode` while the server's line is nearly full."""

    mode: Mode
    effective: Mode
    reason: Literal["network", "uplink"] | None
    sends: list[SentView]
    kbps: int
    costs: CostsView


class CapacityView(View):
    """How many viewers the server carries at each quality, one speaker on air. `uplink_mbps` 0 is not known."""

    uplink_mbps: float
    high: int
    low: int
    audio: int


class Speaking(View):
    publisher: str
    person_id: UUID | None
    slot: int | None


class StageSpeaking(Signal, name="stage.speaking"):
    """Who is heard. `main` stays through pauses; `speaking` are the one or two loudest, empty in silence.

    On `session:ID` those on air, on `session:ID:backstage` those who are only behind it.
    """

    main: str | None
    speaking: list[Speaking]


def capacity(uplink_mbps: float, media_processes: int) -> CapacityView:
    """The lesser of what the line and the processors bear; the line is unknown until the operator names it."""
    cores = VIEWERS_PER_CORE * media_processes

    def viewers(kbps: int) -> int:
        by_processor = cores * 1_500 // max(kbps, 500)
        return min(by_processor, int(uplink_mbps * 1_000 * USABLE_SHARE / kbps)) if uplink_mbps else by_processor

    return CapacityView(
        uplink_mbps=uplink_mbps, **{mode: viewers(kbps) for mode, kbps in ONE_SPEAKER_KBPS.items()}
    )
