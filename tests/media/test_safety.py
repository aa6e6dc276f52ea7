"""What strangers and ill-willed peers try on the media port, and what must come of it (OWASP ASVS 5.0, V17.2)."""

from __future__ import annotations

import asyncio
import re
import socket
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from contextlib import aclosing, asynccontextmanager, contextmanager
from pathlib import Path

import pytest
from aioice import stun

from realtime.media import reach
from realtime.media.engine import Engine
from realtime.media.room import Wish
from realtime.media.settings import MediaSettings

from .clients import Watcher, publisher_offer
from .clients import connection as new_connection
from .conftest import ROOM, Stage

# A DTLS record of a handshake that begins with a ClientHello cut off in the middle (RFC 9147 section 4).
CLIENT_HELLO = bytes.fromhex("16feff0000000000000000003a0100002e000000000000002efefd") + bytes(46)
SESSIONS = 4
STRANGERS = 5


@asynccontextmanager
async def strangers_at(port: int) -> AsyncIterator[list[socket.socket]]:
    """People who send ClientHellos as fast as they can, from addresses of their own."""
    sockets = [socket.socket(socket.AF_INET, socket.SOCK_DGRAM) for _ in range(STRANGERS)]
    for one in sockets:
        one.setblocking(False)
        one.connect(("127.0.0.1", port))

    async def flood() -> None:
        while True:
            for one in sockets:
                for _ in range(4):
                    one.send(CLIENT_HELLO)
            await asyncio.sleep(0.005)

    flooding = asyncio.create_task(flood())
    try:
        yield sockets
    finally:
        flooding.cancel()
        for one in sockets:
            one.close()


async def test_strangers_client_hellos_fail_no_set_up(engine: Engine, stage: Stage) -> None:
    """The race of ASVS 17.2.6: only who answered a signed check is let at DTLS."""
    async with strangers_at(engine.port) as strangers:
        await stage.publish("p1")
        watchers = await asyncio.gather(*(stage.watch(f"v{number}") for number in range(SESSIONS)))
        await asyncio.gather(*(watcher.sees(more=5) for watcher in watchers))
        for stranger in strangers:
            with pytest.raises(BlockingIOError):
                stranger.recv(100)
    assert engine.stats()["datagrams_strange"] > STRANGERS


@contextmanager
def victim() -> Iterator[socket.socket]:
    """Somebody who has nothing to do with it."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as one:
        one.bind(("127.0.0.1", 0))
        one.setblocking(False)
        yield one


async def test_nothing_is_sent_to_an_address_that_is_merely_named(engine: Engine, stage: Stage) -> None:
    """Candidates are how an offer would make us scan a network."""
    await stage.publish("p1")
    watcher = Watcher()
    with victim() as bystander:
        line = f"a=candidate:9 1 udp 2130706431 127.0.0.1 {bystander.getsockname()[1]} typ host\r\n"
        offer = await watcher.offer()
        named = re.sub(r"(a=candidate:.*\r\n)+", line * 8, offer, count=1)
        viewer = engine.view(ROOM, id="v1", owner="guest", feed="air", offer=named)
        viewer.patch(f"a=ice-ufrag:{_ufrag(offer)}\r\n{line}", viewer.etag)
        await watcher.accept(viewer.answer)
        await watcher.sees(more=5)
        with pytest.raises(BlockingIOError):
            bystander.recv(100)
    await watcher.close()


async def test_check_of_a_peer_that_lies_about_its_address_brings_no_media_there(engine: Engine) -> None:
    """Whoever knows the password can forge a source: what goes there are a few checks, and nothing else ever."""
    probe = engine.probe("p1", reach.OFFER)
    with victim() as bystander:
        for _ in range(50):
            signed = _signed(probe.transport.ufrag, probe.transport.password)
            probe.network.port._sort(signed, bystander.getsockname())
        await asyncio.sleep(0.2)  # aioice's checks go out every 20 ms
        assert not probe.connected
        assert probe.transport.address is None
        assert not probe.transport.send_rtp(bytes(40))
        got = _everything(bystander)
    answers = [one for one in got if one[:2] == b"\x01\x01"]
    assert len(answers) == 50  # one small answer to each, as RFC 8445 section 7.3 wants it
    assert all(len(one) < 120 for one in got)
    assert len(got) - len(answers) <= 8


async def test_checks_from_many_addresses_hold_a_bounded_number_of_pairs(engine: Engine) -> None:
    probe = engine.probe("p1", reach.OFFER)
    for number in range(500):
        signed = _signed(probe.transport.ufrag, probe.transport.password)
        probe.network.port._sort(signed, ("127.0.0.1", 20_000 + number))
    assert engine.stats()["addresses"] == 32
    assert engine.stats()["datagrams_strange"] == 500 - 32


async def test_peer_with_another_certificate_is_let_go(
    engine: Engine, stage: Stage, until: Callable[[Callable[[], bool]], Awaitable[None]]
) -> None:
    """The fingerprint binds the keys to whoever was let in; the peer itself may believe that it is connected."""
    watcher = Watcher()
    offer = re.sub(r"(a=fingerprint:sha-256) .*", r"\1 " + ":".join(["AB"] * 32), await watcher.offer())
    viewer = engine.view(ROOM, id="v1", owner="guest", feed="air", offer=offer)
    accepting = asyncio.create_task(watcher.accept(viewer.answer))
    await until(lambda: not engine.owners()[ROOM])
    assert not viewer.connected
    accepting.cancel()
    await asyncio.gather(accepting, return_exceptions=True)
    await watcher.close()


async def test_set_ups_that_come_to_nothing_free_everything(tmp_path: Path) -> None:
    engine = Engine(MediaSettings(control=tmp_path / "media.sock", host="127.0.0.1", setup_s=0.3))
    engine.want(ROOM, Wish(revision=1, open=True, on_air=frozenset()))
    pc = new_connection()
    offer = await publisher_offer(pc)
    for number in range(15):
        engine.publish(ROOM, id=f"p{number}", owner=f"o{number}", label="", offer=offer)
        engine.view(ROOM, id=f"v{number}", owner="guest", feed="air", offer=offer.replace("sendonly", "recvonly"))
        if number == 0:
            assert engine.stats()["endpoints"] == 2
    async with asyncio.timeout(20), aclosing(engine.events.listen()) as events:
        async for _ in events:
            if not engine.stats()["endpoints"]:
                break
    assert engine.owners() == {ROOM: {}}
    await pc.close()
    await engine.close()


def _ufrag(offer: str) -> str:
    return next(line for line in offer.splitlines() if line.startswith("a=ice-ufrag:")).partition(":")[2]


def _signed(ufrag: str, password: str) -> bytes:
    message = stun.Message(message_method=stun.Method.BINDING, message_class=stun.Class.REQUEST)
    message.attributes["USERNAME"] = f"{ufrag}:doctor"
    message.attributes["PRIORITY"] = 1
    message.attributes["ICE-CONTROLLING"] = 1
    message.add_message_integrity(password.encode())
    return bytes(message)


def _everything(one: socket.socket) -> list[bytes]:
    found: list[bytes] = []
    while True:
        try:
            found.append(one.recv(2048))
        except BlockingIOError:
            return found
