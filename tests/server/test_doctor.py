"""`multaqa doctor` beside a right installation and several wrong ones, each a real one in a network of its own."""

from __future__ import annotations

import asyncio
import os
import subprocess
import sys
from collections.abc import AsyncIterator, Mapping
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path

import pytest
import pytest_asyncio

from config.secrets import resolve
from server.doctor.finding import bad, good, warn
from server.doctor.report import language, tell
from tests.e2e.sites import ROOT, Site
from tests.support.networks import Network, networks, place_for_nobody
from tests.support.processes import Program, find_program

pytestmark = [
    pytest.mark.asyncio(loop_scope="module"),
    pytest.mark.services,
    pytest.mark.timeout(240),
    pytest.mark.skipif(os.geteuid() != 0, reason="a network of its own needs root"),
]
PORT, MEDIA, RELAY, RELAY_TLS, BROKEN = 8000, 8001, 3478, 5349, 8443
# A proxy that answers, and lets neither WebSocket nor a slow answer through as they are.
NO_SOCKETS = """
https://{host}:{broken} {{
	tls internal
	respond /ws 404
	reverse_proxy 127.0.0.1:{port}
}}
"""


@dataclass
class Place:
    """A machine with everything on it, as docker-compose.yml would start it."""

    network: Network
    environment: Mapping[str, str]

    async def doctor(self, *arguments: str, **changed: str) -> tuple[int, str]:
        """What the command says, with some settings wrong."""
        command = [*self.network.inside, sys.executable, "-m", "server", "doctor", *arguments]
        answer = await asyncio.to_thread(
            subprocess.run,
            command,
            env={**self.environment, **changed},
            cwd=ROOT,
            capture_output=True,
            text=True,
            timeout=100,
            check=False,
        )
        assert "Traceback" not in answer.stderr, answer.stderr
        return answer.returncode, answer.stdout


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def place(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Place]:
    folder = tmp_path_factory.mktemp("doctor")
    folder.chmod(0o755)
    with networks(["outside"]) as (machine, _), ExitStack() as ending:
        url = f"https://{machine.address}"
        secret = folder / "secret"
        resolve(f"file:{secret}")
        authority = folder / "caddy" / "pki" / "authorities" / "local" / "root.crt"
        site = Site(
            "serve",
            folder / "data",
            MULTAQA_PORT=str(PORT),
            MULTAQA_MEDIA_PORT=str(MEDIA),
            MULTAQA_PUBLIC_URL=url,
            MULTAQA_UPLINK_MBPS="100",
            MULTAQA_TURN_URL=(
                f"turn:{{host}}:{RELAY},turn:{{host}}:{RELAY}?transport=tcp,turns:{{host}}:{RELAY_TLS}?transport=tcp"
            ),
            MULTAQA_TURN_SECRET=f"file:{secret}",
        )
        await site.start(before=machine.inside)
        try:
            proxy = Program.start(
                [*machine.inside, find_program("caddy"), "run", "--config", _caddyfile(folder, machine.address)],
                env=os.environ
                | {"XDG_DATA_HOME": str(folder), "XDG_CONFIG_HOME": str(folder)}
                | {"MULTAQA_PUBLIC_URL": url, "MULTAQA_UPSTREAM": f"127.0.0.1:{PORT}"},
            )
            ending.callback(proxy.stop)
            await asyncio.to_thread(proxy.wait_for, "certificate obtained successfully")
            relay = Program.start(
                [*machine.inside, "sh", ROOT / "config" / "deploy" / "coturn.sh"],
                env=os.environ
                | {
                    "COTURN_RUN": ending.enter_context(place_for_nobody()),
                    "MULTAQA_PUBLIC_URL": url,
                    "MULTAQA_TURN_PORT": str(RELAY),
                    "MULTAQA_TURNS_PORT": str(RELAY_TLS),
                    "MULTAQA_TURN_SECRET_FILE": str(secret),
                    "MULTAQA_CERTIFICATES": str(folder),
                },
            )
            ending.callback(relay.stop)
            await asyncio.to_thread(relay.wait_for, "SQLite DB connection success")
            spoken = {"LANG": "en_GB.UTF-8", "LC_ALL": "", "RES_OPTIONS": "timeout:1 attempts:1"}
            yield Place(machine, {**site.environment, **spoken, "SSL_CERT_FILE": str(authority)})
        finally:
            await site.stop()


def _caddyfile(folder: Path, host: str) -> Path:
    file = folder / "Caddyfile"
    ours = (ROOT / "config" / "deploy" / "Caddyfile").read_text()
    file.write_text(ours + NO_SOCKETS.format(host=host, broken=BROKEN, port=PORT))
    return file


async def test_what_deserves_a_look_is_counted_at_the_end() -> None:
    said: list[str] = []
    assert tell([good("clock"), warn("clock", "unknown")], "en", said.append)
    assert said[-1].endswith("1, marked !")
    assert not tell([bad("redis", "away"), warn("clock", "unknown")], "ar", said.append)
    assert "إصلاح: 1" in said[-1]


async def test_right_installation_is_well(place: Place) -> None:
    code, told = await place.doctor()
    assert code == 0, told
    assert "✗" not in told
    for name in ("Database", "Server", "Name", "Certificate", "Proxy", "Live talks", "UDP", "Uplink"):
        assert f"✓ {name}: " in told, told
    assert told.count("✓ Relay: ") == 3
    assert "Whether a firewall further out lets others in is not seen from here" in told


async def test_it_speaks_the_operators_language(place: Place) -> None:
    (_, by_terminal), (_, by_option) = await asyncio.gather(
        place.doctor(LANG="ar_JO.UTF-8"), place.doctor("--language", "ar")
    )
    assert "✓ قاعدة البيانات: SQLite تجيب" in by_terminal
    assert [line.split(":")[0] for line in by_terminal.splitlines()] == [
        line.split(":")[0] for line in by_option.splitlines()
    ]


# What is set wrong, and what is told of it.
WRONG: tuple[tuple[dict[str, str], list[str]], ...] = (
    (
        {
            "TURN_SECRET": "another",
            "PORT": "8009",
            "DATA_DIR": "/tmp/no-such-folder",
            "MEDIA_CONTROL": "unix:{data}/run/media.sock",
        },
        ["Relay: turn:{host}:3478 refuses our key", "Server: does not answer", "Database: There is none"],
    ),
    (
        {"TURN_URL": "turn:{host}:3479", "PUBLIC_URL": "https://{host}:8443"},
        ["Relay: turn:{host}:3479 does not answer", "Proxy: It does not pass WebSocket"],
    ),
    (
        {
            "PUBLIC_URL": "https://no.such.name.invalid",
            "MEDIA_CONTROL": "unix:/nowhere.sock",
            "DATABASE_URL": "postgresql://x@127.0.0.1:9/x",
            "REDIS_URL": "redis://127.0.0.1:9",
        },
        [
            "Name: no.such.name.invalid leads nowhere",
            "Live talks: The media process does not answer",
            "Database: PostgreSQL does not answer",
            "Redis: does not answer",
        ],
    ),
    ({"PUBLIC_URL": "http://{host}"}, ["Certificate: http://{host} is plain HTTP"]),
    ({"AUTHORITY": ""}, ["Certificate: Browsers do not trust the one of {host}"]),
)


async def test_wrong_installations_are_told_each_for_what_it_is(place: Place) -> None:
    def filled(text: str) -> str:
        data = place.environment["MULTAQA_DATA_DIR"]
        return text.replace("{data}", data).replace("{host}", place.network.address)

    async def told_of(changed: dict[str, str], sentences: list[str]) -> None:
        settings = {f"MULTAQA_{name}": filled(value) for name, value in changed.items() if name != "AUTHORITY"}
        if "AUTHORITY" in changed:
            settings["SSL_CERT_FILE"] = changed["AUTHORITY"]
        code, told = await place.doctor(**settings)
        assert code == 1, told
        for sentence in sentences:
            assert f"✗ {filled(sentence)}" in told, told

    await asyncio.gather(*(told_of(changed, sentences) for changed, sentences in WRONG))


async def test_closed_port_is_told(place: Place) -> None:
    place.network.drop(f"udp sport {MEDIA}")
    code, told = await place.doctor()
    assert code == 1
    where = f"{place.network.address}, port {MEDIA}"
    assert f"✗ UDP: {where} does not answer. Let the firewall pass UDP {MEDIA}" in told
    assert told.count("✗ Relay: ") == 3
    assert "from there UDP does not reach media" in told


@pytest.mark.parametrize(
    ("environment", "locale"),
    [
        ({"LANG": "ar_EG.UTF-8"}, "ar"),
        ({"LANG": "ar", "LC_ALL": "en_US.UTF-8"}, "en"),
        ({"LANG": "C.UTF-8"}, "en"),
        ({}, "ar"),
    ],
)
async def test_language_is_the_terminals(environment: dict[str, str], locale: str) -> None:
    assert language(environment) == locale
