"""One browser and one living example for all files of this folder, in one loop.

Each file says `pytestmark = [pytest.mark.browser, pytest.mark.asyncio(loop_scope="package")]`.
"""

from __future__ import annotations

from collections.abc import AsyncIterator

import pytest
import pytest_asyncio
from playwright.async_api import Browser

from tests.e2e.chromium import chromium
from tests.e2e.demo import Demo, demonstrating


@pytest_asyncio.fixture(scope="package", loop_scope="package")
async def browser() -> AsyncIterator[Browser]:
    async with chromium() as launched:
        yield launched


@pytest_asyncio.fixture(scope="package", loop_scope="package")
async def demo(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Demo]:
    """`multaqa demo`, with the talk on air."""
    async with demonstrating(tmp_path_factory.mktemp("demo")) as started:
        yield started
