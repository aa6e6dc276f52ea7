"""What goes over the pipe between the media process and the recorder: whole messages, in order.

Both ends are of one program and one start, so the objects go as Python writes them; strangers' bytes travel inside
as bytes. A message is its length in four bytes and itself.
"""

from __future__ import annotations

import pickle
import struct
from collections.abc import Iterator
from dataclasses import dataclass
from typing import BinaryIO

from .programme import OnAir
from .source import Arrived, Medium, Reading

_LENGTH = struct.Struct(">I")


@dataclass(frozen=True, slots=True)
class Open:
    """Write this room into that folder from now on, for keeping or only for going back."""

    room: str
    folder: str
    kept: bool


@dataclass(frozen=True, slots=True)
class Arrange:
    room: str
    on_air: tuple[OnAir, ...]


@dataclass(frozen=True, slots=True)
class Speaks:
    room: str
    publisher: str | None


@dataclass(frozen=True, slots=True)
class Push:
    room: str
    publisher: str
    medium: Medium
    packet: Arrived


@dataclass(frozen=True, slots=True)
class Restart:
    room: str
    publisher: str
    medium: Medium


@dataclass(frozen=True, slots=True)
class Read:
    room: str
    publisher: str
    medium: Medium
    reading: Reading


@dataclass(frozen=True, slots=True)
class Tick:
    now: float


@dataclass(frozen=True, slots=True)
class Close:
    """`ended`: the session is over; else it may go on later in the same folder."""

    room: str
    ended: bool


@dataclass(frozen=True, slots=True)
class Ask:
    """From the recorder: a keyframe of this publisher is needed."""

    room: str
    publisher: str


@dataclass(frozen=True, slots=True)
class Told:
    """From the recorder: how a room stands. `hls`: there is something to play."""

    room: str
    folder: str
    hls: bool
    recording: bool
    fault: str | None


Message = Open | Arrange | Speaks | Push | Restart | Read | Tick | Close | Ask | Told


def pack(message: Message) -> bytes:
    body = pickle.dumps(message, protocol=pickle.HIGHEST_PROTOCOL)
    return _LENGTH.pack(len(body)) + body


def messages(stream: BinaryIO) -> Iterator[Message]:
    """Every message until the other end is closed or gone in the middle of one."""
    while len(head := stream.read(_LENGTH.size)) == _LENGTH.size:
        (length,) = _LENGTH.unpack(head)
        body = stream.read(length)
        if len(body) < length:
            return
        yield unpack(body)


def unpack(body: bytes) -> Message:
    message: Message = pickle.loads(body)
    return message
