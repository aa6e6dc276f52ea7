"""One browser, one living example and one house of two processes for all files of this folder, in one loop.

Each file says `pytestmark = [pytest.mark.browser, pytest.mark.asyncio(loop_scope="package")]`.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterator

import pytest
import pytest_asyncio
from playwright.async_api import Browser

from tests.e2e.chromium import chromium
from tests.e2e.demo import Demo, demonstrating
from tests.e2e.house import House, database, lay_out_talk
from tests.e2e.sites import Site, running
from tests.support.faults import fault_proxy
from tests.support.processes import free_port
from tests.support.services import PostgresServer, RedisServer


@pytest_asyncio.fixture(scope="package", loop_scope="package")
async def browser() -> AsyncIterator[Browser]:
    async with chromium() as launched:
        yield launched


@pytest_asyncio.fixture(scope="package", loop_scope="package")
async def demo(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Demo]:
    """`multaqa demo`, with the talk on air."""
    async with demonstrating(tmp_path_factory.mktemp("demo")) as started:
        yield started


@pytest.fixture(scope="package")
def urls(
    postgres_server: PostgresServer, redis_server: RedisServer, postgres_template: str
) -> Iterator[tuple[str, str]]:
    redis_server.flush()
    name = postgres_server.create(template=postgres_template)
    yield postgres_server.url(name), redis_server.url
    postgres_server.drop(name)


@pytest_asyncio.fixture(scope="package", loop_scope="package")
async def house(urls: tuple[str, str], tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[House]:
    async with database(urls[0]) as db:
        world = await db.write(lay_out_talk)
    folder = tmp_path_factory.mktemp("house")
    shared = {
        "MULTAQA_DATABASE_URL": urls[0],
        "MULTAQA_REDIS_URL": urls[1],
        "MULTAQA_MEDIA_CONTROL": f"unix:{folder}/media.sock",
    }
    port = free_port()
    async with fault_proxy("127.0.0.1", port) as network:
        public = {"MULTAQA_PUBLIC_URL": f"http://127.0.0.1:{network.port}", "MULTAQA_PORT": str(port)}
        media = Site("media", folder / "media", **shared)
        left = Site("serve", folder / "left", **shared)
        right = Site("serve", folder / "right", **shared | public)
        async with running(media, left, right):
            yield House(world, left.url, right.url, network)
