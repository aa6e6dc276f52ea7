"""Every frame on the wire as a strict type; PROTOCOL.md shows each of them and a test compares the two.

Frames from clients are read with these types. Of the frames to clients, the rare ones are written with them; a
publication is encoded once where it is stored, and a reply that replays publications joins their bytes.
"""

import json
from collections.abc import Iterable
from enum import IntEnum
from math import isfinite
from typing import Annotated, Any, Literal, TypeAlias

from pydantic import BaseModel, ConfigDict, Field, TypeAdapter, ValidationError

from realtime.hub.ports import JSON, Position

SUBPROTOCOL = "multaqa.1"
MAX_MESSAGE_BYTES = 64 << 10
_MAX_SAFE_INTEGER = (1 << 53) - 1  # what JavaScript counts exactly


class Close(IntEnum):
    """Close codes: below 3500 the client comes back after `retry=<ms>-<ms>`, from 3500 on it does not."""

    RESTART = 1012
    SLOW = 3008
    IDLE = 3009
    POSITION_LOST = 3010
    LOGIN_ENDED = 3500
    NOT_ALLOWED = 3501
    PROTOCOL = 3502
    LIMIT = 3503

    @property
    def comes_back(self) -> bool:
        return self < Close.LOGIN_ENDED


class BadFrameError(Exception):
    """A client sent what is not a frame of this protocol."""


class _Strict(BaseModel):
    model_config = ConfigDict(strict=True, extra="forbid", frozen=True, allow_inf_nan=False)


ChannelName = Annotated[str, Field(max_length=200, pattern=r"^[a-z][a-z_]*(:[A-Za-z0-9_-]+)*$")]
SignalName = Annotated[str, Field(max_length=40, pattern=r"^[a-z][a-z_.]*$")]
RequestId = Annotated[int, Field(ge=0, le=_MAX_SAFE_INTEGER)]
PublicationId = Annotated[str, Field(min_length=1, max_length=64)]
Offset = Annotated[int, Field(ge=0, le=_MAX_SAFE_INTEGER)]


class WirePosition(_Strict):
    offset: Offset
    id: PublicationId | None


# From the client


class Subscribe(_Strict):
    do: Literal["subscribe"]
    id: RequestId
    channel: ChannelName
    position: WirePosition | None


class Unsubscribe(_Strict):
    do: Literal["unsubscribe"]
    id: RequestId
    channel: ChannelName


class SendSignal(_Strict):
    do: Literal["signal"]
    id: RequestId
    channel: ChannelName
    name: SignalName
    data: dict[str, Any]


class BeatAnswer(_Strict):
    do: Literal["beat"]


ClientFrame: TypeAlias = Annotated[Subscribe | Unsubscribe | SendSignal | BeatAnswer, Field(discriminator="do")]
CLIENT_FRAMES: TypeAdapter[Subscribe | Unsubscribe | SendSignal | BeatAnswer] = TypeAdapter(ClientFrame)


def parse_client_frame(data: bytes | str) -> Subscribe | Unsubscribe | SendSignal | BeatAnswer:
    """Read one frame from a client, or raise BadFrameError, whether JSON, type, field or depth is wrong."""
    try:
        frame = CLIENT_FRAMES.validate_json(data)
    except (ValidationError, ValueError, RecursionError) as fault:
        raise BadFrameError from fault
    if isinstance(frame, SendSignal) and not _plain(frame.data, levels=_MAX_LEVELS):
        raise BadFrameError
    return frame


_MAX_LEVELS = 8


def _plain(value: object, *, levels: int) -> bool:
    """Whether a value is shallow and free of NaN and infinity, which the JSON parser lets through."""
    if isinstance(value, float):
        return isfinite(value)
    if isinstance(value, dict):
        return levels > 0 and all(_plain(item, levels=levels - 1) for item in value.values())
    if isinstance(value, list):
        return levels > 0 and all(_plain(item, levels=levels - 1) for item in value)
    return True


# To the client


class Hello(_Strict):
    type: Literal["hello"] = "hello"
    connection: str
    build: str
    beat: int


class Publication(_Strict):
    type: Literal["publication"] = "publication"
    channel: ChannelName
    offset: Annotated[int, Field(ge=1, le=_MAX_SAFE_INTEGER)]
    id: PublicationId
    name: str
    at: str
    data: dict[str, Any]


class Recovered(_Strict):
    recovered: Literal[True]
    position: WirePosition
    publications: list[Publication]


class NotRecovered(_Strict):
    recovered: Literal[False]
    position: WirePosition
    jitter_ms: Annotated[list[int], Field(min_length=2, max_length=2)]
    publications: Annotated[list[Publication], Field(max_length=0)]


class Done(_Strict):
    """The answer to what needs none but yes."""


class Fault(_Strict):
    code: str
    message: str


class ReplyOk(_Strict):
    type: Literal["reply"] = "reply"
    id: RequestId
    ok: Recovered | NotRecovered | Done


class ReplyError(_Strict):
    type: Literal["reply"] = "reply"
    id: RequestId
    error: Fault


class Signal(_Strict):
    type: Literal["signal"] = "signal"
    channel: ChannelName
    name: SignalName
    data: dict[str, Any]


class Unsubscribed(_Strict):
    type: Literal["unsubscribed"] = "unsubscribed"
    channel: ChannelName
    code: str


class Beat(_Strict):
    type: Literal["beat"] = "beat"


ServerFrame: TypeAlias = Hello | ReplyOk | ReplyError | Publication | Signal | Unsubscribed | Beat
SERVER_FRAMES: TypeAdapter[ServerFrame] = TypeAdapter(ServerFrame)


def dump(value: object) -> bytes:
    """Compact JSON as it goes over the wire; refuses NaN, which no browser can read."""
    return json.dumps(value, ensure_ascii=False, separators=(",", ":"), allow_nan=False).encode()


def hello(*, connection: str, build: str, beat: int) -> bytes:
    return dump({"type": "hello", "connection": connection, "build": build, "beat": beat})


def publication(*, channel: str, offset: int, id: str, name: str, at: str, data: JSON) -> bytes:
    """The payload of a `Frame`: encoded once, where the publication is stored or read."""
    return dump(
        {
            "type": "publication",
            "channel": channel,
            "offset": offset,
            "id": id,
            "name": name,
            "at": at,
            "data": data,
        }
    )


def reply_done(id: int) -> bytes:
    return b'{"type":"reply","id":%d,"ok":{}}' % id


def reply_error(id: int, *, code: str, message: str) -> bytes:
    return dump({"type": "reply", "id": id, "error": {"code": code, "message": message}})


def reply_recovered(id: int, position: Position) -> tuple[bytes, bytes]:
    """What stands before and after the joined publications of a recovered subscription."""
    before = b'{"type":"reply","id":%d,"ok":{"recovered":true,"position":%s,"publications":[' % (
        id,
        _position(position),
    )
    return before, b"]}}"


def reply_not_recovered(id: int, position: Position, jitter_ms: int) -> bytes:
    return (
        b'{"type":"reply","id":%d,"ok":{"recovered":false,"position":%s,"jitter_ms":[0,%d],"publications":[]}}'
        % (id, _position(position), jitter_ms)
    )


def join_publications(payloads: Iterable[memoryview]) -> bytes:
    return b",".join(payloads)


def signal(*, channel: str, name: str, data: JSON) -> bytes:
    return dump({"type": "signal", "channel": channel, "name": name, "data": data})


def unsubscribed(*, channel: str, code: str) -> bytes:
    return dump({"type": "unsubscribed", "channel": channel, "code": code})


BEAT = b'{"type":"beat"}'


def _position(position: Position) -> bytes:
    return dump({"offset": position.offset, "id": position.id})
