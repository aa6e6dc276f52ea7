"""For every command: what was known before, and what was told of it, make what is fresh now.

The idea is Zulip's `verify_action`. Every snapshot of a conference is watched while one person does everything
that can be done in it.
"""

from __future__ import annotations

import json
import re
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from itertools import chain
from typing import Any
from uuid import UUID

import pytest
import pytest_asyncio
from sqlmodel import Session

from models.base import new_id
from models.conversation import Message
from models.moderation import Audit
from server.actions import (
    announcement,
    ban,
    board_import,
    message,
    moderation,
    programme,
    report,
    session,
    sheet,
    silence,
)
from server.domain.announcement import AnnouncementDraft, AnnouncementTexts
from server.domain.moderation import BanWish, ReportDraft, SilenceWish
from server.domain.programme import HallDraft, NewSpeaker, TrackDraft
from server.domain.programme_sheet import table_of
from server.domain.session import SessionChange
from tests.support import replay
from tests.support.app import Server
from tests.support.client import JSON, Browser, Ear
from tests.support.people import (
    World,
    ask_question,
    draft_poll,
    filmed,
    merged_question,
    newcomer,
    recorded,
    say,
    settle,
)

pytestmark = pytest.mark.asyncio(loop_scope="module")


@dataclass(frozen=True)
class Watched:
    """A snapshot's address, its channel, and how a page applies what is told there."""

    path: str
    channel: str
    apply: replay.Apply


def everything(world: World) -> list[Watched]:
    session, talk = f"/api/sessions/{world.session}", world.channel
    return [
        Watched(session, talk, replay.session),
        Watched(f"{session}/stage", f"{talk}:backstage", replay.desk),
        Watched(f"{session}/chat", talk, replay.chat),
        Watched(f"{session}/moderation", f"{talk}:moderation", replay.moderation),
        Watched(f"{session}/recordings", talk, replay.recordings),
        Watched(f"{session}/questions", talk, replay.questions),
        Watched(f"{session}/questions/queue", f"{talk}:moderation", replay.questions),
        Watched(f"{session}/polls", talk, replay.polls),
        Watched(f"{session}/work", talk, replay.work),
        Watched(f"{session}/polls/desk", f"{talk}:moderation", replay.polls),
        Watched(f"{session}/interaction", talk, replay.interaction),
        Watched(f"{session}/hands", f"{talk}:moderation", replay.hands),
        Watched(f"{session}/line", f"{talk}:backstage", replay.line),
        Watched(f"/api/conferences/{world.conference}", f"conference:{world.conference}", replay.conference),
        Watched(
            f"/api/conferences/{world.conference}/announcements",
            f"conference:{world.conference}",
            replay.announcements,
        ),
        Watched(f"/api/teams/{world.team}", f"team:{world.team}", replay.team),
        Watched(f"/api/boards/{world.board}", f"board:{world.board}", replay.board),
    ]


@asynccontextmanager
async def verified(me: Browser, ear: Ear, world: World) -> AsyncIterator[None]:
    """Whatever happens inside is told so that every page can follow it."""
    watched = everything(world)
    before = [await me.get(one.path) for one in watched]
    for one, known in zip(watched, before, strict=True):
        await ear.subscribe(one.channel, known["position"])
    yield
    await follow(me, ear, watched, before)


async def follow(me: Browser, ear: Ear, watched: list[Watched], before: list[JSON]) -> list[JSON]:
    """Hold what was known and what was told since against what is fresh; returns what is fresh."""
    after: list[JSON] = []
    for one, known in zip(watched, before, strict=True):
        fresh = await me.get(one.path)
        told: list[JSON] = []
        if fresh["position"] != known["position"]:
            told = await ear.reach(one.channel, fresh["position"]["offset"])
        assert tidy(replay.replayed(known, told, one.apply)) == tidy(fresh), one.path
        after.append(fresh)
    return after


def tidy(state: JSON) -> JSON:
    """A page sorts a team's members as it likes."""
    if "team" not in state:
        return state
    return {**state, "team": {**state["team"], "members": replay.by_person(state["team"]["members"])}}


@dataclass(frozen=True)
class Ask:
    """One request of a step; words in braces stand for ids of the world and of rows laid out in it."""

    method: str
    path: str
    body: JSON | None = None

    @property
    def names(self) -> set[str]:
        return set(re.findall(r"{(\w+)}", f"{self.path} {json.dumps(self.body)}"))

    async def run(self, me: Browser, ids: JSON) -> None:
        answer = await me.ask(self.method, self.path.format(**ids), _filled(self.body, ids))
        assert answer.is_success, answer.text


def _filled(value: Any, ids: JSON) -> Any:
    match value:
        case str():
            return value.format(**ids)
        case list():
            return [_filled(one, ids) for one in value]
        case dict():
            return {key: _filled(one, ids) for key, one in value.items()}
    return value


def announced(db: Session, world: World) -> UUID:
    draft = AnnouncementDraft(texts=AnnouncementTexts(en="x"))
    return announcement.make(db, world["organiser"].actor, world.conference, draft, id=new_id()).id


def arranged(db: Session, world: World) -> dict[str, str]:
    """A hall and a track that a session names, somebody the programme tells of, and a sheet to import."""
    me, here = world["organiser"].actor, world.conference
    hall = programme.add_hall(db, me, here, HallDraft(name="القاعة"), id=new_id())
    track = programme.add_track(db, me, here, TrackDraft(name="المسار"), id=new_id())
    session.change(db, me, world.session, SessionChange(hall="القاعه", track="المسار"))
    told = programme.add_speaker(db, me, here, NewSpeaker(name="ضيفة"), id=new_id())
    rows = [["title", "start", "hall", "speakers"], ["ورشة", "2027-03-01 10:00", "قاعة جديدة", "Sara; ضيفة"]]
    kept = sheet.keep(db, me, here, table_of([*rows, ["جلسة", "2027-03-01 9:00", "", ""]]))
    cards = [["title", "column", "labels", "people", "due"], ["ورشة", "عمود آخر", "وسم", "Sara", "2027-03-01"]]
    brought = board_import.keep(db, me, world.team, board_import.pack(table_of(cards), name="لوحة")).id
    ids = {"hall": hall.id, "track": track.id, "told": told.person.id, "sheet": kept.id, "brought": brought}
    return {name: str(id) for name, id in ids.items()}


def _post(path: str, body: JSON | None = None) -> tuple[Ask, ...]:
    return (Ask("POST", path, body),)


def _step(method: str, path: str, body: JSON | None = None) -> tuple[Ask, ...]:
    return (Ask(method, path, body),)


def _steps(*steps: tuple[Ask, ...]) -> tuple[Ask, ...]:
    return tuple(chain.from_iterable(steps))


POLL: JSON = {"kind": "words", "text": "بكلمة", "settings": {}}


def moderated(db: Session, world: World) -> dict[str, str]:
    """Messages in every state, a deed to undo, somebody silenced and somebody banned."""
    organiser, author = world["organiser"].actor, world["attendee"].actor
    said = {
        name: str(message.post(db, author, world.session, name, id=new_id()).id)
        for name in ("hidden", "pinned", "reported")
    }
    held = Message(session_id=world.session, person_id=author.person_id, text="x", state="held", held_for="all")
    db.add(held)
    db.flush()
    deed = moderation.hide(db, organiser, UUID(said["hidden"]))
    moderation.pin(db, organiser, UUID(said["pinned"]))
    report.message(db, world["guest"].actor, UUID(said["reported"]), ReportDraft(reason="spam"))
    silenced = silence.impose(db, organiser, world.conference, world["lead"].id, SilenceWish())
    banned = ban.impose(db, organiser, world.conference, world["other_speaker"].id, BanWish())
    db.flush()
    subjects = {
        name: str(db.get_one(Audit, one.id).subject_id) for name, one in (("silence", silenced), ("ban", banned))
    }
    own = message.post(db, organiser, world.session, "own", id=new_id()).id
    return {**said, **subjects, "held": str(held.id), "deed": str(deed.id), "own": str(own)}


TIMES = {"starts_at": "2027-01-01T10:00:00.5+03:00", "ends_at": "2027-01-01T10:45:00Z"}
SESSION, CONFERENCE = "/api/sessions/{session}", "/api/conferences/{conference}"
SHEET = {"title": 0, "start": 1, "hall": 2, "speakers": 3}
TEXTS: JSON = {"texts": {"ar": "الاستراحة الآن"}}
STEPS: dict[str, tuple[Ask, ...]] = {
    "message.post": _post(f"{SESSION}/messages", {"text": "سلام"}),
    "message.post reply": _post(f"{SESSION}/messages", {"text": "@somebody", "parent_id": "{message}"}),
    "message.hide": _post("/api/messages/{message}/hide"),
    "message.restore": _post("/api/messages/{hidden}/restore"),
    "message.approve": _post("/api/messages/{held}/approve"),
    "message.refuse": _post("/api/messages/{held}/refuse"),
    "message.pin": _step("PUT", "/api/messages/{message}/pin"),
    "message.unpin": _step("DELETE", "/api/messages/{pinned}/pin"),
    "message.report": _post("/api/messages/{message}/report", {"reason": "spam"}),
    "message.delete reported": _step("DELETE", "/api/messages/{reported}"),
    "report.decide": _post("/api/reports/{reported}/decide", {"decision": "acted"}),
    "person.silence": _post(f"{CONFERENCE}/people/{{somebody}}/silence", {"session_id": "{session}"}),
    "person.ban": _post(f"{CONFERENCE}/people/{{member}}/ban", {"reason": "spam"}),
    "ban.lift": _step("DELETE", "/api/bans/{ban}"),
    "chat_rules.change": _step("PATCH", f"{CONFERENCE}/chat-rules", {"links": "known"}),
    "calm.set": _step("PUT", f"{SESSION}/calm", {"on": "true"}),
    "deed.undo": _post("/api/audit/{deed}/undo"),
    "message.delete": _step("DELETE", "/api/messages/{message}"),
    "question.ask": _post(f"{SESSION}/questions", {"text": "متى؟"}),
    "question.approve": _post("/api/questions/{waiting}/approve"),
    "question.dismiss waiting": _post("/api/questions/{waiting}/dismiss"),
    "question.dismiss public": _post("/api/questions/{approved}/dismiss"),
    "question.decide": _post(
        f"{SESSION}/questions/decide", {"ids": ["{waiting}", "{approved}"], "to": "dismissed"}
    ),
    "question.return": _post("/api/questions/{approved}/return"),
    "question.start": _post("/api/questions/{approved}/start"),
    "question.start of another": _steps(
        _post("/api/questions/{approved}/start"), _post("/api/questions/{waiting}/start")
    ),
    "question.answer": _post("/api/questions/{approved}/answer", {"how": "aloud"}),
    "question.answer in writing": _post("/api/questions/{waiting}/answer", {"how": "writing", "text": "نعم"}),
    "question.answer privately": _post("/api/questions/{approved}/answer", {"how": "private", "text": "نعم"}),
    "question.edit": _step("PATCH", "/api/questions/{approved}", {"text": "متى تبدأ؟"}),
    "question.pin": _step("PUT", "/api/questions/{approved}/pin"),
    "question.assign": _step("PUT", "/api/questions/{approved}/assignment", {"person_id": "{speaker}"}),
    "question.merge": _post("/api/questions/{approved}/merge", {"into": "{waiting}"}),
    "question.unmerge": _step("DELETE", "/api/questions/{merged}/merge"),
    "question.from_message": _post("/api/messages/{message}/question"),
    "poll.create": _post(f"{SESSION}/polls", POLL),
    "poll.change": _step("PATCH", "/api/polls/{draft}", {"text": "متى؟"}),
    "poll.delete": _step("DELETE", "/api/polls/{draft}"),
    "poll.open": _post("/api/polls/{draft}/open"),
    "poll.close": _post("/api/polls/{open_poll}/close"),
    "poll.hide": _post("/api/polls/{open_poll}/hide", {"key": "سلام"}),
    "interaction.change": _step("PATCH", f"{SESSION}/interaction", {"anonymous": "all"}),
    "hand.raise": _step("PUT", f"{SESSION}/hand"),
    "hand.call and lower": _steps(
        _step("PUT", f"{SESSION}/hand"),
        _post(f"{SESSION}/hands/{{organiser}}/call"),
        _step("DELETE", f"{SESSION}/hands/{{organiser}}"),
    ),
    "line.say": _step("PUT", f"{SESSION}/line", {"text": "دقيقتان"}),
    "session.create": _post(f"{CONFERENCE}/sessions", {"title": "ورشة", **TIMES}),
    "session.change": _step("PATCH", SESSION, {"title": "عنوان آخر", **TIMES}),
    "session.move": _post(f"{SESSION}/state", {"state": "live"}),
    "stage.direct": _step("PATCH", f"{SESSION}/stage/{{speaker}}", {"on_air": "false", "place": "2"}),
    "stage.bring": _step("PUT", f"{SESSION}/stage/{{somebody}}/guest"),
    "film.announce": _post(f"{SESSION}/films", {"name": "كلمة", "bytes": "5000"}),
    "film.off_air": _step("DELETE", f"{SESSION}/films/{{film}}/air"),
    "film.delete": _step("DELETE", "/api/films/{film}"),
    "waiting_card.set": _step("PUT", f"{SESSION}/waiting-card", {"card_ar": "استراحة", "card_en": "A break"}),
    "rehearsal.begin": _post(f"{SESSION}/rehearsal"),
    "session.cancel": _post(f"{SESSION}/cancel", {"note": "اعتذار"}),
    "session.remove": _step("DELETE", "/api/sessions/{other_session}"),
    "shift.make": _post(f"{CONFERENCE}/shift", {"session_id": "{session}", "minutes": "25"}),
    "hall.create": _post(f"{CONFERENCE}/halls", {"name": "قاعة"}),
    "hall.change": _step("PATCH", "/api/halls/{hall}", {"name": "قاعة الورش"}),
    "hall.remove": _step("DELETE", "/api/halls/{hall}"),
    "track.create": _post(f"{CONFERENCE}/tracks", {"name": "مسار"}),
    "track.change": _step("PATCH", "/api/tracks/{track}", {"name": "مسار آخر", "colour": "rose"}),
    "track.remove": _step("DELETE", "/api/tracks/{track}"),
    "speaker.create": _post(f"{CONFERENCE}/speakers", {"name": "ضيفة"}),
    "profile.change": _step("PATCH", f"{CONFERENCE}/speakers/{{speaker}}", {"headline": "كاتبة"}),
    "role.remove of somebody with a profile": _step("DELETE", f"{CONFERENCE}/people/{{told}}"),
    "sheet.import": _post(
        "/api/sheets/{sheet}/import", {"columns": {"title": 0, "start": 1, "hall": 2, "speakers": 3}}
    ),
    "session.change to record": _step("PATCH", SESSION, {"record": True}),
    "session.move to the end of what was recorded": _steps(
        _step("PATCH", SESSION, {"record": True}),
        _post(f"{SESSION}/state", {"state": "live"}),
        _post(f"{SESSION}/state", {"state": "ended"}),
    ),
    "recording.delete": _step("DELETE", "/api/recordings/{recording}"),
    "speaker.add": _step("PUT", f"{SESSION}/speakers/{{somebody}}"),
    "speaker.remove": _step("DELETE", f"{SESSION}/speakers/{{speaker}}"),
    "conference.change": _step("PATCH", CONFERENCE, {"title": "ملتقى آخر", "starts_on": "2027-01-01"}),
    "role.change": _step("PUT", f"{CONFERENCE}/people/{{somebody}}/role", {"role": "moderator"}),
    "role.remove": _step("DELETE", f"{CONFERENCE}/people/{{somebody}}"),
    "role.remove of a speaker": _step("DELETE", f"{CONFERENCE}/people/{{speaker}}"),
    "role.remove of a member": _step("DELETE", f"{CONFERENCE}/people/{{member}}"),
    "announcement.make": _post(f"{CONFERENCE}/announcements", TEXTS),
    "announcement.make for the crew": _post(f"{CONFERENCE}/announcements", {**TEXTS, "role": "speaker"}),
    "announcement.withdraw": _step("DELETE", "/api/announcements/{announced}"),
    "team.create": _post(f"{CONFERENCE}/teams", {"title": "فريق آخر"}),
    "team.change": _step("PATCH", "/api/teams/{team}", {"title": "اسم آخر", "joining": "open", "welcome": "أهلًا"}),
    "team.meet": _post("/api/teams/{team}/meeting"),
    "stage.card": _step("PUT", f"{SESSION}/cards/{{card}}", {"on": True}),
    "team.call": _post(f"{SESSION}/teams", {"title": "من يعمل على هذا؟", "joining": "open"}),
    "member.remove during a meeting": _steps(
        _post("/api/teams/{team}/meeting"), _step("DELETE", "/api/teams/{team}/members/{member}")
    ),
    "member.add": _step("PUT", "/api/teams/{team}/members/{somebody}", {"role": "lead"}),
    "member.change": _step("PUT", "/api/teams/{team}/members/{member}", {"role": "lead"}),
    "member.remove": _step("DELETE", "/api/teams/{team}/members/{member}"),
    "card.create": _post("/api/boards/{board}/cards", {"column_id": "{second}", "title": "بطاقة"}),
    "board.create": _post("/api/teams/{team}/boards", {"title": "لوحة أخرى", "template": "help_desk"}),
    "board.change": _step("PATCH", "/api/boards/{board}", {"title": "اسم آخر", "public": True, "review": True}),
    "board.copy": _post("/api/boards/{board}/copy", {"title": "نسخة"}),
    "import.make": _post("/api/imports/{brought}/board", {"title": "مستوردة"}),
    "import.make into a board": _post("/api/imports/{brought}/board", {"board_id": "{board}"}),
    "column.create": _post("/api/boards/{board}/columns", {"title": "عمود", "before": "{second}"}),
    "column.change": _step("PATCH", "/api/columns/{second}", {"title": "اسم آخر", "soft_limit": 3}),
    "column.move": _post("/api/columns/{second}/move", {}),
    "column.archive and restore": _steps(
        _post("/api/columns/{first}/archive", {"cards": True}),
        _post("/api/columns/{first}/archive", {"on": False}),
    ),
    "label.create": _post("/api/boards/{board}/labels", {"name": "وسم", "colour": "teal"}),
    "card.change": _step("PATCH", "/api/cards/{card}", {"title": {"base": 0, "value": "اسم آخر"}}),
    "card.archive": _post("/api/cards/{card}/archive", {}),
    "card.archive and restore": _steps(
        _post("/api/cards/{card}/archive", {}), _post("/api/cards/{card}/archive", {"on": False})
    ),
    "card.work": _steps(
        _step("PATCH", "/api/boards/{board}", {"review": True}),
        _post("/api/cards/{card}/work", {"act": "take"}),
        _post("/api/cards/{card}/work", {"act": "submit", "note": "تمّ"}),
    ),
    "item.create": _post("/api/cards/{card}/items", {"text": "بند"}),
    "comment.create": _post("/api/cards/{card}/comments", {"text": "تعليق"}),
    "attachment.link": _post("/api/cards/{card}/urls", {"url": "https://example.org"}),
    "board.undo and redo": _steps(
        _post("/api/cards/{card}/move", {"column_id": "{second}"}),
        _post("/api/boards/{board}/undo"),
        _post("/api/boards/{board}/redo"),
    ),
    "card.assign": _post("/api/cards/{card}/people", {"person_id": "{member}"}),
    "card.move": _post("/api/cards/{card}/move", {"column_id": "{second}"}),
}


# After these the conference is no longer what the next step expects.
USES_UP = {"session.cancel", "session.move to the end of what was recorded"}
SHARED = {"conference", "session", "other_session", "team", "board", "first", "second", "organiser"}


class Watch:
    """One conference with a row of every kind, one person, and all that their open pages know of it."""

    def __init__(self, world: World, ids: JSON, me: Browser, ear: Ear, known: list[JSON]) -> None:
        self.spent: set[str] = set()
        self.steps = 0
        self._world, self._ids, self._me, self._ear, self._known = world, ids, me, ear, known

    @classmethod
    @asynccontextmanager
    async def begun(cls, server: Server) -> AsyncIterator[Watch]:
        world = await settle(server.db)
        ids = await rows_of(server, world)
        async with server.browser(world["organiser"].token) as me, me.socket() as ear:
            known = [await me.get(one.path) for one in everything(world)]
            for one, snapshot in zip(everything(world), known, strict=True):
                await ear.subscribe(one.channel, snapshot["position"])
            yield cls(world, ids, me, ear, known)

    async def take(self, step: tuple[Ask, ...]) -> None:
        """What is done now is told so that every page can follow it."""
        self.steps += 1
        for ask in step:
            self.spent |= ask.names - SHARED
            await ask.run(self._me, self._ids)
        self._known = await follow(self._me, self._ear, everything(self._world), self._known)


class Watches:
    """A watch, lent to one step after the other: made anew when it failed, was used up, or lacks a fresh row.

    And after so many steps that one person reads as much as they may in a minute.
    """

    STEPS = 20

    def __init__(self, server: Server) -> None:
        self._server = server
        self._kept: Watch | None = None
        self._open = AsyncExitStack()

    async def take(self, name: str) -> None:
        step = STEPS[name]
        watch, self._kept = self._kept, None
        if watch is None or watch.steps == self.STEPS or any(ask.names & watch.spent for ask in step):
            await self.close()
            watch = await self._open.enter_async_context(Watch.begun(self._server))
        await watch.take(step)
        if name not in USES_UP:
            self._kept = watch

    async def close(self) -> None:
        await self._open.aclose()


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def watches(server: Server) -> AsyncIterator[Watches]:
    made = Watches(server)
    yield made
    await made.close()


async def rows_of(server: Server, world: World) -> JSON:
    """The ids of everything that steps name."""
    somebody = await newcomer(server.db, world, "somebody")
    people = {who: world[who].id for who in ("organiser", "speaker", "member")}
    world_ids = {
        name: getattr(world, name) for name in ("conference", "session", "other_session", "team", "board", "card")
    }
    return {
        **world_ids,
        **people,
        "first": world.columns[0],
        "second": world.columns[1],
        "somebody": somebody.id,
        "message": await say(server.db, world),
        "waiting": await ask_question(server.db, world),
        "approved": await ask_question(server.db, world, state="approved"),
        "merged": await merged_question(server.db, world),
        "draft": await draft_poll(server.db, world),
        "open_poll": await draft_poll(server.db, world, words=("سلام", "سَلام", "شكرًا")),
        "recording": await server.db.write(lambda db: recorded(db, world.session)),
        "film": await server.db.write(lambda db: filmed(db, world)),
        "announced": await server.db.write(lambda db: announced(db, world)),
        **await server.db.write(lambda db: moderated(db, world)),
        **await server.db.write(lambda db: arranged(db, world)),
    }


@pytest.mark.parametrize("name", STEPS)
async def test_snapshot_and_what_is_told_make_the_next_snapshot(watches: Watches, name: str) -> None:
    await watches.take(name)


async def test_words_of_ones_own_are_edited_and_voted_on(server: Server, world: World) -> None:
    question = await ask_question(server.db, world, state="approved")
    async with (
        server.browser(world["organiser"].token) as me,
        server.browser(world["attendee"].token) as other,
        me.socket() as ear,
    ):
        said = await other.post(f"/api/sessions/{world.session}/messages", {"text": "أول"})
        async with verified(me, ear, world):
            await other.patch(f"/api/messages/{said['id']}", {"text": "ثانٍ"})
            await other.delete(f"/api/messages/{said['id']}")
        queue = f"/api/sessions/{world.session}/questions"
        before = await me.get(queue)
        await ear.subscribe(world.channel, before["position"])
        await other.put(f"/api/questions/{question}/vote")
        await ear.publication(world.channel, "tally.changed", votes=1)
        assert replay.replayed(before, ear.heard[world.channel], replay.questions) == await me.get(queue)


async def test_open_pages_hear_a_speakers_new_name(server: Server, world: World) -> None:
    path, channel = f"/api/conferences/{world.conference}", f"conference:{world.conference}"
    async with (
        server.browser(world["attendee"].token) as me,
        server.browser(world["speaker"].token) as speaker,
        me.socket() as ear,
    ):
        before = await me.get(path)
        await ear.subscribe(channel, before["position"])
        await me.patch("/api/me", {"name": "لا يُذاع"})
        await ear.publication(channel, "people.changed")
        for name in ("اسم جديد", "اسم جديد"):
            await speaker.patch("/api/me", {"name": name})
        await ear.publication(channel, "person.renamed")
        assert [one["name"] for one in ear.heard[channel]] == ["people.changed"] * 2 + ["person.renamed"]
        after = await me.get(path)
        assert "اسم جديد" in str(after["sessions"])
        assert replay.replayed(before, ear.heard[channel], replay.conference) == after


async def test_open_team_pages_hear_a_members_new_name(server: Server, world: World) -> None:
    path, channel = f"/api/teams/{world.team}", f"team:{world.team}"
    async with (
        server.browser(world["lead"].token) as lead,
        server.browser(world["member"].token) as member,
        lead.socket() as ear,
    ):
        before = await lead.get(path)
        await ear.subscribe(channel, before["position"])
        await member.patch("/api/me", {"name": "اسم جديد"})
        await ear.publication(channel, "membership.changed")
        after = await lead.get(path)
        assert "اسم جديد" in str(after["team"]["members"])
        assert tidy(replay.replayed(before, ear.heard[channel], replay.team)) == tidy(after)


async def test_unchanged_snapshot_is_not_sent_again(server: Server, world: World) -> None:
    path = f"/api/sessions/{world.session}/chat"
    async with server.browser(world["guest"].token) as me:
        first = await me.ask("GET", path)
        again = await me.http.get(path, headers={"If-None-Match": first.headers["etag"]})
        assert (again.status_code, again.content, again.headers["etag"]) == (304, b"", first.headers["etag"])
        await say(server.db, world)
        changed = await me.http.get(path, headers={"If-None-Match": first.headers["etag"]})
        assert changed.status_code == 200
        position = changed.json()["position"]
        assert changed.headers["etag"].startswith(f'"{position["offset"]}.{position["id"]}.')


async def test_snapshot_with_a_new_name_is_sent_though_nothing_was_published(server: Server, world: World) -> None:
    path = f"/api/sessions/{world.session}/chat"
    async with server.browser(world["guest"].token) as me:
        await me.post(f"/api/sessions/{world.session}/messages", {"text": "مرحبًا"})
        first = await me.ask("GET", path)
        await me.patch("/api/me", {"name": "اسم جديد"})
        changed = await me.http.get(path, headers={"If-None-Match": first.headers["etag"]})
        assert changed.status_code == 200
        assert changed.json()["messages"][-1]["author"]["name"] == "اسم جديد"
