"""PROTOCOL.md and the code say the same."""

from __future__ import annotations

import ast
import json
import re
from pathlib import Path
from typing import Any, get_args

import pytest
from pydantic import BaseModel

from realtime.hub import frames
from realtime.hub.deflate import WINDOW_BITS
from realtime.hub.frames import CLIENT_FRAMES, SERVER_FRAMES, BadFrameError, Close, parse_client_frame
from realtime.hub.limits import Limits
from realtime.hub.ports import Position
from realtime.hub.subscribing import SENTENCES
from realtime.hub.uvicorn import FRAGMENTS_AT_MOST

ROOT = Path(__file__).parents[2]
PAGE = (ROOT / "realtime" / "PROTOCOL.md").read_text()
EXAMPLES: list[tuple[str, str, str]] = re.findall(
    r"```json (client|server) ([a-z ]+)\n(.+?)\n```", PAGE, re.DOTALL
)
ROWS = [[cell.strip() for cell in line.strip("|").split("|")] for line in PAGE.splitlines() if line[:2] == "| "]


def parsed(side: str, text: str) -> BaseModel:
    return parse_client_frame(text) if side == "client" else SERVER_FRAMES.validate_json(text)


@pytest.mark.parametrize(("side", "name", "text"), EXAMPLES, ids=[name for _, name, _ in EXAMPLES])
def test_example_is_a_frame_and_says_itself_again(side: str, name: str, text: str) -> None:
    frame = parsed(side, text)
    assert json.loads(text) == frame.model_dump()
    assert name.split()[0] in (getattr(frame, "do", None), getattr(frame, "type", None))


def test_every_type_of_frame_has_an_example() -> None:
    types = {*get_args(get_args(frames.ClientFrame)[0]), *get_args(frames.ServerFrame)}
    replies = {frames.Recovered, frames.NotRecovered, frames.Done}
    shown: set[type] = set()
    for side, _, text in EXAMPLES:
        frame = parsed(side, text)
        shown |= {type(frame), type(getattr(frame, "ok", None))}
    assert types | replies <= shown


def test_close_codes_are_those_of_the_page() -> None:
    told = {int(row[0]): (row[1].strip("`"), row[2].startswith("`retry")) for row in ROWS if row[0].isdigit()}
    assert told == {code.value: (code.name, code.comes_back) for code in Close}


def test_error_codes_are_those_of_the_page() -> None:
    told = {row[0].strip("`") for row in ROWS if re.fullmatch(r"`[a-z]+\.[a-z_]+`", row[0])}
    assert told == {*SENTENCES, "channel.not_subscribed"}


def test_every_promise_names_a_test_that_exists() -> None:
    promises = [row[1].strip("`") for row in ROWS if "::" in row[1]]
    assert len(promises) >= 25
    for promise in promises:
        path, name = promise.split("::")
        assert name in named_in(ROOT / path), promise


def named_in(path: Path) -> set[str]:
    text = path.read_text()
    if path.suffix == ".ts":
        return set(re.findall(r"\bit(?:\.each\(.*\))?\('([^']+)'", text))
    return {node.name for node in ast.walk(ast.parse(text)) if isinstance(node, ast.AsyncFunctionDef)}


def test_limits_are_those_of_the_page() -> None:
    limits = Limits()
    for words in (
        f"{limits.subscriptions} subscriptions and {limits.connections_per_person} connections a person",
        f"{limits.connections_per_address:,} connections an address",
        f"{limits.rate_per_s:.0f} messages a second with {limits.rate_burst:.0f} at once",
        f"more than {limits.recovery_frames} publications or {limits.recovery_bytes >> 10} KiB",
        f"where more than {limits.names_up_to} people listen",
        f"at most {frames.MAX_MESSAGE_BYTES >> 10} KiB",
        f"forgotten after {limits.presence_forget_s:.0f} seconds",
        f"under {limits.deflate_from} bytes",
        f"a window of {WINDOW_BITS} bits",
        f"than {FRAGMENTS_AT_MOST:,} fragments",
    ):
        assert words in PAGE, words


def built() -> list[bytes]:
    """Every frame the code writes by hand, for the strict types to judge."""
    publication = frames.publication(
        channel="session:a",
        offset=1,
        id="p1",
        name="message.posted",
        at="2026-11-21T08:00:00Z",
        data={"text": "سلام"},
    )
    before, after = frames.reply_recovered(1, Position(1, "p1"))
    return [
        frames.BEAT,
        publication,
        frames.hello(connection="c", build="b", beat=20),
        frames.reply_done(1),
        frames.reply_error(1, code="channel.refused", message="No."),
        frames.reply_not_recovered(1, Position(0, None), 100),
        before + after,
        before + frames.join_publications([memoryview(publication), memoryview(publication)]) + after,
        frames.signal(channel="session:a", name="presence", data={"count": 1, "people": None}),
        frames.unsubscribed(channel="session:a", code="access.lost"),
    ]


@pytest.mark.parametrize("payload", built(), ids=range(len(built())))
def test_frame_the_code_writes_is_of_a_strict_type(payload: bytes) -> None:
    frame = SERVER_FRAMES.validate_json(payload)
    assert frame.model_dump() == json.loads(payload)


def test_no_frame_with_nan_is_ever_written() -> None:
    with pytest.raises(ValueError, match="Out of range float"):
        frames.dump({"a": float("nan")})


@pytest.mark.parametrize("text", ['{"do":"beat","more":1}', '{"do":"shout"}', "{}"])
def test_unknown_fields_and_frames_are_refused(text: str) -> None:
    with pytest.raises(BadFrameError):
        parse_client_frame(text)


def test_schemas_can_be_published() -> None:
    """/api/events.json shows them."""
    schemas: list[dict[str, Any]] = [adapter.json_schema() for adapter in (CLIENT_FRAMES, SERVER_FRAMES)]
    assert all("$defs" in schema for schema in schemas)
