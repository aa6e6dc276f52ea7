"""From a talk to a task: cards that want people, taken once per seat, found across teams, handed back."""

from __future__ import annotations

import asyncio
from datetime import UTC, date, datetime
from uuid import UUID

import pytest
from sqlmodel import Session, col, func, select

from models.base import new_id
from models.board import Board
from models.card import CardPerson
from models.team import Membership, Team
from server.actions import card, column, conference, due, message, work
from server.domain.board import ColumnArchive
from server.domain.card import CardDraft, CardSource, Due
from server.domain.work import WorkWish
from server.queries import finding as queries
from tests.support.app import Server
from tests.support.people import Someone, World, enrol

pytestmark = pytest.mark.asyncio(loop_scope="module")


def wanted(db: Session, world: World, title: str, *, seats: int | None = 1, way: str = "open") -> UUID:
    db.get_one(Team, world.team).joining = way
    said = message.post(db, world["attendee"].actor, world.session, "من يترجم هذا؟", id=new_id())
    db.flush()
    draft = CardDraft(
        column_id=world.columns[0],
        title=title,
        seats=seats,
        size_minutes=120,
        skill="التَّرجمة",
        language="ar",
        source=CardSource(kind="message", id=said.id, session_id=world.session),
    )
    return card.create(db, world["lead"].actor, world.board, draft, id=new_id()).id


def _of_another_kind(db: Session, world: World) -> None:
    draft = CardDraft(
        column_id=world.columns[0], title="تصميم", seats=1, size_minutes=600, skill="تصميم", language="en"
    )
    card.create(db, world["lead"].actor, world.board, draft, id=new_id())


def crowd(db: Session, world: World, number: int) -> list[Someone]:
    found = [enrol(db, f"volunteer {place}") for place in range(number)]
    for someone in found:
        conference.grant(db, world.conference, someone.id, "attendee")
    return found


def sitting(db: Session, world: World, card_id: UUID) -> tuple[int, int]:
    """Who has the card, and who is in the team."""
    having = select(func.count()).select_from(CardPerson).where(col(CardPerson.card_id) == card_id)
    inside = select(func.count()).select_from(Membership).where(col(Membership.team_id) == world.team)
    return db.exec(having).one(), db.exec(inside).one()


async def test_fifty_who_press_at_once_fill_the_seats_and_no_more(server: Server, world: World) -> None:
    id = await server.db.write(lambda db: wanted(db, world, "ترجمة الدليل", seats=5))
    people = await server.db.write(lambda db: crowd(db, world, 50))

    async def take(someone: Someone) -> int:
        async with server.browser(someone.token) as me:
            key = new_id()
            while (answer := await me.ask("POST", f"/api/cards/{id}/take", key=key)).status_code == 503:
                pass  # too many at one moment: the page asks again with the same key
            return answer.status_code

    answers = await asyncio.gather(*map(take, people))
    assert sorted(answers) == [200] * 5 + [409] * 45
    # Whoever got no seat has not come into the team either.
    assert await server.db.read(lambda db: sitting(db, world, id)) == (5, 2 + 5)


async def test_open_tasks_are_found_by_time_skill_and_language(server: Server, world: World) -> None:
    id = await server.db.write(lambda db: wanted(db, world, "ترجمة"))
    await server.db.write(lambda db: wanted(db, world, "بلا مقاعد", seats=None))
    async with server.browser(world["guest"].token) as me:

        async def found(query: str) -> list[str]:
            answer = await me.get(f"/api/me/open-tasks?{query}")
            return [one["card"]["title"] for one in answer["tasks"] if one["team_id"] == str(world.team)]

        # Without a number of seats a card is nobody's business but the team's.
        assert await found("") == ["ترجمة"]
        assert await found("minutes=١٢٠&skill=ترجمه&language=ar") == ["ترجمة"]
        assert await found("minutes=60") == []
        assert await found("language=en") == []
        with pytest.MonkeyPatch.context() as few:
            # However many newer ones there are, what was asked for is found.
            few.setattr(queries, "LOOKED_AT", 1)
            await server.db.write(lambda db: _of_another_kind(db, world))
            assert await found("minutes=120&skill=ترجمه&language=ar") == ["ترجمة"]
        assert (await me.ask("GET", "/api/me/open-tasks?minutes=many")).status_code == 422
        taken = await me.post(f"/api/cards/{id}/take")
        assert (taken["joined"], taken["team_id"]) == (True, str(world.team))
        assert (await me.post(f"/api/cards/{id}/take"))["joined"] is False
        assert await found("") == ["تصميم"]
        work = (await me.get("/api/me/work"))["tasks"]
        assert [(one["card"]["title"], one["card"]["source"]["kind"]) for one in work] == [("ترجمة", "message")]


async def test_a_closed_team_lets_in_whom_a_stage_shows_its_card(server: Server, world: World) -> None:
    id = await server.db.write(lambda db: wanted(db, world, "تصميم", seats=2, way="invitation"))
    path = f"/api/sessions/{world.session}"
    async with (
        server.browser(world["guest"].token) as me,
        server.browser(world["organiser"].token) as crew,
        me.socket() as ear,
    ):
        assert (await me.ask("POST", f"/api/cards/{id}/take")).status_code == 404
        await ear.subscribe(f"session:{world.session}")
        await crew.put(f"{path}/cards/{id}", {"on": True})
        shown = (await ear.publication(f"session:{world.session}", "work.shown"))["work"]["cards"]
        assert [(one["title"], one["seats"], one["people"]) for one in shown] == [("تصميم", 2, [])]
        await me.post(f"/api/cards/{id}/take")
        now = (await me.get(f"{path}/work"))["work"]
        assert [one["name"] for one in now["cards"][0]["people"]] == ["guest"]
        await ear.publication(f"session:{world.session}", "work.shown", work=now)
        async with server.browser(world["lead"].token) as lead:
            # Whatever is done to it on its board is seen on the stage.
            await lead.patch(f"/api/cards/{id}", {"title": {"base": 0, "value": "تصميم الشعار"}})
        now = (await me.get(f"{path}/work"))["work"]
        assert [one["title"] for one in now["cards"]] == ["تصميم الشعار"]
        await ear.publication(f"session:{world.session}", "work.shown", work=now)
        await crew.put(f"{path}/cards/{id}", {"on": False})
        assert (await me.get(f"{path}/work"))["work"]["cards"] == []


async def test_pause_hands_everything_back_with_one_note(server: Server, world: World) -> None:
    ids = [await server.db.write(lambda db, t=title: wanted(db, world, t)) for title in ("أولى", "ثانية")]  # type: ignore[misc]
    async with server.browser(world["member"].token) as me, server.browser(world["lead"].token) as lead:
        for id in ids:
            await me.post(f"/api/cards/{id}/take")
        assert (await me.post("/api/me/pause", {"note": "سفر حتى الشهر القادم"}))["cards"] == 2
        assert (await me.post("/api/me/pause", {}))["cards"] == 0
        assert (await me.get("/api/me/work"))["tasks"] == []
        told = (await lead.get("/api/me/notifications"))["notifications"][0]
        assert told["kind"] == "cards_returned"
        assert (told["data"]["count"], told["data"]["text"]) == ("2", "سفر حتى الشهر القادم")
        for id in ids:
            assert (await server.db.read(lambda db, one=id: sitting(db, world, one)))[0] == 0  # type: ignore[misc]


async def test_who_has_left_a_team_hears_no_more_of_its_cards(server: Server, world: World) -> None:
    id = await server.db.write(lambda db: wanted(db, world, "بطاقة الفريق"))
    async with server.browser(world["member"].token) as me:
        await me.post(f"/api/cards/{id}/take")
        await me.delete(f"/api/teams/{world.team}/members/{world['member'].id}")
        assert (await me.get("/api/me/work"))["tasks"] == []
        assert (await me.post("/api/me/pause", {}))["cards"] == 0


async def test_pause_ends_a_claim_and_leaves_submitted_work_to_its_review(server: Server, world: World) -> None:
    """A claim ends with the note, for whoever takes the card next; what was submitted is still accepted."""
    ids = await server.db.write(lambda db: [wanted(db, world, one) for one in ("مأخوذة", "مسلّمة", "معادة")])
    async with server.browser(world["member"].token) as me, server.browser(world["lead"].token) as lead:
        await lead.patch(f"/api/boards/{world.board}", {"review": True})
        claimed, submitted, returned = (f"/api/cards/{id}/work" for id in ids)
        for work in (claimed, submitted, returned):
            await me.post(work, {"act": "take"})
        for work in (submitted, returned):
            await me.post(work, {"act": "submit", "note": "تمّ"})
        await lead.post(returned, {"act": "return", "note": "ينقصها المصدر"})
        assert len((await me.get("/api/me/work"))["tasks"]) == 2
        assert (await me.post("/api/me/pause", {"note": "سفر"}))["cards"] == 2
        assert (await me.get("/api/me/work"))["tasks"] == []
        shown = await lead.get(f"/api/cards/{ids[0]}")
        assert (shown["card"]["state"], shown["card"]["worker"]) == ("open", None)
        assert [(one["end"], one["note"]) for one in shown["claims"]] == [("handed_back", "سفر")]
        assert (await lead.post(submitted, {"act": "accept"}))["state"] == "accepted"
        again = await lead.post(returned, {"act": "take"})
        assert again["worker"]["name"] == "lead"


async def test_a_claim_takes_a_seat(server: Server, world: World) -> None:
    id = await server.db.write(lambda db: wanted(db, world, "مقعد واحد"))
    async with server.browser(world["member"].token) as me, server.browser(world["lead"].token) as lead:
        await lead.patch(f"/api/boards/{world.board}", {"review": True})
        await lead.post(f"/api/cards/{id}/take")
        full = await me.ask("POST", f"/api/cards/{id}/work", {"act": "take"})
        assert (full.status_code, full.json()["code"]) == (409, "seats.full")
        await lead.post(f"/api/cards/{id}/people", {"person_id": str(world["lead"].id), "on": False})
        await me.post(f"/api/cards/{id}/work", {"act": "take"})
        full = await lead.ask("POST", f"/api/cards/{id}/take")
        assert (full.status_code, full.json()["code"]) == (409, "seats.full")
        # A lead who takes a claim away says so to its worker.
        await lead.post(f"/api/cards/{id}/work", {"act": "hand_back", "note": "نحتاجها اليوم"})
        told = (await me.get("/api/me/notifications"))["notifications"][0]
        assert (told["kind"], told["data"]["text"]) == ("claim_released", "نحتاجها اليوم")


async def test_cards_of_a_column_that_was_put_away_are_nobodys_work(server: Server, world: World) -> None:
    mine, free = await server.db.write(lambda db: [wanted(db, world, one) for one in ("لي", "لمن يريد")])
    async with server.browser(world["member"].token) as me, server.browser(world["lead"].token) as lead:
        await me.post(f"/api/cards/{mine}/take")
        await lead.post(f"/api/columns/{world.columns[0]}/archive", {"cards": True})
        assert (await me.get("/api/me/work"))["tasks"] == []
        titles = [one["card"]["title"] for one in (await me.get("/api/me/open-tasks"))["tasks"]]
        assert "لمن يريد" not in titles
        gone = await me.ask("POST", f"/api/cards/{free}/take")
        assert (gone.status_code, gone.json()["code"]) == (409, "card.archived")


async def test_due_cards_are_told_of_once_by_the_clock_of_who_has_them(
    server: Server, world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A due day in Cairo: nobody hears the evening before, everybody in the morning, nobody twice."""
    member = world["member"]

    def unit(db: Session) -> None:
        for place, title in ((0, "تسليم"), (1, "محفوظة")):
            draft = CardDraft(
                column_id=world.columns[place],
                title=title,
                due=Due(day=date(2027, 3, 10)),
                people=(member.id,),
            )
            card.create(db, world["lead"].actor, world.board, draft, id=new_id())
        claimed = CardDraft(column_id=world.columns[0], title="مأخوذة", due=Due(day=date(2027, 3, 12)))
        id = card.create(db, world["lead"].actor, world.board, claimed, id=new_id()).id
        column.archive(db, world["lead"].actor, world.columns[1], ColumnArchive(cards=True))
        db.get_one(Board, world.board).review = True
        work.act(db, member.actor, id, WorkWish(act="take"))

    await server.db.write(unit)

    async def heard(day: int, hour: int) -> list[str]:
        monkeypatch.setattr(due, "now", lambda: datetime(2027, 3, day, hour, tzinfo=UTC))
        await server.db.write(due.remind)
        async with server.browser(member.token) as me:
            news = (await me.get("/api/me/notifications"))["notifications"]
        return [one["data"]["when"] for one in news if one["kind"] == "card_due"]

    assert await heard(9, 20) == []
    assert await heard(10, 5) == []
    told = ["2027-03-10T22:00:00+00:00"]
    assert await heard(10, 7) == told
    assert await heard(10, 12) == told
    assert await heard(11, 7) == told
    # Whoever has only claimed a card hears, too.
    assert sorted(await heard(12, 7)) == [*told, "2027-03-12T22:00:00+00:00"]
