"""What supervisors and operators see: health, readiness, logs, numbers."""

from __future__ import annotations

import asyncio
import io
import json
import logging
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest
import structlog
from sqlalchemy import text as sql

from config.logging import configure
from models.base import new_id
from models.database import Unavailable
from tests.support.app import Server, serving
from tests.support.people import settle
from tests.support.services import Backend, PostgresServer, RedisServer

pytestmark = pytest.mark.asyncio(loop_scope="module")


async def readiness(server: Server) -> tuple[int, dict[str, object]]:
    async with server.browser() as probe:
        answer = await probe.ask("GET", "/readyz")
        return answer.status_code, answer.json()


async def until_degraded(server: Server, wanted: bool) -> None:
    while (await readiness(server))[1]["broker_degraded"] is not wanted:
        pass  # asked over the wire, so everybody else has their turn


async def test_without_media_it_is_degraded_and_alive(server: Server) -> None:
    status, told = await readiness(server)
    assert (status, told["state"]) == (200, "degraded")
    assert told == {
        "state": "degraded",
        "database": True,
        "schema": True,
        "disk": True,
        "draining": False,
        "broker_degraded": False,
        "media": False,
    }
    async with server.browser() as probe:
        assert (await probe.ask("GET", "/livez")).status_code == 200


@pytest.mark.parametrize(("revision", "status"), [("0001", 503), ("of a later version", 200)])
async def test_database_of_an_older_shape_is_not_ready(own_server: Server, revision: str, status: int) -> None:
    """A later one only has more in it: while servers are replaced one by one, the old ones go on."""
    change = sql("UPDATE alembic_version SET version_num = :revision")
    await own_server.db.write(lambda db: db.connection().execute(change, {"revision": revision}).rowcount)
    answered, told = await readiness(own_server)
    assert (answered, told["schema"]) == (status, status == 200)


async def test_draining_is_not_ready(own_server: Server) -> None:
    own_server.assembled.drain()
    status, told = await readiness(own_server)
    assert (status, told["state"], told["draining"]) == (503, "down", True)
    async with own_server.browser() as probe:
        assert (await probe.ask("GET", "/livez")).status_code == 200


@pytest.mark.services
async def test_without_redis_it_is_degraded_and_people_still_hear_each_other(
    postgres_server: PostgresServer, postgres_template: str, tmp_path: Path
) -> None:
    """The broker is a fast path: what it does not carry, the head check finds."""
    name = postgres_server.create(template=postgres_template)
    redis = await asyncio.to_thread(RedisServer)
    backend = Backend("postgres-redis", postgres_server.url(name), redis.url)
    try:
        async with (
            serving(backend, tmp_path / "one", node="n1") as here,
            serving(backend, tmp_path / "two", node="n2") as there,
        ):
            world = await settle(here.db)
            async with (
                here.browser(world["attendee"].token) as me,
                there.browser(world["guest"].token) as other,
                other.socket() as ear,
            ):
                await ear.subscribe(world.channel)
                await asyncio.to_thread(redis.program.stop)
                await me.post(f"/api/sessions/{world.session}/messages", {"text": "سلام"})
                await ear.publication(world.channel, "message.posted")
                await until_degraded(here, True)
                assert (await readiness(here))[0] == 200
                await asyncio.to_thread(redis.restart)
                await until_degraded(here, False)
    finally:
        await asyncio.to_thread(redis.close)
        postgres_server.drop(name)


@pytest.fixture
def lines(monkeypatch: pytest.MonkeyPatch) -> Iterator[io.StringIO]:
    """What a process would write to its log, in JSON."""
    written = io.StringIO()
    root, kept = logging.getLogger(), structlog.get_config()
    handlers, level = root.handlers[:], root.level
    monkeypatch.setattr("sys.stderr", written)
    configure("json")
    structlog.configure(cache_logger_on_first_use=False)
    yield written
    structlog.configure(**kept)
    root.handlers, root.level = handlers, level


async def test_logs_tell_requests_by_id_and_nothing_that_was_said(server: Server, lines: io.StringIO) -> None:
    world = await settle(server.db)
    secret = "a secret thing"
    async with server.browser(world["attendee"].token) as me:
        said = await me.ask("POST", f"/api/sessions/{world.session}/messages", {"text": secret})
        refused = await me.ask("POST", f"/api/sessions/{world.session}/messages", {"text": secret * 1000})
        body = {"email": "somebody@example.org", "password": secret}
        await me.ask("POST", "/api/sign-in", body)
        await me.http.get(f"/api/sessions/{new_id()}?token={secret}")
    text = lines.getvalue()
    told = [json.loads(line) for line in text.splitlines()]
    requests = {one["request_id"]: one for one in told if one["event"] == "request"}
    for answer in (said, refused):
        line = requests[answer.headers["x-request-id"]]
        assert (line["method"], line["status"]) == ("POST", answer.status_code)
        assert line["timestamp"].endswith("Z")
    for hidden in (secret, "somebody@example.org", world["attendee"].token):
        assert hidden not in text


async def test_crash_is_told_to_the_log_and_not_to_the_asker(
    server: Server, lines: io.StringIO, monkeypatch: pytest.MonkeyPatch
) -> None:
    def broken(*_: object) -> None:
        raise ZeroDivisionError("secret inside")

    monkeypatch.setattr("server.queries.people.me", broken)
    world = await settle(server.db)
    async with server.browser(world["attendee"].token) as me:
        answer = await me.ask("GET", "/api/me")
    assert (answer.status_code, answer.json()["code"]) == (500, "crash")
    assert "secret inside" not in answer.text
    crashed = next(json.loads(line) for line in lines.getvalue().splitlines() if "request.crashed" in line)
    assert crashed["request_id"] == answer.headers["x-request-id"]
    assert "ZeroDivisionError" in crashed["exception"]


async def test_database_away_is_said_and_may_be_tried_again(
    server: Server, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def away(*_: object) -> None:
        raise Unavailable

    world = await settle(server.db)
    async with server.browser(world["attendee"].token) as me:
        monkeypatch.setattr("models.database.Database.write", away)
        answer = await me.ask("PATCH", "/api/me", {"locale": "ar"})
        assert (answer.status_code, answer.json()["code"]) == (503, "away.database")
        assert answer.headers["retry-after"] == "1"


async def test_every_answer_carries_the_security_headers(server: Server) -> None:
    async with server.browser() as nobody:
        for path in ("/api/me", "/livez", "/nothing", "/api/openapi.json"):
            headers = (await nobody.ask("GET", path)).headers
            assert headers["x-content-type-options"] == "nosniff"
            assert headers["x-frame-options"] == "DENY"
            assert headers["referrer-policy"] == "same-origin"
            assert len(headers["x-request-id"]) == 16


async def test_metrics_are_numbers_of_their_own_port(server: Server) -> None:
    world = await settle(server.db)
    transport = httpx.ASGITransport(server.assembled.metrics)
    async with (
        server.browser(world["guest"].token) as me,
        me.socket(),
        httpx.AsyncClient(transport=transport, base_url="http://metrics") as prometheus,
    ):
        text = (await prometheus.get("/metrics")).text
        assert "multaqa_hub_connections 1.0" in text
        assert "multaqa_loop_lag_seconds" in text
        assert "multaqa_media_up 0.0" in text  # none runs in this test
        assert (await me.ask("GET", "/metrics")).status_code == 404
