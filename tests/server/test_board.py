"""The board: an order of cards that everybody agrees on."""

from __future__ import annotations

import asyncio
import random
from uuid import UUID

import pytest
from sqlmodel import Session, col, select

from models.base import new_id
from models.card import Card
from server.actions import card
from server.domain import rank
from server.domain.card import CardDraft, CardMove
from tests.support.app import Server
from tests.support.client import JSON
from tests.support.people import World

pytestmark = pytest.mark.asyncio(loop_scope="module")


async def test_three_columns_in_the_conferences_language(server: Server, world: World) -> None:
    async with server.browser(world["member"].token) as me:
        board = (await me.get(f"/api/boards/{world.board}"))["board"]
    assert [column["title"] for column in board["columns"]] == ["للإنجاز", "قيد العمل", "أُنجز"]
    assert [one["title"] for one in board["cards"]] == ["بطاقة"]


async def fill(server: Server, world: World, number: int) -> list[UUID]:
    draft = CardDraft(column_id=world.columns[0], title="بطاقة")

    def unit(db: Session) -> list[UUID]:
        made = [card.create(db, world["lead"].actor, world.board, draft, id=new_id()).id for _ in range(number)]
        return [world.card, *made]

    return await server.db.write(unit)


def in_order(db: Session, world: World) -> dict[str, list[str]]:
    """Card ids by column, as every reader sorts them: by rank bytewise, then by id."""
    rows = db.exec(select(Card).where(col(Card.board_id) == world.board)).all()
    places = sorted(rows, key=lambda row: (row.rank.encode(), row.id))
    assert len({(row.column_id, row.rank) for row in rows}) == len(rows)
    return {str(one): [str(row.id) for row in places if row.column_id == one] for one in world.columns}


async def test_moves_by_intent(server: Server, world: World) -> None:
    a, b, c, d = (str(id) for id in await fill(server, world, 3))
    todo, doing, done = (str(id) for id in world.columns)
    async with server.browser(world["member"].token) as me:

        async def move(id: str, column: str, **beside: str) -> None:
            await me.post(f"/api/cards/{id}/move", {"column_id": column, **beside})

        await move(d, todo, before=a)
        await move(a, todo, after=c)
        assert (await server.db.read(lambda db: in_order(db, world)))[todo] == [d, b, c, a]
        await move(b, doing)
        await move(c, doing, before=b)
        await move(a, doing, after=d)  # d is elsewhere: the end
        await move(a, done)
        await move(b, doing, after=b)  # beside itself: the end
    assert await server.db.read(lambda db: in_order(db, world)) == {todo: [d], doing: [c, b], done: [a]}


async def test_parallel_moves_leave_one_order_that_all_agree_on(server: Server, world: World) -> None:
    cards = [str(id) for id in await fill(server, world, 7)]
    columns = [str(id) for id in world.columns]
    chance = random.Random(11)

    def wish() -> tuple[str, JSON]:
        beside = {chance.choice(["before", "after"]): chance.choice(cards)} if chance.random() < 0.8 else {}
        return chance.choice(cards), {"column_id": chance.choice(columns), **beside}

    async with (
        server.browser(world["member"].token) as one,
        server.browser(world["lead"].token) as two,
        one.socket() as ear,
    ):
        channel = f"board:{world.board}"
        board = await one.get(f"/api/boards/{world.board}")
        await ear.subscribe(channel, board["position"])

        async def drag(browser: object, moves: list[tuple[str, JSON]]) -> None:
            for id, body in moves:
                await (one if browser is one else two).post(f"/api/cards/{id}/move", body)

        wishes = [wish() for _ in range(60)]
        await asyncio.gather(*(drag((one, two)[part % 2], wishes[part::4]) for part in range(4)))
        fresh = await one.get(f"/api/boards/{world.board}")
        await ear.reach(channel, fresh["position"]["offset"])
        seen = {one["id"]: one for one in board["board"]["cards"]}
        for told in ear.heard[channel]:
            seen[told["data"]["card"]["id"]] = told["data"]["card"]
        assert sorted(seen.values(), key=lambda row: (row["rank"], row["id"])) == fresh["board"]["cards"]
        await server.db.read(lambda db: in_order(db, world))


async def test_columns_are_respaced_before_ranks_grow_too_long(
    server: Server, world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Moving always to one narrow place makes ranks long; the mover's own rank must not be in the way."""
    monkeypatch.setattr(rank, "LONGEST", 3)
    cards = await fill(server, world, 5)
    chance = random.Random(5)
    order = [str(id) for id in cards]
    for _ in range(80):
        moved, beside = chance.sample(cards, 2)
        wish = CardMove(column_id=world.columns[0], before=beside)
        await server.db.write(lambda db, m=moved, w=wish: card.move(db, world["lead"].actor, m, w))  # type: ignore[misc]
        order.remove(str(moved))
        order.insert(order.index(str(beside)), str(moved))
        found = await server.db.read(lambda db: in_order(db, world))
        assert found[str(world.columns[0])] == order
