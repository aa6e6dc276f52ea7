"""What somebody waits for who opens a talk for the first time, on a slow phone and slow 3G."""

from __future__ import annotations

import asyncio
import gzip
import tempfile
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from playwright.async_api import Browser

from models.migrate import upgrade
from tests.bench.places import ROOT
from tests.bench.rows import Row, row
from tests.e2e.chromium import EXECUTABLE, PHONE, chromium, profile, until
from tests.e2e.house import database, lay_out_talk
from tests.e2e.sites import Site, running
from tests.support.people import World

SLOW_3G = {"offline": False, "latency": 400, "downloadThroughput": 400_000 / 8, "uploadThroughput": 400_000 / 8}
CPU = 4
CONDITIONS = "stage page of a guest, phone, empty cache, 400 kb/s, 400 ms, CPU 4x slower"
# Interactive: the program runs and the chat's field is there to write in.
WATCH = """
new MutationObserver((_, watch) => {
  if (document.documentElement.dataset.ready !== 'true' || !document.querySelector('main textarea')) return;
  window.interactiveAt = performance.now();
  watch.disconnect();
}).observe(document, { subtree: true, childList: true, attributes: true });
"""
SEEN = """
() => ({
  paint: performance.getEntriesByName('first-contentful-paint')[0].startTime,
  interactive: window.interactiveAt,
  scripts: performance.getEntriesByType('resource')
    .filter((one) => one.name.endsWith('.js') && one.startTime < window.interactiveAt)
    .map((one) => one.name.split('/').at(-1)),
})
"""


@dataclass(frozen=True)
class Visit:
    paint_s: float
    interactive_s: float
    script_kb: float


def measure(rounds: int, say: Callable[[str], None]) -> Iterator[Row]:
    if not Path(EXECUTABLE).exists():
        say("  left out: Debian's chromium is not installed")
        return
    visits = asyncio.run(_visits(rounds, say))
    start = "First visit, slow 3G, CPU 4x slower"
    for name, values, bar in (
        (f"{start}: first paint", [visit.paint_s for visit in visits], 1.0),
        (f"{start}: interactive", [visit.interactive_s for visit in visits], 2.5),
    ):
        yield row(name, values, "s", conditions=CONDITIONS, bar=bar)
    scripts = [visit.script_kb for visit in visits]
    conditions = "all scripts asked for until the stage page is interactive, gzip"
    yield row("First load: stage JavaScript, gzipped", scripts, "KB", conditions=conditions, bar=45)


async def _visits(rounds: int, say: Callable[[str], None]) -> list[Visit]:
    with tempfile.TemporaryDirectory() as folder:
        url = f"sqlite:///{Path(folder, 'multaqa.sqlite')}"
        await asyncio.to_thread(upgrade, url)
        async with database(url) as db:
            world = await db.write(lay_out_talk)
        site = Site("serve", Path(folder))
        async with running(site), chromium() as browser:
            visits = []
            for number in range(rounds):
                visits.append(await _visit(browser, site, world))
                say(f"  visit {number + 1}: {visits[-1]}")
            return visits


async def _visit(browser: Browser, site: Site, world: World) -> Visit:
    async with profile(browser, site.url, world["guest"].token, size=PHONE) as guest:
        page = await guest.context.new_page()
        await page.add_init_script(WATCH)
        line = await guest.context.new_cdp_session(page)
        await line.send("Network.enable")
        await line.send("Network.emulateNetworkConditions", SLOW_3G)
        await line.send("Emulation.setCPUThrottlingRate", {"rate": CPU})
        await page.goto(f"{site.url}/s/{world.session}", wait_until="commit")
        await until(page, "() => window.interactiveAt > 0", within_s=60)
        seen: dict[str, Any] = await page.evaluate(SEEN)
    assets = ROOT / "web" / "dist" / "assets"
    size = sum(len(gzip.compress((assets / name).read_bytes(), 9)) for name in seen["scripts"])
    return Visit(seen["paint"] / 1e3, seen["interactive"] / 1e3, size / 1024)
