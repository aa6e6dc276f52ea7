"""Whatever comes in: a clean answer with a code and a sentence, and nobody else notices."""

from __future__ import annotations

import asyncio
import json
from typing import Any

import pytest
from structlog.testing import capture_logs

from models.base import new_id
from server import messages
from server.api.problem import Problem
from tests.support.app import Server
from tests.support.people import World

pytestmark = pytest.mark.asyncio(loop_scope="module")

JSON_TYPE = {"Content-Type": "application/json"}
DEEP = b'{"text":' + b"[" * 20_000 + b"]" * 20_000 + b"}"

# What is sent as a message, and the status and code it gets.
BODIES: dict[str, tuple[bytes, int, str]] = {
    "too large": (json.dumps({"text": "x" * 70_000}).encode(), 413, "body.too_large"),
    "empty": (b"", 400, "json.malformed"),
    "not JSON": (b"text=hello", 400, "json.malformed"),
    "cut short": (b'{"text": "hel', 400, "json.malformed"),
    "not UTF-8": (b'{"text": "\xff\xfe"}', 400, "json.malformed"),
    "lone surrogate": (b'{"text": "a\\ud800b"}', 400, "json.malformed"),
    "deep nesting": (DEEP, 400, "json.malformed"),
    "NaN": (b'{"text": NaN}', 422, "input.unusable"),
    "a number": (b'{"text": 1e999}', 422, "input.unusable"),
    "a list": (b'["text"]', 422, "input.unusable"),
    "null": (b"null", 422, "input.unusable"),
    "missing": (b"{}", 422, "input.unusable"),
    "unknown field": (b'{"text": "a", "place": 1}', 422, "input.unusable"),
    "too long": (json.dumps({"text": "م" * 4001}, ensure_ascii=False).encode(), 422, "input.unusable"),
    "long once composed": (json.dumps({"text": "\u0958" * 4000}).encode(), 422, "input.unusable"),
    "nothing to see": (b'{"text": " \\u0000\\u202e\\n "}', 422, "input.unusable"),
}


@pytest.mark.parametrize("name", BODIES)
async def test_bad_body_gets_a_problem(server: Server, world: World, name: str) -> None:
    body, status, code = BODIES[name]
    async with server.browser(world["attendee"].token) as me:
        answer = await me.http.post(f"/api/sessions/{world.session}/messages", content=body, headers=JSON_TYPE)
        chat = await me.get(f"/api/sessions/{world.session}/chat")
    assert (answer.status_code, answer.json()["code"]) == (status, code)
    assert_problem(answer)
    assert chat["messages"] == []


async def test_longest_message_passes(server: Server, world: World) -> None:
    async with server.browser(world["attendee"].token) as me:
        path = f"/api/sessions/{world.session}/messages"
        assert len((await me.post(path, {"text": "م" * 4000}))["text"]) == 4000
        said = await me.post(path, {"text": "a\u0000b\u202ec \u200fد\u200c"})
        assert said["text"] == "abc \u200fد\u200c"


@pytest.mark.parametrize("kind", ["text/plain", "application/x-www-form-urlencoded", "multipart/form-data", ""])
async def test_other_content_types_are_refused(server: Server, world: World, kind: str) -> None:
    async with server.browser(world["attendee"].token) as me:
        answer = await me.http.post(
            f"/api/sessions/{world.session}/messages",
            content=b'{"text": "a"}',
            headers={"Content-Type": kind} if kind else {},
        )
    assert (answer.status_code, answer.json()["code"]) == (415, "content_type.unknown")


async def test_chunked_body_is_stopped_at_its_limit(server: Server, world: World) -> None:
    async def endless() -> Any:
        for _ in range(1000):
            yield b" " * 4096

    async with server.browser(world["attendee"].token) as me:
        path = f"/api/sessions/{world.session}/messages"
        answer = await me.http.post(path, content=endless(), headers=JSON_TYPE)
    assert (answer.status_code, answer.json()["code"]) == (413, "body.too_large")


@pytest.mark.parametrize("id", ["1", "none", "00000000", "%00", "..%2f..", "a" * 300, "{}", "١٢٣"])
async def test_wrong_ids_are_not_found(server: Server, world: World, id: str) -> None:
    async with server.browser(world["attendee"].token) as me:
        for path in (f"/api/sessions/{id}", f"/api/conferences/{id}", f"/{id}"):
            answer = await me.ask("GET", path)
            assert answer.status_code == 404, path
            assert_problem(answer)


@pytest.mark.parametrize("query", ["before=x", "limit=many", "limit=-1", f"limit={'9' * 5000}", "limit=1e3"])
async def test_odd_queries_are_answered(server: Server, world: World, query: str) -> None:
    async with server.browser(world["attendee"].token) as me:
        answer = await me.ask("GET", f"/api/sessions/{world.session}/messages?{query}")
    assert answer.status_code in {200, 422}


# Values that a database, a calendar or a hash might choke on.
VALUES: list[tuple[str, str, dict[str, Any]]] = [
    ("POST", "/api/sign-up", {"name": "x", "email": "a\u0000b@example.org", "password": "12345678"}),
    ("POST", "/api/sign-up", {"name": "x", "email": "\ufdfa" * 200 + "@e.org", "password": "12345678"}),
    ("POST", "/api/sign-up", {"name": "\u0958" * 80, "email": "n@example.org", "password": "12345678"}),
    ("POST", "/api/sign-up", {"name": "x", "email": "p@example.org", "password": "x" * 201}),
    ("POST", "/api/sign-up", {"name": "x", "email": "z@example.org", "password": "12345678", "zone": "Mars/Base"}),
    ("PATCH", "/api/me", {"zone": "../../etc/passwd"}),
    ("PATCH", "/api/me", {"name": "\u202e \u200b".replace("\u200b", "")}),
    ("POST", "/api/conferences/{conference}/teams", {"title": "t" * 121}),
    ("POST", "/api/conferences/{conference}/sessions", {"title": "t", "starts_at": "0001-01-01T00:00:00+14:00", "ends_at": "9999-12-31T23:59:59-14:00"}),  # noqa: E501
    ("POST", "/api/conferences/{conference}/sessions", {"title": "t", "starts_at": "2027-01-01T10:00:00Z", "ends_at": "2027-01-01T10:00:00Z"}),  # noqa: E501
    ("POST", "/api/conferences/{conference}/sessions", {"title": "t", "starts_at": "2027-01-01T10:00:00", "ends_at": "2027-01-02T10:00:00"}),  # noqa: E501
    ("POST", "/api/conferences/{conference}/sessions", {"title": "t", "starts_at": 1e300, "ends_at": 1e301}),
    ("POST", "/api/conferences/{conference}/invitations", {"role": "king"}),
    ("POST", "/api/conferences/{conference}/invitations", {"role": "attendee", "uses": 0}),
    ("POST", "/api/conferences/{conference}/invitations", {"role": "attendee", "days": 10**30}),
    ("PATCH", "/api/conferences/{conference}", {"starts_on": "2026-02-30"}),
    ("POST", "/api/sessions/{session}/state", {"state": "paused"}),
    ("POST", "/api/boards/{board}/cards", {"column_id": "first", "title": "x"}),
    ("POST", "/api/cards/{card}/move", {"column_id": None}),
    ("POST", "/api/invitations/look", {"token": "short"}),
    ("POST", "/api/invitations/look", {"token": "t" * 129}),
]  # fmt: skip


@pytest.mark.parametrize("number", range(len(VALUES)))
async def test_unusable_values_are_named(server: Server, world: World, number: int) -> None:
    method, path, body = VALUES[number]
    names = {"conference": world.conference, "session": world.session, "board": world.board, "card": world.card}
    async with server.browser(world["organiser"].token) as me:
        answer = await me.ask(method, path.format(**names), body)
    assert (answer.status_code, answer.json()["code"]) in {(422, "input.unusable"), (422, "session.times")}
    assert answer.json()["fields"]
    assert_problem(answer)


@pytest.mark.parametrize("name", ["", "   "])
async def test_empty_boxes_are_called_empty(server: Server, name: str) -> None:
    async with server.browser(language="ar") as somebody:
        wish = {"name": name, "email": "", "password": "", "locale": "ar", "zone": "UTC"}
        answer = await somebody.ask("POST", "/api/sign-up", wish)
    assert_problem(answer)
    told = messages.sentence("ar", "field.missing")
    assert answer.json()["fields"] == {"name": told, "email": told, "password": told}


async def test_longest_values_fit_their_columns(server: Server, world: World) -> None:
    async with server.browser(world["organiser"].token) as me:
        here = f"/api/conferences/{world.conference}"
        times = {"starts_at": "2027-01-01T10:00:00.123456+03:00", "ends_at": "2027-01-01T11:00:00Z"}
        await me.post(f"{here}/teams", {"title": "ف" * 120})
        made = await me.post(
            f"{here}/sessions", {"title": "ج" * 200, "description": "و" * 4000, "hall": "ق" * 80, **times}
        )
        assert made["starts_at"] == "2027-01-01T07:00:00.123Z"
        assert (await me.get(f"/api/sessions/{made['id']}"))["session"] == made
        await me.patch(here, {"title": "م" * 200, "description": "و" * 4000})
        await me.post(f"/api/boards/{world.board}/cards", {"column_id": str(world.columns[0]), "title": "ب" * 300})
        await me.patch("/api/me", {"name": "ن" * 80})
        await me.post(f"/api/sessions/{world.session}/questions", {"text": "س" * 1000})


@pytest.mark.parametrize(
    ("language", "first"),
    [
        ("ar", "ادخل"),
        ("en", "Please"),
        ("en-GB,en;q=0.9,ar;q=0.8", "Please"),
        ("fr, ar;q=0.5", "ادخل"),
        ("fr", "ادخل"),
        ("", "ادخل"),
        ("en;q=0, ar;q=0.1", "ادخل"),
        ("en;q=nan, ar", "ادخل"),
        ("," * 5000, "ادخل"),
    ],
)
async def test_problems_speak_the_readers_language(server: Server, language: str, first: str) -> None:
    async with server.browser(language=language) as nobody:
        answer = await nobody.ask("GET", "/api/me")
    assert answer.status_code == 401
    assert answer.json()["detail"].startswith(first)


async def test_methods_and_paths_that_do_not_exist(server: Server) -> None:
    async with server.browser() as nobody:
        for method, path, status in (
            ("PUT", "/api/me", 405),
            ("HEAD", "/api/me", 405),
            ("GET", "/api/nothing/here", 404),
            ("GET", "/nothing", 404),
            ("GET", "/index.html", 404),
            ("GET", "/.env", 404),
            ("TRACE", "/api/me", 405),
        ):
            answer = await nobody.http.request(method, path)
            assert answer.status_code == status, (method, path)
            if method != "HEAD":
                assert_problem(answer)


async def test_client_that_leaves_amid_its_body_is_no_crash(server: Server, world: World) -> None:
    path = f"/api/sessions/{world.session}/messages"
    with capture_logs() as logs:
        _, writer = await asyncio.open_connection("127.0.0.1", server.settings.port)
        head = f"POST {path} HTTP/1.1\r\nHost: x\r\nOrigin: {server.url}\r\nContent-Type: application/json\r\n"
        writer.write(f'{head}Content-Length: 500\r\n\r\n{{"text": "'.encode())
        await writer.drain()
        writer.transport.abort()
        async with server.browser(world["attendee"].token) as me:
            while not any(line["event"] == "request" and line["path"] == path for line in logs):
                await me.get("/api/me")
    told = [line for line in logs if line.get("path") == path]
    assert [(line["event"], line["status"]) for line in told] == [("request", 499)]


async def test_frames_over_64_kib_and_garbage_close_that_socket_only(server: Server, world: World) -> None:
    async with (
        server.browser(world["attendee"].token) as me,
        server.browser(world["guest"].token) as other,
        other.socket() as witness,
    ):
        await witness.subscribe(world.channel)
        for text, code in (("x" * 70_000, 1009), ('{"do":"dance"}', 3502), ("[" * 10_000, 3502)):
            async with me.socket() as ear:
                await ear.send_text(text)
                assert (await ear.end())[0] == code
        await me.post(f"/api/sessions/{world.session}/messages", {"text": "ما زلنا هنا"})
        await witness.publication(world.channel, "message.posted")


def assert_problem(answer: Any) -> None:
    assert answer.headers["content-type"] == "application/problem+json"
    problem = Problem.model_validate(answer.json())
    assert problem.status == answer.status_code
    assert problem.code in messages.catalogue("en")
    assert problem.request_id == answer.headers["x-request-id"]
    assert problem.detail
    assert "Traceback" not in answer.text
    assert "SELECT" not in answer.text


async def test_unknown_key_of_nobody_says_nothing_of_rows(server: Server) -> None:
    async with server.browser() as nobody:
        answer = await nobody.ask("GET", f"/api/sessions/{new_id()}")
        assert (answer.status_code, answer.json()["code"]) == (401, "login.needed")
