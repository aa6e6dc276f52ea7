"""A board of 2,000 cards in a browser: opening it, scrolling it, and drawing what somebody else moves."""

from __future__ import annotations

import asyncio
import random
import tempfile
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from uuid import UUID

from playwright.async_api import Browser, CDPSession, Page
from sqlmodel import Session, col, select

from models.base import new_id
from models.board import Board
from models.card import Card, CardPerson
from models.migrate import upgrade
from server.actions import board, card
from server.domain.board import BoardDraft
from server.domain.card import CardDraft
from server.domain.rank import spread
from server.queries import boards
from tests.bench.first_load import SLOW_3G
from tests.bench.rows import Row, row
from tests.e2e.chromium import DESKTOP, EXECUTABLE, PHONE, Sizes, chromium, profile, until
from tests.e2e.house import database, lay_out_talk
from tests.e2e.sites import Site, running
from tests.support import client
from tests.support.people import World

CARDS = 2_000
WORDS = ("ترجمة", "دليل", "المتطوّعين", "تصميم", "ملصق", "لقاء", "guide", "volunteers", "review", "draft")
CPU = 4
MOVES = 40
SCROLLS = 60
# Interactive: the board is there, and what hears keys, drags and searches has come. Frames while it is scrolled.
WATCH = """
new MutationObserver((_, watch) => {
  if (!window.drawnAt && document.querySelector('[data-card] .title')) window.drawnAt = performance.now();
  if (!document.querySelector('[data-find]') || !document.querySelector('[data-card][draggable=true]')) return;
  window.interactiveAt = performance.now();
  watch.disconnect();
}).observe(document, { subtree: true, childList: true, attributes: true, attributeFilter: ['draggable'] });
"""
# Columns tell how many they hold once all cards have come.
ALL = "() => window.interactiveAt > 0 && document.querySelector('[data-column] .count') !== null"
SEEN = "() => ({ drawn: window.drawnAt, interactive: window.interactiveAt })"
SCROLL = """
async (times) => {
  const box = document.querySelector('[data-column] .cards');
  const frames = [];
  let last = await new Promise(requestAnimationFrame);
  for (let at = 0; at < times; at++) {
    box.scrollTop += 600;
    const now = await new Promise(requestAnimationFrame);
    frames.push(now - last);
    last = now;
  }
  return frames.sort((one, other) => one - other)[Math.floor(times * 0.95)];
}
"""
# From the moment the frame has come over the line until the card is drawn where it went.
HEAR = """
(() => {
  const Heard = window.WebSocket;
  window.moves = [];
  window.WebSocket = class extends Heard {
    constructor(...given) {
      super(...given);
      this.addEventListener('message', ({ data }) => {
        if (typeof data !== 'string' || !data.includes('card.moved')) return;
        const at = performance.now();
        const card = /"card": ?{"id": ?"([^"]+)"[^{}]*"column_id": ?"([^"]+)"/.exec(data);
        if (!card) return;
        const look = () => {
          const shown = document.querySelector(`[data-column="${card[2]}"] [data-card="${card[1]}"]`);
          if (shown || performance.now() - at > 5000) window.moves.push(performance.now() - at);
          else requestAnimationFrame(look);
        };
        look();
      });
    }
  };
})();
"""


@dataclass(frozen=True)
class Opening:
    drawn_s: float
    interactive_s: float
    cpu_s: float


def measure(rounds: int, say: Callable[[str], None]) -> Iterator[Row]:
    if not Path(EXECUTABLE).exists():
        say("  left out: Debian's chromium is not installed")
        return
    yield from asyncio.run(_measured(rounds, say))


async def _measured(rounds: int, say: Callable[[str], None]) -> list[Row]:
    with tempfile.TemporaryDirectory() as folder:
        url = f"sqlite:///{Path(folder, 'multaqa.sqlite')}"
        await asyncio.to_thread(upgrade, url)
        async with database(url) as db:
            world = await db.write(laid_out)
            few = await db.write(lambda unit: a_few(unit, world))
        site = Site("serve", Path(folder))
        async with running(site), chromium() as browser:
            fast, slow, small = [], [], []
            for _ in range(rounds):
                small.append(await _open(browser, site, world, few, DESKTOP, slow=False))
                fast.append(await _open(browser, site, world, world.board, DESKTOP, slow=False))
                slow.append(await _open(browser, site, world, world.board, PHONE, slow=True))
                say(f"  desktop {fast[-1]}, a few cards {small[-1]}, slow profile {slow[-1]}")
            scroll, moves = await _used(browser, site, world)
    told = f"{CARDS} cards in 5 columns, empty cache, local server"
    weak = f"{told}, phone, 400 kb/s, 400 ms, CPU {CPU}x slower"
    return [
        row("Board of 2,000 cards: cards drawn", [one.drawn_s for one in fast], "s", conditions=told),
        row(
            "Board of 2,000 cards: interactive", [one.interactive_s for one in fast], "s", conditions=told, bar=1.0
        ),
        row(
            "Board of 2,000 cards: interactive, over one of 3",
            [one.interactive_s for one in fast],
            "s",
            against="a board of 3 cards",
            others=[one.interactive_s for one in small],
            conditions=told,
            bar=1.5,
        ),
        row("Board of 2,000 cards: the page's CPU", [one.cpu_s for one in fast], "s", conditions=told),
        row("Board of 2,000 cards, slow: cards drawn", [one.drawn_s for one in slow], "s", conditions=weak),
        row(
            "Board of 2,000 cards, slow: interactive",
            [one.interactive_s for one in slow],
            "s",
            conditions=weak,
            bar=3.0,
        ),
        row(
            "Board of 2,000 cards: a scrolled frame, p95",
            [scroll],
            "ms",
            conditions=f"{told}; {SCROLLS} frames",
            bar=50,
        ),
        row(
            "Board of 2,000 cards: remote move drawn, p95",
            [moves],
            "ms",
            conditions=f"{told}; {MOVES} moves",
            bar=100,
        ),
    ]


async def _open(browser: Browser, site: Site, world: World, board: UUID, size: Sizes, *, slow: bool) -> Opening:
    async with profile(browser, site.url, world["lead"].token, size=size) as somebody:
        page = await somebody.context.new_page()
        await page.add_init_script(WATCH)
        line = await somebody.context.new_cdp_session(page)
        await line.send("Performance.enable")
        if slow:
            await line.send("Network.enable")
            await line.send("Network.emulateNetworkConditions", SLOW_3G)
            await line.send("Emulation.setCPUThrottlingRate", {"rate": CPU})
        await page.goto(f"{site.url}/b/{board}", wait_until="commit")
        await until(page, "() => window.interactiveAt > 0", within_s=60)
        seen: dict[str, Any] = await page.evaluate(SEEN)
        return Opening(seen["drawn"] / 1e3, seen["interactive"] / 1e3, await _cpu(line))


async def _cpu(line: CDPSession) -> float:
    """Seconds that the page's main thread has worked."""
    told = await line.send("Performance.getMetrics")
    return float(next(one["value"] for one in told["metrics"] if one["name"] == "TaskDuration"))


async def _used(browser: Browser, site: Site, world: World) -> tuple[float, float]:
    """The slow frame of twenty while scrolling, and the slow move of twenty, in milliseconds."""
    async with profile(browser, site.url, world["lead"].token) as somebody:
        page = await somebody.context.new_page()
        await page.add_init_script(WATCH)
        await page.add_init_script(HEAR)
        await page.goto(f"{site.url}/b/{world.board}")
        await until(page, ALL)
        scrolled: float = await page.evaluate(SCROLL, SCROLLS)
        return scrolled, await _moved(page, site, world)


async def _moved(page: Page, site: Site, world: World) -> float:
    """Somebody else puts cards at the head of another column, where everybody sees them."""
    async with client.Browser(site.url, token=world["member"].token) as other:
        shown = (await other.get(f"/api/boards/{world.board}"))["board"]
        target = str(world.columns[1])
        first = next(one["id"] for one in shown["cards"] if one["column_id"] == target)
        moving = [one["id"] for one in shown["cards"] if one["column_id"] != target][-MOVES:]
        for number, id in enumerate(moving, start=1):
            await other.post(f"/api/cards/{id}/move", {"column_id": target, "before": first})
            first = id
            await until(page, "(count) => window.moves.length >= count", number)
    times: list[float] = sorted(await page.evaluate("() => window.moves"))
    return times[int(len(times) * 0.95)]


def a_few(db: Session, world: World) -> UUID:
    """Another board of the team, with three cards."""
    lead = world["lead"].actor
    made = board.create(db, lead, world.team, BoardDraft(title="قليلة"), id=new_id()).id
    column = boards.columns(db, made)[0].id
    for title in WORDS[:3]:
        card.create(db, lead, made, CardDraft(column_id=column, title=title), id=new_id())
    return made


def laid_out(db: Session) -> World:
    """The usual world, its board filled as a year of a team fills it. The cards are rows: made one by one by the
    actions they would take a minute and say nothing more."""
    world = lay_out_talk(db, live=False)
    dice = random.Random(7)
    filled = db.get_one(Board, world.board)
    for column in world.columns:
        ranks = select(Card.rank).where(col(Card.column_id) == column).order_by(col(Card.rank).desc())
        last = db.exec(ranks).first() or ""
        for rank in spread(CARDS // len(world.columns)):
            filled.cards_made += 1
            made = Card(
                id=new_id(),
                board_id=filled.id,
                column_id=column,
                rank=last + rank,  # after all that stand there
                number=filled.cards_made,
                title=" ".join(dice.choices(WORDS, k=dice.randint(3, 9))),
                created_by=world["lead"].id,
            )
            db.add(made)
            db.flush()
            if dice.random() < 1 / 3:
                db.add(CardPerson(card_id=made.id, person_id=world["member"].id))
    return world
