"""A real start as `docker-compose.yml` describes it: one line, HTTPS, and a relay that leads nowhere."""

from __future__ import annotations

import http.client
import ipaddress
import os
import socket
import ssl
import time
from collections.abc import Iterator, Sequence
from pathlib import Path
from urllib.parse import urlsplit

import psutil
import pytest
import yaml
from websockets.asyncio.client import connect
from websockets.typing import Origin, Subprotocol

from config.secrets import resolve
from config.settings import PREFIX, Settings
from tests.support.compose import FILE, ROOT, VARIABLE, Compose, fill, start_compose, substitute
from tests.support.networks import place_for_nobody
from tests.support.processes import Program, find_program, free_port

TURN_CONF = ROOT / "config" / "deploy" / "turnserver.conf"
RESTARTED_WITHIN_S = 30.0
# In a network of the test's own, which leads nowhere.
HERE = "11.22.33.44"
NEIGHBOUR = "11.22.33.45"
OUTSIDE = "44.33.22.11"  # of the NAT in front


def test_one_line_is_needed() -> None:
    needed = {match["name"] for match in VARIABLE.finditer(FILE.read_text()) if match["kind"] == ":?"}
    assert needed == {"MULTAQA_PUBLIC_URL"}


def test_missing_line_is_told() -> None:
    with pytest.raises(KeyError, match="say where people open it"):
        fill(yaml.safe_load(FILE.read_text()), {})


def test_empty_variable_takes_the_default_and_dollars_stay() -> None:
    assert substitute("${A:-1} ${A:-} ${B} $$C", {"A": "", "B": "2"}) == "1  2 $C"


@pytest.mark.parametrize("name", ["server", "media"])
def test_services_are_told_only_settings_that_exist(name: str, tmp_path: Path) -> None:
    compose = Compose(tmp_path, {"MULTAQA_PUBLIC_URL": "https://meet.example.org"})
    own = {key: value for key, value in compose.environment_of(name).items() if key.startswith(PREFIX)}
    settings = Settings.load(own)
    assert settings.secure
    if name == "server":
        assert settings.turn.split(",") == [
            "turn:meet.example.org:3478",
            "turn:meet.example.org:3478?transport=tcp",
            "turns:meet.example.org:5349?transport=tcp",
        ]


def test_server_gives_out_what_media_writes_and_knows_how_it_runs(tmp_path: Path) -> None:
    told = {"MULTAQA_MEDIA_ADDRESS": HERE, "MULTAQA_MEDIA_PROCESSES": "2", "MULTAQA_UPLINK_MBPS": "50"}
    compose = Compose(tmp_path, told | {"MULTAQA_PUBLIC_URL": "https://meet.example.org"})
    server, media = (
        Settings.load({k: v for k, v in compose.environment_of(name).items() if k.startswith(PREFIX)})
        for name in ("server", "media")
    )
    assert server.data_dir == media.data_dir == tmp_path / "data"
    assert server.media_door == media.media_door
    for name in ("media_address", "media_processes", "uplink_mbps"):
        assert getattr(server, name) == getattr(media, name) != getattr(Settings(), name)


@pytest.fixture(scope="module")
def installation() -> Iterator[Compose]:
    with start_compose() as compose:
        yield compose


@pytest.mark.services
def test_everything_is_ready_behind_https(installation: Compose) -> None:
    deadline = time.monotonic() + RESTARTED_WITHIN_S
    status, body, headers = ask(installation, "GET", "/readyz")
    while '"degraded"' in body and time.monotonic() < deadline:  # its link to media may take a moment
        time.sleep(0.2)
        status, body, headers = ask(installation, "GET", "/readyz")
    assert (status, '"ready"' in body) == (200, True), body
    assert headers["Strict-Transport-Security"] == "max-age=31536000"


@pytest.mark.services
def test_plain_http_is_sent_to_https(installation: Compose) -> None:
    connection = http.client.HTTPConnection("localhost", int(installation.environment["MULTAQA_HTTP_PORT"]))
    connection.request("GET", "/c/1", headers={"Host": "localhost"})
    answer = connection.getresponse()
    assert answer.status == 308
    assert (answer.headers["Location"] or "").startswith("https://localhost")
    connection.close()


@pytest.mark.services
def test_first_organisers_link_is_in_the_log(installation: Compose) -> None:
    link = installation.programs["server"].wait_for(r"https://\S+/setup#\S+")
    assert link[0].startswith(installation.url)


@pytest.mark.services
async def test_socket_passes_the_proxy(installation: Compose) -> None:
    url = installation.url.replace("https", "wss") + "/ws"
    protocols = [Subprotocol("multaqa.1")]
    async with connect(
        url, ssl=installation.tls, origin=Origin(installation.url), subprotocols=protocols, proxy=None
    ) as socket:
        await socket.wait_closed()
    assert socket.subprotocol == "multaqa.1"
    assert socket.close_code == 3500


@pytest.mark.services
def test_whip_passes_the_proxy(installation: Compose) -> None:
    status, body, headers = ask(installation, "POST", "/whip/0190-none", "v=0", "application/sdp")
    assert headers["Content-Type"] == "application/problem+json", body
    assert 400 <= status < 500


@pytest.mark.services
def test_relay_knows_the_secret_that_the_server_made(installation: Compose) -> None:
    secret = (installation.folder / "turn" / "secret").read_text().strip()
    port = installation.environment["MULTAQA_TURN_PORT"]
    for password, answer in ((secret, r"403 \(Forbidden IP\)"), ("a guess", "Cannot complete Allocation")):
        client = turn_client(password, port, "127.0.0.1", peer="10.77.0.9")
        client.wait_for(answer)
        client.stop()


@pytest.mark.services
def test_relay_speaks_tls_with_the_proxys_certificate(installation: Compose) -> None:
    port = int(installation.environment["MULTAQA_TURNS_PORT"])
    with (
        opened(port) as plain,
        installation.tls.wrap_socket(plain, server_hostname="localhost") as secure,
    ):
        assert secure.version() in {"TLSv1.2", "TLSv1.3"}


def opened(port: int) -> socket.socket:
    """The proxy makes its certificate in its own time, and the relay starts again when there is one."""
    deadline = time.monotonic() + RESTARTED_WITHIN_S
    while True:
        try:
            return socket.create_connection(("127.0.0.1", port), timeout=10)
        except ConnectionRefusedError:
            if time.monotonic() > deadline:
                raise
            time.sleep(0.2)


@pytest.mark.services
@pytest.mark.skipif(os.geteuid() != 0, reason="only root has a user to give up")
def test_relay_runs_as_nobody(installation: Compose) -> None:
    children = psutil.Process(installation.programs["coturn"].pid).children(recursive=True)
    (relay,) = [child for child in children if child.name() == "turnserver"]
    assert relay.username() == "nobody"
    secret = (installation.folder / "turn" / "secret").read_text().strip()
    assert secret not in " ".join(relay.cmdline())


def test_relay_denies_everything_it_is_not_told_to_allow() -> None:
    denied = [range_of(line) for line in TURN_CONF.read_text().splitlines() if line.startswith("denied-peer-ip")]
    for text in ("0.0.0.1", "10.0.0.1", "169.254.169.254", "8.8.8.8", "255.255.255.255"):
        assert any(low <= key(ipaddress.ip_address(text)) <= high for low, high in denied), text
    for text in ("::1", "::ffff:10.0.0.1", "2606:4700::1", "fd00::1", "ff02::1"):
        assert any(low <= key(ipaddress.ip_address(text)) <= high for low, high in denied), text


@pytest.fixture
def folder_for_nobody() -> Iterator[str]:
    with place_for_nobody() as folder:
        yield folder


@pytest.mark.services
@pytest.mark.skipif(os.geteuid() != 0, reason="a network of its own needs root")
def test_relay_leads_to_the_machines_own_address_only(tmp_path: Path, folder_for_nobody: str) -> None:
    secret = tmp_path / "secret"
    environment = os.environ | {
        "COTURN_RUN": folder_for_nobody,
        "MULTAQA_PUBLIC_URL": "https://meet.example.org",
        "MULTAQA_MEDIA_ADDRESS": OUTSIDE,
        "MULTAQA_TURN_PORT": str(free_port()),
        "MULTAQA_TURN_SECRET_FILE": str(secret),
    }
    password = resolve(f"file:{secret}")
    network = (
        "ip link set lo up && ip link add v0 type veth peer name v1 && ip link set v0 up && ip link set v1 up"
        f" && ip addr add {HERE}/24 dev v0 && exec sh {ROOT}/config/deploy/coturn.sh"
    )
    relay = Program.start(["unshare", "--net", "sh", "-c", network], env=environment)
    try:
        relay.wait_for("SQLite DB connection success")
        inside = ["nsenter", f"--net=/proc/{relay.pid}/ns/net"]
        for peer, refused in ((HERE, False), (OUTSIDE, False), (NEIGHBOUR, True), ("127.0.0.1", True)):
            client = turn_client(password, environment["MULTAQA_TURN_PORT"], HERE, peer=peer, before=inside)
            answer = client.wait_for(r"success: 0x|403 \(")
            client.stop()
            assert answer[0].startswith("403") is refused, peer
    finally:
        relay.stop()


def ask(
    installation: Compose, method: str, path: str, body: str | None = None, kind: str = "application/json"
) -> tuple[int, str, http.client.HTTPMessage]:
    parts = urlsplit(installation.url)
    assert parts.hostname is not None
    context: ssl.SSLContext = installation.tls
    connection = http.client.HTTPSConnection(parts.hostname, parts.port, context=context, timeout=10)
    connection.request(method, path, body, {"Content-Type": kind, "Origin": installation.url})
    answer = connection.getresponse()
    result = answer.status, answer.read().decode(), answer.headers
    connection.close()
    return result


def turn_client(secret: str, port: str, server: str, *, peer: str, before: Sequence[str] = ()) -> Program:
    """coturn's own client: one allocation, then an attempt to reach a peer."""
    options = ["-v", "-W", secret, "-u", "x", "-e", peer, "-n", "1", "-c", "-p", port, server]
    return Program.start([*before, "stdbuf", "-oL", find_program("turnutils_uclient"), *options])


def range_of(line: str) -> tuple[tuple[int, int], tuple[int, int]]:
    low, high = line.partition("=")[2].split("-")
    # coturn takes a range that starts at `::` for any address, and then refuses all of IPv4.
    assert low != "::"
    return key(ipaddress.ip_address(low)), key(ipaddress.ip_address(high))


def key(address: ipaddress.IPv4Address | ipaddress.IPv6Address) -> tuple[int, int]:
    """Addresses of both kinds, comparable."""
    return address.version, int(address)
