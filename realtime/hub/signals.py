"""Signals: said, heard, and gone. Many within a second become one."""

import asyncio
from dataclasses import dataclass
from typing import Any

from realtime.hub.channel import Channel
from realtime.hub.context import Context
from realtime.hub.directory import Directory
from realtime.hub.envelope import Outbox, ToldSignal, pack_signal
from realtime.hub.frames import signal as signal_frame
from realtime.hub.ports import JSON
from realtime.hub.presence import Presence
from realtime.hub.wire import frame_text

_LIST_AT_MOST = 25
_KEYS_AT_MOST = 100
PEOPLE = "people"


def merge(older: JSON, newer: JSON) -> JSON:
    """Make one of two: numbers add up, lists unite, objects merge by key, anything else is the newer."""
    merged = dict(older)
    for key, value in newer.items():
        if key in merged or len(merged) < _KEYS_AT_MOST:
            merged[key] = _merge_values(merged[key], value) if key in merged else value
    return merged


def _merge_values(older: Any, newer: Any) -> Any:
    if isinstance(older, dict) and isinstance(newer, dict):
        return merge(older, newer)
    if isinstance(older, list) and isinstance(newer, list):
        return (older + [item for item in newer if item not in older])[:_LIST_AT_MOST]
    if _is_number(older) and _is_number(newer):
        return older + newer
    return newer


def _is_number(value: Any) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)


@dataclass(slots=True)
class _Gathering:
    """One name on one channel: what waits for our own listeners, and what for the other nodes."""

    told_at: float
    here: JSON | None = None
    elsewhere: JSON | None = None
    waiting: bool = False


class Signals:
    """Passes signals on: the first at once, further ones of the same name and channel merged, once a second."""

    def __init__(self, context: Context, directory: Directory, presence: Presence, outbox: Outbox) -> None:
        self._context = context
        self._directory = directory
        self._presence = presence
        self._outbox = outbox
        self._gatherings: dict[tuple[str, str], _Gathering] = {}

    def say(self, channel: str, name: str, data: JSON) -> None:
        """A signal that began on this node."""
        gathering = self._gathering(channel, name)
        gathering.elsewhere = merge(gathering.elsewhere or {}, data)
        self._hear(gathering, channel, name, data)

    def tell_here(self, channel: str, name: str, data: JSON) -> None:
        """Neither merged nor told to other nodes; who says it keeps it seldom."""
        self._push(channel, name, data)

    def heard(self, channel: Channel, told: ToldSignal) -> None:
        """A signal, perhaps already a sum, from another node."""
        self._hear(self._gathering(channel.name, told.name), channel.name, told.name, told.data)

    def sweep(self, now: float) -> None:
        old = now - 2 * self._context.limits.signal_s
        for key in [key for key, gathering in self._gatherings.items() if gathering.told_at < old]:
            if not self._gatherings[key].waiting:
                del self._gatherings[key]

    def _gathering(self, channel: str, name: str) -> _Gathering:
        return self._gatherings.setdefault((channel, name), _Gathering(told_at=float("-inf")))

    def _hear(self, gathering: _Gathering, channel: str, name: str, data: JSON) -> None:
        gathering.here = merge(gathering.here or {}, data)
        if gathering.waiting:
            return
        wait = gathering.told_at + self._context.limits.signal_s - self._context.clock()
        if wait <= 0:
            self._tell(gathering, channel, name)
        else:
            gathering.waiting = True
            asyncio.get_running_loop().call_later(wait, self._tell, gathering, channel, name)

    def _tell(self, gathering: _Gathering, channel: str, name: str) -> None:
        gathering.waiting = False
        gathering.told_at = self._context.clock()
        here, gathering.here = gathering.here, None
        elsewhere, gathering.elsewhere = gathering.elsewhere, None
        if elsewhere is not None:
            self._outbox.put(channel, pack_signal(ToldSignal(self._context.node, name, elsewhere)))
        if here is not None:
            self._push(channel, name, here)

    def _push(self, name_of_channel: str, name: str, data: JSON) -> None:
        channel = self._directory.get(name_of_channel)
        if channel is None or not channel.live:
            return
        if PEOPLE in data and self._presence.audience(channel) > self._context.limits.names_up_to:
            data = {key: value for key, value in data.items() if key != PEOPLE}
            if not data:
                return
        channel.push(frame_text(signal_frame(channel=channel.name, name=name, data=data)))
