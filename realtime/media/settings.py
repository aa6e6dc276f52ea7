"""What the media process is told at its start, once."""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass
from pathlib import Path

LOOPBACK = "127.0.0.1"


@dataclass(frozen=True)
class MediaSettings:
    """Everything a media process needs to know; nothing of it changes while the process lives."""

    control: Path
    """Unix socket of the control link; made readable for this user only."""

    port: int = 0
    """The one UDP port of all media; 0 takes a free one (tests)."""

    host: str = "0.0.0.0"
    """IPv4 address the UDP port is bound to."""

    address: str | None = None
    """Public addresses in front of us (1:1 NAT), with commas; named first in every answer."""

    secret: str | None = None
    """When set, every control request must carry it as Bearer."""

    recordings: Path | None = None
    """Folder of recordings and of what late comers go back to; nothing is written without one."""

    films: Path | None = None
    """Folder of prepared films; none is shown without one."""

    control_pipe: int | None = None
    """Descriptor of a pipe whose end is the order to stop; signals are then left to the parent."""

    processes: int = 1
    """Processes on this machine, one for each core; the others take the UDP ports behind this one's."""

    feed: Path | None = None
    """Where another process feeds this one, which then has no publishers of its own."""

    publisher_kbps: int = 2_500
    """What a publisher is asked to stay below."""

    uplink_mbps: float = 0
    """What may leave this process, in Mbit/s; 0 knows of no limit."""

    viewers_per_owner: int = 1_000
    """Connections one owner may hold open to one feed's room (pages of one person; tests use one for all)."""

    silence_s: float = 12.0
    """A peer from which nothing came for so long is gone (browsers send something every 2.5 s)."""

    rest_s: float = 6.0
    """A viewer of whom nothing came for so long is sent nothing more and not counted, until they are heard of."""

    setup_s: float = 20.0
    """A peer that is not connected after so long is dropped."""

    def to_json(self) -> str:
        """For a process started by this one."""
        return json.dumps(asdict(self), default=str)

    @classmethod
    def from_json(cls, text: str) -> MediaSettings:
        told = json.loads(text)
        paths = {name: Path(told[name]) for name in ("control", "feed") if told[name] is not None}
        return cls(**(told | paths))
