"""Random commands over the whole HTTP API, as its own description says they look: never an error of ours."""

from __future__ import annotations

import asyncio
import itertools
import os
import random
import shutil
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import requests
import schemathesis
from hypothesis import HealthCheck, Phase, given, seed, settings
from schemathesis import Case
from schemathesis.core.result import Ok

from server.api.rates import Limiter
from server.domain.errors import BadInput
from server.domain.programme_sheet import read_lines
from tests.support.app import Server, serving
from tests.support.client import COOKIE
from tests.support.people import World, settle
from tests.support.services import Backend

pytestmark = [pytest.mark.fuzz, pytest.mark.whole, pytest.mark.timeout(3600)]
LONG = "FUZZ_SECONDS" in os.environ
SECONDS = 5 * float(os.environ.get("FUZZ_SECONDS", "2"))
AT_ONCE = 10 if LONG else 1
FITTING = 0.8  # of the path's ids are of rows that are there; the rest are as random as the body
OURS_TO_SAY = {503}  # media is away here, and says so
ENDING = {"person.sign_out", "login.end"}  # afterwards everything would only be refused
SEED = int(os.environ.get("FUZZ_SEED") or random.SystemRandom().randrange(1 << 32))


async def test_no_request_is_an_error_of_ours(
    sqlite_template: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(Limiter, "hit", lambda *_: None)
    file = tmp_path / "multaqa.sqlite"
    await asyncio.to_thread(shutil.copyfile, sqlite_template, file)
    async with serving(Backend("sqlite-memory", f"sqlite:///{file}", None), tmp_path / "data") as server:
        world = await settle(server.db)
        async with server.browser() as nobody:
            document = await nobody.get("/api/openapi.json")
        tried = await asyncio.to_thread(attack, server, world, document)
    everything = sum(len(methods) for methods in document["paths"].values()) - len(ENDING)
    assert len(tried) == everything if LONG else tried


def attack(server: Server, world: World, document: dict[str, Any]) -> set[str]:
    """Operations in an order of chance until the time is up, each at least once when there is much of it."""
    schema = schemathesis.openapi.from_dict(document)
    operations = [result.ok() for result in schema.get_all_operations() if isinstance(result, Ok)]
    operations = [one for one in operations if one.definition.raw["operationId"] not in ENDING]
    rows = {
        "conference_id": world.conference,
        "session_id": world.session,
        "team_id": world.team,
        "board_id": world.board,
        "card_id": world.card,
    }
    chance = random.Random(SEED)
    chance.shuffle(operations)
    tried: set[str] = set()
    until = time.monotonic() + SECONDS
    with requests.Session() as http:
        http.cookies.set(COOKIE, world["organiser"].token)
        http.headers["Origin"] = server.url
        http.trust_env = False
        for number, operation in enumerate(itertools.cycle(operations)):
            if time.monotonic() > until and not (LONG and number < len(operations)):
                return tried
            name = operation.definition.raw["operationId"]
            tried.add(name)
            _attack_one(operation.as_strategy(), number, _asker(http, server.url, rows, chance, name))
    raise AssertionError("unreachable")


def _asker(
    http: requests.Session, url: str, rows: dict[str, Any], chance: random.Random, name: str
) -> Callable[[Case[Any]], None]:
    def ask(case: Case[Any]) -> None:
        for parameter in case.path_parameters or {}:
            if parameter in rows and chance.random() < FITTING:
                case.path_parameters[parameter] = str(rows[parameter])
        # The description names the login as a secret, for which it would make up another each time.
        case.cookies = dict(http.cookies)
        answer = case.call(base_url=url, session=http)
        assert answer.status_code < 500 or answer.status_code in OURS_TO_SAY, (
            f"{name}, seed {SEED}: {answer.status_code} for {case.as_curl_command()}"
        )

    return ask


def _attack_one(strategy: Any, number: int, ask: Callable[[Case[Any]], None]) -> None:
    @seed(SEED + number)
    @settings(
        max_examples=AT_ONCE,
        deadline=None,
        database=None,
        phases=[Phase.generate],
        suppress_health_check=list(HealthCheck),
    )
    @given(strategy)
    def run(case: Case[Any]) -> None:
        ask(case)

    run()


def test_what_is_no_sheet_is_refused_and_old_line_ends_are_read() -> None:
    """Found by the commands above."""
    with pytest.raises(BadInput, match=r"^sheet\."):
        read_lines('"' + "x" * 200_000)
    assert read_lines("a,b\rc,d")
