"""Moderation: what is held, hidden, silenced, banned, reported, and undone."""

from __future__ import annotations

import asyncio
from datetime import timedelta
from uuid import UUID

import pytest
from sqlmodel import Session, col, func, select

from models.base import new_id, now
from models.conversation import Message
from models.moderation import BannedBrowser
from models.publication import Publication
from server.actions import conference, invitation, message
from server.domain.conference import InvitationDraft
from server.domain.errors import TooMany
from server.domain.filters import searchable
from tests.support.app import Server
from tests.support.client import JSON, Refused
from tests.support.people import World, ask_question, draft_poll, say, settle

pytestmark = pytest.mark.asyncio(loop_scope="module")


def session_of(world: World) -> str:
    return f"/api/sessions/{world.session}"


async def test_flood_meets_slow_mode(server: Server, world: World) -> None:
    """Twenty at one moment: one is said, the others are told how long to wait; moderators are not held up."""
    async with (
        server.browser(world["attendee"].token) as me,
        server.browser(world["moderator"].token) as moderator,
    ):
        await moderator.patch(f"{session_of(world)}/chat-rules", {"slow_s": 600})
        answers = await asyncio.gather(
            *(me.ask("POST", f"{session_of(world)}/messages", {"text": f"{number}"}) for number in range(20))
        )
        assert sorted(answer.status_code for answer in answers) == [201] + [429] * 19
        late = next(answer for answer in answers if answer.status_code == 429)
        assert late.json()["code"] == "slow_mode"
        assert 590 <= int(late.headers["retry-after"]) <= 600
        assert (await me.get(f"{session_of(world)}/chat/mine"))["wait_s"] > 590
        for _ in range(2):
            await moderator.post(f"{session_of(world)}/messages", {"text": "x"})
        chat = await me.get(f"{session_of(world)}/chat")
        assert (len(chat["messages"]), chat["rules"]["slow_s"]) == (3, 600)
        await moderator.patch(f"{session_of(world)}/chat-rules", {"inherit": True})
        await me.post(f"{session_of(world)}/messages", {"text": "again"})


async def test_turn_is_taken_though_its_taker_has_the_later_time(
    server: Server, world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Whoever asked first may come to the row second. Only a clock put back by more than a turn frees anybody."""
    at = now()
    clock = iter((at, at - timedelta(milliseconds=5), at - timedelta(seconds=61)))
    monkeypatch.setattr(message, "now", lambda: next(clock))

    def claim(db: Session) -> None:
        message._claim_turn(db, world.session, world["attendee"].id, 60)

    def turns(db: Session) -> None:
        claim(db)
        with pytest.raises(TooMany):
            claim(db)
        claim(db)

    await server.db.write(turns)


async def test_calm_switch_holds_the_chat_and_one_press_ends_it(server: Server, world: World) -> None:
    async with (
        server.browser(world["attendee"].token) as me,
        server.browser(world["guest"].token) as other,
        server.browser(world["moderator"].token) as moderator,
        other.socket() as ear,
        me.socket() as own,
    ):
        await ear.subscribe(world.channel)
        await own.subscribe(f"person:{world['attendee'].id}")
        deed = await moderator.put(f"{session_of(world)}/calm", {"on": True})
        assert (await ear.publication(world.channel, "rules.changed"))["rules"]["calm"] is True
        assert (await me.get(f"{session_of(world)}/interaction"))["calm"] is True
        said = await me.post(f"{session_of(world)}/messages", {"text": "هل من جديد؟"})
        assert said["state"] == "held"
        assert (await own.publication(f"person:{world['attendee'].id}", "message.held"))["held"][
            "reason"
        ] == "calm"
        assert [one["message"]["id"] for one in (await me.get(f"{session_of(world)}/chat/mine"))["held"]] == [
            said["id"]
        ]
        with pytest.raises(Refused) as refusal:
            await me.post(f"{session_of(world)}/messages", {"text": "https://example.org"})
        assert refusal.value.code == "links.off"
        with pytest.raises(Refused) as refusal:
            await other.put(f"{session_of(world)}/hand")
        assert refusal.value.code == "calm.hands"
        assert (await other.get(f"{session_of(world)}/chat"))["messages"] == []
        answer = await other.ask("POST", f"/api/messages/{said['id']}/signs", {"kind": "heart"})
        assert answer.status_code == 404  # to others it is not there
        await moderator.post(f"/api/messages/{said['id']}/approve")
        shown = await ear.publication(world.channel, "message.posted")
        assert (shown["message"]["id"], shown["message"]["state"]) == (said["id"], "shown")
        assert (await own.publication(f"person:{world['attendee'].id}", "message.settled"))["state"] == "shown"
        await moderator.post(f"/api/audit/{deed['id']}/undo")
        assert (await me.post(f"{session_of(world)}/messages", {"text": "شكرًا"}))["state"] == "shown"


async def test_two_moderators_approve_at_once_and_it_is_said_once(server: Server, world: World) -> None:
    async with (
        server.browser(world["attendee"].token) as me,
        server.browser(world["moderator"].token) as one,
        server.browser(world["organiser"].token) as other,
    ):
        await one.patch(f"{session_of(world)}/chat-rules", {"hold": "all"})
        said = await me.post(f"{session_of(world)}/messages", {"text": "انتظار"})
        path = f"/api/messages/{said['id']}/approve"
        await asyncio.gather(*(who.post(path) for who in (one, other) * 25))

        def told(db: Session) -> int:
            posted = select(func.count()).select_from(Publication)
            return db.exec(
                posted.where(col(Publication.channel) == world.channel, col(Publication.name) == "message.posted")
            ).one()

        assert await server.db.read(told) == 1


async def test_refused_message_is_its_authors_until_it_waits_again(server: Server, world: World) -> None:
    async with (
        server.browser(world["attendee"].token) as me,
        server.browser(world["moderator"].token) as moderator,
    ):
        await moderator.patch(f"{session_of(world)}/chat-rules", {"hold": "all"})
        said = await me.post(f"{session_of(world)}/messages", {"text": "x"})
        deed = await moderator.post(f"/api/messages/{said['id']}/refuse")
        assert (await moderator.get(f"{session_of(world)}/moderation"))["held"] == []
        own = await me.get(f"{session_of(world)}/chat/mine")
        assert (own["held"], own["refused"][0]["message"]["text"]) == ([], "x")
        await moderator.post(f"/api/audit/{deed['id']}/undo")
        held = (await moderator.get(f"{session_of(world)}/moderation"))["held"]
        assert [(one["message"]["id"], one["reason"]) for one in held] == [(said["id"], "all")]
        await moderator.post(f"/api/messages/{said['id']}/refuse")
        await me.delete(f"/api/messages/{said['id']}")
        assert (await me.get(f"{session_of(world)}/chat/mine"))["refused"] == []


async def test_hidden_words_are_in_no_publication_and_come_back(server: Server, world: World) -> None:
    id = await say(server.db, world, text="كلام يُخفى")
    async with (
        server.browser(world["guest"].token) as other,
        server.browser(world["moderator"].token) as moderator,
    ):
        deed = await moderator.post(f"/api/messages/{id}/hide")
        [tomb] = (await other.get(f"{session_of(world)}/chat"))["messages"]
        assert (tomb["text"], tomb["deleted"], tomb["hidden"]) == ("", "moderator", True)
        assert await words_told(server, id) == set()
        context = await moderator.get(f"/api/messages/{id}/context")
        assert context["message"]["text"] == "كلام يُخفى"
        for _ in range(2):
            await moderator.post(f"/api/audit/{deed['id']}/undo")
        [back] = (await other.get(f"{session_of(world)}/chat"))["messages"]
        assert (back["text"], back["deleted"]) == ("كلام يُخفى", None)


async def test_deleted_words_leave_the_desk_too(server: Server, world: World) -> None:
    async with (
        server.browser(world["attendee"].token) as me,
        server.browser(world["guest"].token) as other,
        server.browser(world["moderator"].token) as moderator,
    ):
        await moderator.patch(f"{session_of(world)}/chat-rules", {"hold": "all"})
        said = await me.post(f"{session_of(world)}/messages", {"text": "ما يُنسى"})
        await moderator.post(f"/api/messages/{said['id']}/approve")
        await other.ask("POST", f"/api/messages/{said['id']}/report", {"reason": "abuse"})
        assert await words_told(server, UUID(said["id"])) == {"ما يُنسى"}
        await me.delete(f"/api/messages/{said['id']}")
        assert await words_told(server, UUID(said["id"])) == set()
        [report] = (await moderator.get(f"{session_of(world)}/moderation"))["reports"]
        assert report["message"]["text"] == ""


async def words_told(server: Server, id: UUID) -> set[str]:
    """Every text that a publication about this message still holds."""

    def texts(value: object) -> set[str]:
        if isinstance(value, dict):
            own = {value["text"]} if isinstance(value.get("text"), str) and value["text"] else set()
            return own.union(*(texts(one) for one in value.values()))
        return set().union(*(texts(one) for one in value)) if isinstance(value, list) else set()

    def unit(db: Session) -> set[str]:
        rows = db.exec(select(Publication).where(col(Publication.subject_id) == id))
        return set().union(*(texts(row.data) for row in rows))

    return await server.db.read(unit)


async def test_reports_of_one_thing_are_one_item(server: Server, world: World) -> None:
    id = await say(server.db, world)
    reporters = ("guest", "lead", "member")
    async with server.browser(world["moderator"].token) as moderator, moderator.socket() as ear:
        await ear.subscribe(f"{world.channel}:moderation")
        for who in reporters:
            async with server.browser(world[who].token) as me:
                for _ in range(2):  # twice counts once
                    answer = await me.ask("POST", f"/api/messages/{id}/report", {"reason": "spam", "text": who})
                    assert answer.status_code == 204
        snapshot = await moderator.get(f"{session_of(world)}/moderation")
        [item] = snapshot["reports"]
        assert [one["reporter"]["name"] for one in item["reports"]] == list(reporters)
        deed = await moderator.post(f"/api/reports/{id}/decide", {"decision": "kept"})
        await ear.until(
            lambda: any(
                one["data"].get("report", {}).get("decided") for one in ear.heard[f"{world.channel}:moderation"]
            )
        )
        await moderator.post(f"/api/audit/{deed['id']}/undo")
        [item] = (await moderator.get(f"{session_of(world)}/moderation"))["reports"]
        assert item["decided"] is None
        await moderator.post(f"/api/reports/{id}/decide", {"decision": "kept"})
        async with server.browser(world["guest"].token) as me:  # it happened again
            await me.ask("POST", f"/api/messages/{id}/report", {"reason": "abuse", "text": "again"})
        [item] = (await moderator.get(f"{session_of(world)}/moderation"))["reports"]
        assert (item["decided"], {one["text"] for one in item["reports"]}) == (None, {"again", "lead", "member"})
    async with server.browser(world["attendee"].token) as author:
        answer = await author.ask("POST", f"/api/messages/{id}/report", {"reason": "spam"})
        assert answer.json()["code"] == "report.oneself"


async def test_what_is_told_of_somebody_stays_in_the_conference(server: Server, world: World) -> None:
    other, about = await settle(server.db), world["attendee"].id
    await server.db.write(lambda unit: conference.grant(unit, other.conference, about, "attendee"))
    for place, text in ((world, "here"), (other, "there")):
        async with server.browser(place["guest"].token) as me:
            path = f"/api/conferences/{place.conference}/people/{about}/report"
            await me.ask("POST", path, {"reason": "abuse", "text": text})
    async with server.browser(other["moderator"].token) as moderator, moderator.socket() as ear:
        await ear.subscribe(f"{other.channel}:moderation")
        [item] = (await moderator.get(f"{session_of(other)}/moderation"))["reports"]
        await moderator.post(f"/api/reports/{item['subject_id']}/decide", {"decision": "kept"})
        told = (await ear.publication(f"{other.channel}:moderation", "report.changed"))["report"]
        assert [[one["text"] for one in each["reports"]] for each in (item, told)] == [["there"], ["there"]]
    async with server.browser(world["moderator"].token) as moderator:
        [item] = (await moderator.get(f"{session_of(world)}/moderation"))["reports"]
        assert (item["decided"], [one["text"] for one in item["reports"]]) == (None, ["here"])


@pytest.mark.parametrize("where", ["session", "conference"])
async def test_silenced_person_reads_and_does_not_write(server: Server, world: World, where: str) -> None:
    wish: JSON = {"session_id": str(world.session)} if where == "session" else {}
    async with (
        server.browser(world["attendee"].token) as me,
        server.browser(world["moderator"].token) as moderator,
    ):
        deed = await moderator.post(
            f"/api/conferences/{world.conference}/people/{world['attendee'].id}/silence", wish
        )
        for path, body in (("messages", {"text": "x"}), ("questions", {"text": "x?"})):
            answer = await me.ask("POST", f"{session_of(world)}/{path}", body)
            assert (answer.status_code, answer.json()["code"]) == (403, "silenced")
        elsewhere = await me.ask("POST", f"/api/sessions/{world.other_session}/messages", {"text": "x"})
        assert elsewhere.status_code == (201 if where == "session" else 403)
        assert (await me.get(f"{session_of(world)}/chat/mine"))["silenced"] is True
        await moderator.post(f"/api/audit/{deed['id']}/undo")
        await me.post(f"{session_of(world)}/messages", {"text": "x"})


async def test_banned_person_stays_out(server: Server, world: World) -> None:
    """By the same login, a new name, a new guest from the same browser, a new link: until the ban is lifted."""

    def invite(db: Session) -> str:
        draft = InvitationDraft(role="attendee")
        made = invitation.create(
            db, world["organiser"].actor, world.conference, draft, id=new_id(), url="http://x"
        )
        return made.token

    token = await server.db.write(invite)
    async with server.browser() as me, server.browser(world["moderator"].token) as moderator:
        joined = await me.post("/api/invitations/accept", {"token": token, "name": "ضيف"})
        person = joined["me"]["person"]["id"]
        async with me.socket() as ear:
            await ear.subscribe(world.channel)
            deed = await moderator.post(
                f"/api/conferences/{world.conference}/people/{person}/ban", {"reason": "spam"}
            )
            assert await ear.gone(world.channel)
        await me.patch("/api/me", {"name": "اسم آخر"})
        for path in (f"{session_of(world)}/chat", f"/api/conferences/{world.conference}"):
            answer = await me.ask("GET", path)
            assert (answer.status_code, answer.json()["code"]) == (403, "ban.here")
        again = await me.ask("POST", "/api/invitations/accept", {"token": token})
        assert (again.status_code, again.json()["code"]) == (403, "ban.here")
        await me.ask("POST", "/api/sign-out")
        anew = await me.ask("POST", "/api/invitations/accept", {"token": token, "name": "ضيف جديد"})
        assert (anew.status_code, anew.json()["code"]) == (403, "ban.browser")
        async with server.browser() as stranger:  # a fresh browser cannot be known
            await stranger.post("/api/invitations/accept", {"token": token, "name": "آخر"})
        assert await server.db.read(lambda db: len(db.exec(select(BannedBrowser)).all())) >= 1
        await moderator.post(f"/api/audit/{deed['id']}/undo")
        await me.post("/api/invitations/accept", {"token": token, "name": "عدت"})


async def test_lifted_ban_gives_everything_back(server: Server, world: World) -> None:
    speaker = world["speaker"]
    async with server.browser(world["organiser"].token) as organiser, server.browser(speaker.token) as me:
        told = {"headline": "مهندسة", "bio": "تبني الجسور.", "links": ["https://example.org/"]}
        await me.patch(f"/api/conferences/{world.conference}/speakers/{speaker.id}", told)
        before = await me.get(f"{session_of(world)}/mine")
        await organiser.post(f"/api/conferences/{world.conference}/people/{speaker.id}/ban", {"reason": ""})
        [ban] = (await organiser.get(f"/api/conferences/{world.conference}/bans"))["bans"]
        await organiser.delete(f"/api/bans/{ban['id']}")
        after = await me.get(f"{session_of(world)}/mine")
        assert [after[name] for name in ("role", "speaker", "may")] == [
            before[name] for name in ("role", "speaker", "may")
        ]
        speakers = (await me.get(f"/api/conferences/{world.conference}"))["speakers"]
        [profile] = [one for one in speakers if one["person"]["id"] == str(speaker.id)]
        assert {name: profile[name] for name in told} == told


async def test_hiding_what_was_reported_closes_the_report_and_undoing_opens_it(
    server: Server, world: World
) -> None:
    id = await say(server.db, world)
    async with (
        server.browser(world["guest"].token) as other,
        server.browser(world["moderator"].token) as moderator,
    ):
        await other.ask("POST", f"/api/messages/{id}/report", {"reason": "abuse"})
        deed = await moderator.post(f"/api/messages/{id}/hide")
        [item] = (await moderator.get(f"{session_of(world)}/moderation"))["reports"]
        assert (item["decided"], item["message"]["hidden"]) == ("acted", True)
        await moderator.post(f"/api/audit/{deed['id']}/undo")
        [item] = (await moderator.get(f"{session_of(world)}/moderation"))["reports"]
        assert (item["decided"], item["message"]["hidden"]) == (None, False)


async def test_nobody_bans_their_equals(server: Server, world: World) -> None:
    async with server.browser(world["moderator"].token) as moderator:
        for who in ("organiser", "moderator"):
            path = f"/api/conferences/{world.conference}/people/{world[who].id}/ban"
            answer = await moderator.ask("POST", path, {})
            assert (answer.status_code, answer.json()["code"]) == (403, "not_over_them")


async def test_log_tells_who_did_what(server: Server, world: World) -> None:
    id = await say(server.db, world)
    async with (
        server.browser(world["moderator"].token) as moderator,
        server.browser(world["organiser"].token) as me,
    ):
        await moderator.post(f"/api/messages/{id}/hide")
        await me.patch(f"/api/conferences/{world.conference}/chat-rules", {"slow_s": 5})
        log = f"/api/conferences/{world.conference}/audit"
        entries = (await me.get(log))["entries"]
        assert [(one["actor"]["name"], one["action"]) for one in entries] == [
            ("organiser", "rules.changed"),
            ("moderator", "message.hidden"),
        ]
        assert [one["action"] for one in (await me.get(f"{log}?action=message."))["entries"]] == ["message.hidden"]
        older = await me.get(f"{log}?before={entries[0]['id']}")
        assert [one["action"] for one in older["entries"]] == ["message.hidden"]
        await me.post(f"/api/audit/{entries[1]['id']}/undo")  # an organiser undoes anybody's
        undone = (await me.get(f"{log}?action=message.hidden"))["entries"][0]
        assert (undone["undone_by"]["name"], undone["undoable"]) == ("organiser", False)
        rules = f"/api/conferences/{world.conference}/chat-rules"
        await me.patch(rules, {"links": "nobody"})
        await me.post(f"/api/audit/{entries[0]['id']}/undo")
        after = await me.get(rules)
        assert (after["slow_s"], after["links"]) == (0, "nobody")  # what was changed since stays
        role = f"/api/conferences/{world.conference}/people/{world['moderator'].id}/role"
        await me.put(role, {"role": "organiser"})
        await moderator.patch(rules, {"slow_s": 30})
        await me.put(role, {"role": "moderator"})
        own = (await me.get(f"{log}?action=rules.changed"))["entries"][0]
        answer = await moderator.ask("POST", f"/api/audit/{own['id']}/undo")
        assert (answer.status_code, answer.json()["code"]) == (403, "not_allowed")
        for slow_s in (5, 10):
            await me.patch(rules, {"slow_s": slow_s})
        late = (await me.get(log))["entries"][1]
        answer = await me.ask("POST", f"/api/audit/{late['id']}/undo")
        assert (answer.status_code, answer.json()["code"]) == (409, "undo.impossible")


async def test_log_tells_of_questions_polls_and_registrations(server: Server, world: World) -> None:
    approved, dismissed = [await ask_question(server.db, world) for _ in range(2)]
    async with server.browser(world["guest"].token) as guest:
        hidden = await guest.post(f"{session_of(world)}/questions", {"text": "لمَ؟", "anonymous": True})
    poll = await draft_poll(server.db, world, words=("مرونة",))
    log = f"/api/conferences/{world.conference}/audit"
    async with server.browser(world["moderator"].token) as me:
        await me.post(f"/api/questions/{approved}/approve", {})
        await me.post(f"/api/questions/{hidden['id']}/approve", {})
        await me.post(f"/api/questions/{dismissed}/dismiss", {})
        await me.post(f"/api/questions/{hidden['id']}/start", {})
        await me.post(f"/api/polls/{poll}/close")
        entries = (await me.get(log))["entries"]
        assert [(one["action"], one["person"] and one["person"]["name"], one["undoable"]) for one in entries] == [
            ("poll.closed", None, True),
            ("question.answering", None, False),
            ("question.dismissed", "attendee", True),
            ("question.approved", None, True),  # who was promised to stay unknown is not named here either
            ("question.approved", "attendee", True),
            ("poll.opened", None, False),
        ]
        for number in (0, 2):
            await me.post(f"/api/audit/{entries[number]['id']}/undo")
        late = await me.ask("POST", f"/api/audit/{entries[3]['id']}/undo")  # it is being answered by now
        assert (late.status_code, late.json()["code"]) == (409, "question.decided")
        queue = (await me.get(f"{session_of(world)}/questions/queue"))["questions"]
        assert {one["id"]: one["state"] for one in queue} == {
            str(approved): "approved",
            str(dismissed): "waiting",
            hidden["id"]: "answering",
        }
        assert (await me.get(f"{session_of(world)}/polls/desk"))["polls"][0]["state"] == "open"


async def test_role_is_given_back_while_nobody_decided_anew(server: Server, world: World) -> None:
    path = f"/api/conferences/{world.conference}/people/{world['attendee'].id}/role"
    log = f"/api/conferences/{world.conference}/audit?action=role."
    async with server.browser(world["organiser"].token) as me, server.browser(world["attendee"].token) as other:

        async def role() -> str:
            return str((await other.get(f"/api/conferences/{world.conference}/mine"))["role"])

        for wanted in ("speaker", "speaker", "moderator"):
            await me.put(path, {"role": wanted})
        latest, first = (await me.get(log))["entries"]
        assert (latest["data"], latest["undoable"]) == ({"was": "speaker", "now": "moderator"}, True)
        answer = await me.ask("POST", f"/api/audit/{first['id']}/undo")
        assert (answer.status_code, answer.json()["code"], await role()) == (409, "undo.impossible", "moderator")
        await me.post(f"/api/audit/{latest['id']}/undo")
        assert await role() == "speaker"


async def test_signs_count_each_person_once(server: Server, world: World) -> None:
    id = await say(server.db, world)
    async with (
        server.browser(world["guest"].token) as me,
        server.browser(world["lead"].token) as other,
        me.socket() as ear,
    ):
        await ear.subscribe(world.channel)
        wish = {"kind": "clap"}
        answers = await asyncio.gather(*(me.ask("POST", f"/api/messages/{id}/signs", wish) for _ in range(20)))
        assert {answer.status_code for answer in answers} == {204}
        await other.ask("POST", f"/api/messages/{id}/signs", wish)
        await ear.publication(world.channel, "message.signed", signs={"clap": 2})
        assert (await me.get(f"{session_of(world)}/chat/mine"))["signs"] == [
            {"message_id": str(id), "kinds": ["clap"]}
        ]
        await other.ask("POST", f"/api/messages/{id}/signs", {"kind": "clap", "on": False})
        await ear.publication(world.channel, "message.signed", signs={"clap": 1})


async def test_history_of_2000_is_searched_and_opened_round_a_hit(server: Server, world: World) -> None:
    ids = [new_id() for _ in range(2_000)]
    author = world["attendee"].id

    def fill(db: Session) -> None:
        for place, id in enumerate(ids, start=1):
            text = f"سطر {place}" if place % 400 else f"الأَسْئِلة رقم {place}"
            row = Message(id=id, session_id=world.session, person_id=author, text=text, created_at=now())
            row.folded, row.place = searchable(text), place
            db.add(row)

    await server.db.write(fill)
    async with server.browser(world["guest"].token) as me:
        found = await me.get(f"{session_of(world)}/messages/search?q=اسئله")
        assert [one["text"] for one in found["messages"]] == [
            f"الأَسْئِلة رقم {n}" for n in (2000, 1600, 1200, 800, 400)
        ]
        hit = found["messages"][3]
        page = await me.get(f"{session_of(world)}/messages?around={hit['id']}&limit=20")
        assert [one["text"] for one in page["messages"]] == [
            f"سطر {n}" if n != 800 else hit["text"] for n in range(791, 811)
        ]
        assert (page["more"], page["newer"]) == (True, True)
        first = await me.get(f"{session_of(world)}/messages/search?q=سطر")
        assert (len(first["messages"]), first["more"]) == (30, True)
        last = first["messages"][-1]
        second = await me.get(f"{session_of(world)}/messages/search?q=سطر&before={last['id']}")
        assert second["messages"][0]["text"] == "سطر 1969"
        assert (await me.get(f"{session_of(world)}/messages/search?q=%25"))["messages"] == []


async def test_pins_are_few(server: Server, world: World) -> None:
    ids = [await say(server.db, world) for _ in range(4)]
    async with server.browser(world["moderator"].token) as me:
        answers = await asyncio.gather(*(me.ask("PUT", f"/api/messages/{id}/pin") for id in ids))
        assert sorted(answer.status_code for answer in answers) == [200, 200, 200, 409]
        assert len((await me.get(f"{session_of(world)}/chat"))["pins"]) == 3


async def test_named_person_hears_of_it_and_of_words_no_longer_when_they_are_gone(
    server: Server, world: World
) -> None:
    parent = await say(server.db, world, by="guest")
    body = {"text": "@lead انظر", "mentions": [str(world["lead"].id)], "parent_id": str(parent)}
    async with server.browser(world["attendee"].token) as me:
        said = await me.post(f"{session_of(world)}/messages", body)
        assert [one["name"] for one in said["mentions"]] == ["lead"]
    for who, kind in (("lead", "mention"), ("guest", "reply")):
        async with server.browser(world[who].token) as other:
            [notice] = (await other.get("/api/me/notifications"))["notifications"]
            assert (notice["kind"], notice["data"]["text"]) == (kind, "@lead انظر")
    async with (
        server.browser(world["attendee"].token) as me,
        server.browser(world["lead"].token) as other,
        other.socket() as ear,
    ):
        await ear.subscribe(f"person:{world['lead'].id}")
        await me.delete(f"/api/messages/{said['id']}")
        told = await ear.publication(f"person:{world['lead'].id}", "notification.changed")
        assert told["notification"]["data"]["text"] == "…"  # in a list that is open, too
        [notice] = (await other.get("/api/me/notifications"))["notifications"]
        assert notice["data"]["text"] == "…"


async def test_direct_messages_are_off_until_opened_and_end_with_a_block(server: Server, world: World) -> None:
    path = f"/api/conferences/{world.conference}"
    wish = {"person_id": str(world["lead"].id)}
    async with (
        server.browser(world["attendee"].token) as me,
        server.browser(world["lead"].token) as other,
        server.browser(world["organiser"].token) as organiser,
        other.socket() as ear,
    ):
        answer = await me.ask("POST", f"{path}/conversations", wish)
        assert (answer.status_code, answer.json()["code"]) == (403, "direct.off")
        await organiser.patch(f"{path}/chat-rules", {"direct": True})
        talks = await asyncio.gather(*(me.post(f"{path}/conversations", wish) for _ in range(5)))
        [talk] = {one["id"] for one in talks}
        await ear.subscribe(f"conversation:{talk}")
        said = await me.post(f"/api/conversations/{talk}/messages", {"text": "مرحبًا"})
        assert (await ear.publication(f"conversation:{talk}", "message.posted"))["message"]["id"] == said["id"]
        foreign = await organiser.ask("GET", f"/api/conversations/{talk}/chat")
        assert foreign.status_code == 404
        assert (await organiser.ask("POST", f"/api/messages/{said['id']}/hide")).status_code == 404
        await other.ask("POST", f"/api/messages/{said['id']}/report", {"reason": "abuse"})
        [item] = (await organiser.get(f"{session_of(world)}/moderation"))["reports"]
        assert item["message"]["text"] == "مرحبًا"
        [shown] = (await other.get(f"{path}/conversations"))["conversations"]
        assert (shown["unread"], shown["last"]["text"]) == (1, "مرحبًا")
        assert shown["other"]["id"] == str(world["attendee"].id)
        await me.post(f"/api/conversations/{talk}/messages", {"text": "هل أنت هنا؟"})
        notices = (await other.get("/api/me/notifications"))["notifications"]
        [notice] = [one for one in notices if one["kind"] == "direct_message"]  # one until it is read
        assert (notice["link"], notice["read"]) == (f"/c/{world.conference}/messages/{talk}", False)
        last = (await other.get(f"/api/conversations/{talk}/chat"))["messages"][-1]
        for seen in (last, said):  # an older mark moves nothing back
            await other.put(f"/api/conversations/{talk}/read", {"message_id": seen["id"]})
        found = await other.get(f"/api/conversations/{talk}/people?q=att")
        assert [one["name"] for one in found["people"]] == ["attendee"]
        [shown] = (await other.get(f"{path}/conversations"))["conversations"]
        assert shown["unread"] == 0
        notices = (await other.get("/api/me/notifications"))["notifications"]
        assert [one["read"] for one in notices if one["kind"] == "direct_message"] == [True]
        await me.delete(f"/api/messages/{said['id']}")
        notices = (await other.get("/api/me/notifications"))["notifications"]
        [notice] = [one for one in notices if one["kind"] == "direct_message"]
        assert notice["data"]["text"] == "…"
        told = {"reason": "abuse", "text": "خارج الجلسة"}
        await other.ask("POST", f"{path}/people/{world['attendee'].id}/report", told)
        items = (await organiser.get(f"{session_of(world)}/moderation"))["reports"]
        people = [one["person"]["id"] for one in items if one["kind"] == "person"]
        assert people == [str(world["attendee"].id)]
        today = await organiser.get(f"{path}/today")
        assert (today["reports"], today["held"], today["registrations"]) == (2, 0, 0)
        await other.put(f"{path}/blocks/{world['attendee'].id}")
        assert (await other.get(f"{path}/people/{world['attendee'].id}/card"))["blocked"]
        for who in (me, other):
            answer = await who.ask("POST", f"/api/conversations/{talk}/messages", {"text": "x"})
            assert (answer.status_code, answer.json()["code"]) == (403, "direct.blocked")
        for method, way, wish in (("PATCH", "", {"text": "y"}), ("POST", "/signs", {"kind": "heart"})):
            answer = await me.ask(method, f"/api/messages/{last['id']}{way}", wish)
            assert (answer.status_code, answer.json()["code"]) == (403, "direct.blocked")


async def test_reply_carries_its_parent_even_from_an_older_page(server: Server, world: World) -> None:
    parent = await say(server.db, world, text="الأصل")
    actor = world["attendee"].actor

    def fill(db: Session) -> None:
        for number in range(60):
            message.post(db, actor, world.session, str(number), id=new_id())
            db.flush()
        message.post(db, actor, world.session, "جواب", id=new_id(), parent_id=parent)

    await server.db.write(fill)
    async with server.browser(world["guest"].token) as me:
        chat = await me.get(f"{session_of(world)}/chat")
        assert chat["messages"][-1]["parent_id"] == str(parent)
        assert [one["text"] for one in chat["quoted"]] == ["الأصل"]
        foreign = await me.ask(
            "POST", f"/api/sessions/{world.other_session}/messages", {"text": "x", "parent_id": str(parent)}
        )
        assert foreign.status_code == 422
