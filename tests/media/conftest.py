"""An engine on a free port of the loopback, and clients that stay on the loopback too."""

from __future__ import annotations

from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import aclosing
from pathlib import Path

import aioice.ice
import pytest
import pytest_asyncio
from aiortc import RTCPeerConnection

from realtime.media.engine import Engine
from realtime.media.publisher import Publisher
from realtime.media.room import FeedName, Wish
from realtime.media.sender import Source
from realtime.media.settings import MediaSettings

from .clients import Watcher, accept, connection, publisher_offer

ROOM = "talk"


@pytest.fixture(autouse=True)
def _stay_on_loopback(monkeypatch: pytest.MonkeyPatch) -> None:
    """aioice leaves the loopback out, and a build machine may have nothing else."""
    monkeypatch.setattr(aioice.ice, "get_host_addresses", lambda use_ipv4, use_ipv6: ["127.0.0.1"])


@pytest_asyncio.fixture
async def engine(tmp_path: Path) -> AsyncIterator[Engine]:
    made = Engine(MediaSettings(control=tmp_path / "media.sock", host="127.0.0.1"))
    made.want(ROOM, Wish(revision=1, open=True, on_air="all"))
    yield made
    await made.close()


class Stage:
    """A room with real people in it; everything opened here is closed at the end."""

    def __init__(self, engine: Engine) -> None:
        self.engine = engine
        self._connections: list[RTCPeerConnection] = []
        self._watchers: list[Watcher] = []

    async def publish(
        self,
        id: str,
        *,
        owner: str = "speaker",
        label: str = "camera",
        kind: Source = "camera",
        codec: str | None = None,
    ) -> RTCPeerConnection:
        pc = connection()
        self._connections.append(pc)
        offer = await publisher_offer(pc, codec=codec)
        publisher = self.engine.publish(ROOM, id=id, owner=owner, label=label, kind=kind, offer=offer)
        assert isinstance(publisher, Publisher)
        await accept(pc, publisher.answer)
        return pc

    async def watch(
        self,
        id: str,
        *,
        owner: str = "guest",
        feed: FeedName = "air",
        pairs: int = 1,
        codec: str | None = None,
    ) -> Watcher:
        watcher = Watcher(pairs=pairs, codec=codec)
        self._watchers.append(watcher)
        viewer = self.engine.view(ROOM, id=id, owner=owner, feed=feed, offer=await watcher.offer())
        await watcher.accept(viewer.answer)
        return watcher

    async def close(self) -> None:
        for watcher in self._watchers:
            await watcher.close()
        for pc in self._connections:
            await pc.close()


@pytest_asyncio.fixture
async def stage(engine: Engine) -> AsyncIterator[Stage]:
    made = Stage(engine)
    yield made
    await made.close()


@pytest.fixture
def until(engine: Engine) -> Callable[[Callable[[], bool]], Awaitable[None]]:
    """Wait for something that the engine's events announce."""

    async def wait(condition: Callable[[], bool]) -> None:
        async with aclosing(engine.events.listen()) as events:
            async for _ in events:
                if condition():
                    return

    return wait
