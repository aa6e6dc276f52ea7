"""What is answered early is still heard out."""

from __future__ import annotations

import pytest
from starlette.responses import PlainTextResponse
from starlette.types import Message, Receive, Scope, Send

from server.hearing import MOST_BYTES, Hearing


async def refuse(scope: Scope, receive: Receive, send: Send) -> None:
    await PlainTextResponse("no", status_code=401)(scope, receive, send)


async def read_all(scope: Scope, receive: Receive, send: Send) -> None:
    while (await receive()).get("more_body"):
        pass
    await refuse(scope, receive, send)


def parts(*sizes: int) -> list[Message]:
    last = len(sizes) - 1
    return [
        {"type": "http.request", "body": b"x" * size, "more_body": number < last}
        for number, size in enumerate(sizes)
    ]


async def run(app: object, waiting: list[Message], *, with_body: bool = True) -> list[str]:
    """Answer a request of these parts; returns what was sent, and takes what was read out of `waiting`."""
    sent: list[str] = []

    async def receive() -> Message:
        return waiting.pop(0)

    async def send(message: Message) -> None:
        sent.append(message["type"])

    headers = [(b"content-length", b"9")] if with_body else []
    scope: Scope = {"type": "http", "method": "POST", "path": "/", "headers": headers}
    await Hearing(app)(scope, receive, send)  # type: ignore[arg-type]  # plain functions are applications
    return sent


@pytest.mark.parametrize("app", [refuse, read_all])
async def test_body_is_read_once_and_whole_before_the_answer(app: object) -> None:
    waiting = [*parts(3, 3, 3), {"type": "http.disconnect"}]
    assert await run(app, waiting) == ["http.response.start", "http.response.body"]
    assert waiting == [{"type": "http.disconnect"}]


async def test_request_without_body_is_not_waited_for() -> None:
    assert len(await run(refuse, [], with_body=False)) == 2


async def test_endless_body_is_answered_in_the_end() -> None:
    waiting = parts(MOST_BYTES, 1, 1)
    assert len(await run(refuse, waiting)) == 2
    assert len(waiting) == 2


async def test_who_hangs_up_is_not_waited_for() -> None:
    waiting: list[Message] = [{"type": "http.disconnect"}]
    assert len(await run(refuse, waiting)) == 2
    assert waiting == []
