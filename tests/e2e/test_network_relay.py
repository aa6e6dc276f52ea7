"""A network that lets no UDP out: people send and watch through the real relay, and who is elsewhere sees them."""

from __future__ import annotations

import asyncio
import base64
import datetime
import hashlib
import ipaddress
import os
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from playwright.async_api import Browser, Page

from config.secrets import resolve
from models.migrate import upgrade
from tests.e2e.chromium import EXECUTABLE, chromium, profile, until
from tests.e2e.house import database, lay_out_talk
from tests.e2e.media import comes_in
from tests.e2e.sites import ROOT, Site
from tests.e2e.steps import check, go_on_air, watch
from tests.support.networks import Network, networks, place_for_nobody
from tests.support.processes import Program

pytestmark = [
    pytest.mark.browser,
    pytest.mark.timeout(240),
    pytest.mark.skipif(os.geteuid() != 0, reason="a network of its own needs root"),
]
PORT, RELAY, RELAY_TLS = 8000, 3478, 443
# What the pair in use says of itself: the kind of our own end, and over what the relay is reached.
WAY = """
async () => {
  for (const peer of window.peers.filter((one) => one.connectionState === 'connected')) {
    const all = [...(await peer.getStats()).values()];
    const pair = all.find((one) => one.type === 'candidate-pair' && one.nominated && one.state === 'succeeded');
    const own = all.find((one) => one.id === pair?.localCandidateId);
    if (own) return own.candidateType === 'relay' ? `relay ${own.relayProtocol}` : own.protocol;
  }
  return null;
}
"""


async def test_without_udp_people_send_and_watch_through_the_relay(tmp_path: Path) -> None:
    with networks(["closed", "open"]) as (middle, (closed, elsewhere)):
        closed.drop("meta l4proto udp")
        url = f"http://{middle.address}:{PORT}"
        secret = tmp_path / "secret"
        resolve(f"file:{secret}")
        site = Site(
            "serve",
            tmp_path / "data",
            MULTAQA_HOST="0.0.0.0",
            MULTAQA_PORT=str(PORT),
            MULTAQA_PUBLIC_URL=url,
            MULTAQA_TURN_URL=f"turn:{{host}}:{RELAY},turn:{{host}}:{RELAY}?transport=tcp,"
            f"turns:{{host}}:{RELAY_TLS}?transport=tcp",
            MULTAQA_TURN_SECRET=f"file:{secret}",
        )
        (tmp_path / "data").mkdir()
        rows = f"sqlite:///{tmp_path}/data/multaqa.sqlite"
        await asyncio.to_thread(upgrade, rows)
        async with database(rows) as db:
            world = await db.write(lambda unit: lay_out_talk(unit))
        trust = certify(tmp_path, middle.address)
        with relaying(middle, url, secret, tmp_path):
            await site.start(before=middle.inside)
            try:
                path = f"/s/{world.session}"
                async with (
                    browsing(closed, tmp_path, url, trust) as behind,
                    browsing(elsewhere, tmp_path, url) as free,
                    profile(behind, url, world["speaker"].token) as one,
                    profile(behind, url, world["attendee"].token) as two,
                    profile(free, url, world["noor"].token) as three,
                ):
                    speaker = await one.open(f"{path}/studio")
                    await go_on_air(speaker)
                    attendee, noor = await two.open(path), await three.open(path)
                    await watch(attendee)
                    await watch(noor)
                    for page in (attendee, noor):
                        await comes_in(page)
                    checked = await check(await two.open("/check"))
                    assert (checked["verdict"], checked["udp"], checked["relay"]) == ("relay", "weak", "good")
                    assert "TCP" in checked["relay text"]
                    for page in (speaker, attendee):
                        assert await way(page) in ("relay tcp", "relay tls")
                    assert await way(noor) == "udp"

                    # Nothing but the pages and 443 is left.
                    closed.drop(f"tcp dport {RELAY}")
                    await attendee.reload()
                    await watch(attendee)
                    await comes_in(attendee)
                    assert await way(attendee) == "relay tls"
            finally:
                await site.stop()


def certify(folder: Path, address: str) -> str:
    """A certificate where the proxy would have put it, and what tells a browser to take it for good."""
    key, now = ec.generate_private_key(ec.SECP256R1()), datetime.datetime.now(datetime.UTC)
    name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, address)])
    names = x509.IPAddress(ipaddress.ip_address(address))
    certificate = (
        x509.CertificateBuilder(name, name, key.public_key(), x509.random_serial_number())
        .not_valid_before(now - datetime.timedelta(days=1))
        .not_valid_after(now + datetime.timedelta(days=30))
        .add_extension(x509.SubjectAlternativeName([names]), critical=False)
        .sign(key, hashes.SHA256())
    )
    pem, plain = serialization.Encoding.PEM, serialization.NoEncryption()
    (folder / f"{address}.crt").write_bytes(certificate.public_bytes(pem))
    (folder / f"{address}.key").write_bytes(key.private_bytes(pem, serialization.PrivateFormat.PKCS8, plain))
    public = key.public_key().public_bytes(
        serialization.Encoding.DER, serialization.PublicFormat.SubjectPublicKeyInfo
    )
    known = base64.b64encode(hashlib.sha256(public).digest()).decode()
    return f"--ignore-certificate-errors-spki-list={known}"


@contextmanager
def relaying(middle: Network, url: str, secret: Path, certificates: Path) -> Iterator[Program]:
    """coturn as docker-compose.yml starts it, on the machine in the middle."""
    with place_for_nobody() as folder:
        environment = os.environ | {
            "COTURN_RUN": folder,
            "MULTAQA_PUBLIC_URL": url,
            "MULTAQA_TURN_PORT": str(RELAY),
            "MULTAQA_TURNS_PORT": str(RELAY_TLS),
            "MULTAQA_CERTIFICATES": str(certificates),
            "MULTAQA_TURN_SECRET_FILE": str(secret),
        }
        relay = Program.start([*middle.inside, "sh", ROOT / "config" / "deploy" / "coturn.sh"], env=environment)
        try:
            relay.wait_for("SQLite DB connection success")
            yield relay
        finally:
            relay.stop()


@asynccontextmanager
async def browsing(network: Network, folder: Path, url: str, *more: str) -> AsyncIterator[Browser]:
    """A browser in that network. Without a certificate it must be told that the site may have the camera."""
    trust = f"--unsafely-treat-insecure-origin-as-secure={url}"
    async with chromium(trust, *more, executable=network.program(folder, EXECUTABLE)) as browser:
        yield browser


async def way(page: Page) -> str:
    found: str = await until(page, WAY)
    return found
