"""What programs are told of the API is what the API does."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Sequence
from datetime import UTC, datetime
from typing import Annotated, Any, get_args, get_origin
from uuid import UUID

import pytest
from pydantic import PlainSerializer, TypeAdapter
from sqlmodel import Session, col, select

from models.base import new_id
from models.conversation import Conversation
from models.database import Database
from models.publication import Publication
from models.team import Team
from server import __version__
from server.actions import (
    announcement,
    attachment,
    audience,
    board,
    card,
    card_people,
    checklist,
    column,
    comment,
    conference,
    conversation,
    finding,
    joining,
    label,
    message,
    moderation,
    notify,
    participant,
    person,
    poll,
    programme,
    question,
    recording,
    registration,
    rehearsal,
    report,
    rules,
    session,
    sheet,
    shift,
    sign,
    silence,
    standing,
    tally,
    team,
    vote,
    work,
)
from server.api.problem import Problem
from server.domain.announcement import AnnouncementDraft, AnnouncementTexts
from server.domain.attachment import UrlDraft
from server.domain.audience import InteractionChange
from server.domain.board import Beside, BoardChange, ColumnArchive, ColumnDraft, LabelDraft
from server.domain.card import CardMove
from server.domain.card_edit import CardEdit, TitleEdit
from server.domain.checklist import ItemDraft
from server.domain.comment import CommentChange, CommentDraft
from server.domain.conference import ConferenceChange
from server.domain.message import MessageDraft
from server.domain.moderation import ReportDraft, RulesChange, SilenceWish
from server.domain.notice import NotificationsSeen
from server.domain.permissions import PERMISSIONS
from server.domain.person import ChangeMe
from server.domain.poll import PollChange, PollDraft, WordHiding
from server.domain.programme import HallDraft, NewSpeaker, ShiftDraft, TrackDraft
from server.domain.programme_sheet import Bringing, table_of
from server.domain.question import AnswerDraft
from server.domain.registration import FormChange, RegistrationDraft
from server.domain.session import SessionChange
from server.domain.team import TeamChange
from server.domain.view import FACTS, SIGNALS, View
from server.domain.work import WorkWish
from server.domain.zone import Instant, Moment
from tests.support.app import Server
from tests.support.client import JSON, kind_of
from tests.support.people import World, lay_out, recorded

pytestmark = pytest.mark.asyncio(loop_scope="module")


async def openapi(server: Server) -> JSON:
    async with server.browser() as nobody:
        return await nobody.get("/api/openapi.json")


def walk(value: Any) -> Iterator[JSON]:
    """Every object in a document."""
    if isinstance(value, dict):
        yield value
        for one in value.values():
            yield from walk(one)
    elif isinstance(value, list):
        for one in value:
            yield from walk(one)


def found(document: JSON, reference: str) -> Any:
    value: Any = document
    for part in reference.removeprefix("#/").split("/"):
        value = value[part]
    return value


async def test_openapi_lists_every_endpoint_as_it_is_declared(server: Server) -> None:
    document = await openapi(server)
    assert (document["openapi"], document["info"]) == ("3.1.0", {"title": "Multaqa", "version": __version__})
    told = {
        (operation["operationId"], method.upper(), path)
        for path, operations in document["paths"].items()
        for method, operation in operations.items()
    }
    assert told == {(one.name, one.method, one.path) for one in server.assembled.endpoints}
    for endpoint in server.assembled.endpoints:
        operation = document["paths"][endpoint.path][endpoint.method.lower()]
        assert operation["summary"], endpoint.name
        assert operation.get("x-permission") == endpoint.permission
        assert endpoint.permission is None or endpoint.permission in PERMISSIONS
        assert ("requestBody" in operation) == (endpoint.body is not None or endpoint.kind == "upload")
        in_path = {one["name"] for one in operation["parameters"] if one["in"] == "path"}
        assert in_path == set(re.findall(r"{(\w+)}", endpoint.path))
        success = operation["responses"][str(endpoint.status)]
        assert ("content" in success) == (endpoint.result is not None)


async def test_openapi_refers_to_nothing_that_is_not_there(server: Server) -> None:
    document = await openapi(server)
    references = {one["$ref"] for one in walk(document) if isinstance(one.get("$ref"), str)}
    assert references
    for reference in references:
        assert found(document, reference)["type"] == "object"
    used = {reference.rpartition("/")[2] for reference in references}
    assert used == set(document["components"]["schemas"])
    assert Problem.__name__ in used


async def test_times_on_the_wire_sort_as_texts() -> None:
    """A page sorts by the texts: of a whole second the decimals may not be missing."""
    at = datetime(2026, 3, 1, 9, tzinfo=UTC)
    told = [TypeAdapter(kind).dump_json(at) for kind in (Instant, Moment)]
    assert told == [b'"2026-03-01T09:00:00.000Z"'] * 2
    bare = [
        f"{view.__qualname__}.{name}"
        for view in _below(View)
        for name, field in view.model_fields.items()
        if _untimed(field.annotation, field.metadata)
    ]
    assert bare == []


def _below(view: type[View]) -> Iterator[type[View]]:
    for one in view.__subclasses__():
        yield one
        yield from _below(one)


def _untimed(annotation: Any, metadata: Sequence[object] = ()) -> bool:
    """Whether a datetime goes out as the library likes."""
    if annotation is datetime:
        return not any(isinstance(one, PlainSerializer) for one in metadata)
    if get_origin(annotation) is Annotated:
        inner, *more = get_args(annotation)
        return _untimed(inner, more)
    return any(_untimed(one) for one in get_args(annotation))


async def test_events_are_all_there_with_their_channels(server: Server) -> None:
    async with server.browser() as nobody:
        document = await nobody.get("/api/events.json")
    assert set(document["publications"]) == set(FACTS) - {"access.changed"}
    assert set(document["signals"]) == set(SIGNALS)
    for name, told in document["publications"].items():
        assert told["channels"] == list(FACTS[name].channels)
        assert found(document, told["data"]["$ref"])["additionalProperties"] is False


async def test_every_fact_is_told_exactly_where_it_says(server: Server) -> None:
    world = await everything_happens(server.db)
    ours = {str(world.conference), str(world.session), str(world.other_session), str(world.team), str(world.board)}
    ours |= {str(await server.db.read(talk_of(world.team)))}
    ours |= {str(someone.id) for someone in world.people.values()} | {"access"}
    told = await server.db.read(told_so_far)
    ours |= {channel.split(":")[1] for name, channel in told if name == "rehearsal.forgotten"}
    where = {(name, kind_of(channel)) for name, channel in told if ours & {*channel.split(":")}}
    declared = {(name, channel) for name, fact in FACTS.items() for channel in fact.channels}
    assert where == declared


def talk_of(team_id: UUID) -> Callable[[Session], UUID]:
    return lambda db: db.exec(select(Conversation.id).where(col(Conversation.team_id) == team_id)).one()


def told_so_far(db: Session) -> set[tuple[str, str]]:
    return set(db.exec(select(Publication.name, col(Publication.channel))).all())


async def everything_happens(db: Database) -> World:
    world = await db.write(lay_out)
    organiser, attendee = world["organiser"].actor, world["attendee"].actor

    def talk(unit: Session) -> None:
        said = message.post(unit, attendee, world.session, "سلام", id=new_id())
        unit.flush()
        message.edit(unit, attendee, said.id, "سلام عليكم")
        message.delete(unit, attendee, said.id)
        asked = [question.ask(unit, attendee, world.session, "متى؟", id=new_id()).id for _ in range(2)]
        question.decide(unit, organiser, asked[0], "approved")
        question.answer(unit, organiser, asked[0], AnswerDraft())
        vote.vote(unit, attendee, asked[0])
        for state in ("approved", "dismissed", "waiting"):
            question.decide(unit, organiser, asked[1], state)
        question.start(unit, organiser, asked[1])
        question.pin(unit, organiser, asked[1], on=True)
        tally.tell(unit)

    def audience_acts(unit: Session) -> None:
        rules = InteractionChange(hands_open=True, anonymous="all")
        audience.change(unit, organiser, world.session, rules)
        audience.raise_hand(unit, attendee, world.session)
        audience.call(unit, organiser, world.session, world["attendee"].id)
        audience.lower(unit, attendee, world.session, world["attendee"].id)
        audience.say_line(unit, organiser, world.session, "دقيقتان")
        draft = PollDraft(kind="rating", text="كيف كانت؟", settings={})
        made = [poll.create(unit, organiser, world.session, draft, id=new_id()).id for _ in range(2)]
        poll.change(unit, organiser, made[1], PollChange(text="كيف؟"))
        poll.delete_draft(unit, organiser, made[1])
        poll.move(unit, organiser, made[0], "open")
        poll.answer(unit, attendee, made[0], {"mark": 5})
        unit.flush()
        poll.hide(unit, organiser, made[0], WordHiding(key="1"))
        poll.move(unit, organiser, made[0], "closed")
        tally.tell(unit)

    def chat(unit: Session) -> None:
        """The same chat among a team, and everything that moderators do with a session's."""
        lead, member = world["lead"].actor, world["member"].actor
        rules.change(unit, organiser, world.conference, RulesChange(direct=True))
        talk = conversation.of_team(unit, unit.get_one(Team, world.team)).id
        said = message.post_in(
            unit, lead, talk, MessageDraft(text="@member", mentions=[member.person_id]), id=new_id()
        )
        unit.flush()
        between = conversation.open_direct(unit, attendee, world.conference, lead.person_id, id=new_id()).id
        told = message.post_in(unit, attendee, between, MessageDraft(text="سلام", mentions=[]), id=new_id())
        unit.flush()
        conversation.read(unit, lead, between, told.id)
        sign.give(unit, member, said.id, "heart")
        sign.tell(unit)
        message.edit(unit, lead, said.id, "سلام")
        message.delete(unit, lead, said.id)
        one = message.post(unit, attendee, world.session, "@lead", id=new_id(), mentions=[lead.person_id]).id
        unit.flush()
        sign.give(unit, lead, one, "clap")
        sign.tell(unit)
        moderation.pin(unit, organiser, one)
        moderation.unpin(unit, organiser, one)
        report.message(unit, lead, one, ReportDraft(reason="spam"))
        moderation.hide(unit, organiser, one)
        moderation.restore(unit, organiser, one)
        rules.calm(unit, organiser, world.session, on=True)
        waiting = message.post(unit, attendee, world.session, "x", id=new_id())
        unit.flush()
        moderation.approve(unit, organiser, waiting.id)
        silence.impose(unit, organiser, world.conference, lead.person_id, SilenceWish())

    def rehearse(unit: Session) -> None:
        twin = rehearsal.begin(unit, organiser, world.session, id=new_id()).id
        question.ask(unit, world["speaker"].actor, twin, "متى؟", id=new_id())

    def manage(unit: Session) -> None:
        session.change(unit, organiser, world.session, SessionChange(title="عنوان"))
        session.move(unit, organiser, world.session, "live")
        standing.bring(unit, organiser, world.session, attendee.person_id)
        session.change(unit, organiser, world.session, SessionChange(record=True))
        session.move(unit, organiser, world.session, "ended")
        recording.delete(unit, organiser, recorded(unit, world.session))
        conference.change(unit, organiser, world.conference, ConferenceChange(title="ملتقى"))
        arranged(unit, world)
        person.change(unit, organiser, ChangeMe(name="اسم جديد"))
        team.add_member(unit, organiser, world.team, world["guest"].id, "member")
        team.change(unit, organiser, world.team, TeamChange(title="فريق آخر", joining="request"))
        joining.join(unit, world["speaker"].actor, world.team, "أترجم")
        boards_change(unit, world)
        finding.show(unit, organiser, world.session, world.card, on=True)
        card.move(unit, world["lead"].actor, world.card, CardMove(column_id=world.columns[2]))
        participant.remove(unit, organiser, world.conference, world["guest"].id)
        for role in (None, "speaker"):
            draft = AnnouncementDraft(texts=AnnouncementTexts(en="x"), role=role)
            made = announcement.make(unit, organiser, world.conference, draft, id=new_id())
            announcement.see(unit, organiser, made.id)
            announcement.withdraw(unit, organiser, made.id)
        registration.change_form(unit, organiser, world.conference, FormChange(mode="open", capacity=1))
        registration.register(
            unit, attendee, RegistrationDraft(ref=str(world.conference), name="x"), device="a test's device"
        )
        notify.notify(unit, [attendee.person_id], "hand_accepted", {"session": "عنوان"})
        notify.see(unit, attendee, NotificationsSeen())

    def boards_change(unit: Session, world: World) -> None:
        lead, here = world["lead"].actor, world.board
        board.change(unit, lead, here, BoardChange(title="لوحة"))
        made = column.create(unit, lead, here, ColumnDraft(title="عمود"), id=new_id())
        column.move(unit, lead, made.id, Beside(before=world.columns[0]))
        for on in (True, False):
            column.archive(unit, lead, made.id, ColumnArchive(on=on))
        sticker = label.create(unit, lead, here, LabelDraft(name="وسم"), id=new_id())
        label.remove(unit, lead, sticker.id)
        edit = CardEdit(title=TitleEdit(base=0, value="بطاقة أخرى"))
        card.change(unit, lead, world.card, edit)
        for on in (True, False):
            card.archive(unit, lead, world.card, on=on)
        line = checklist.create(unit, lead, world.card, ItemDraft(text="بند"), id=new_id())
        checklist.remove(unit, lead, line.id)
        said = comment.create(unit, lead, world.card, CommentDraft(text="تعليق"), id=new_id())
        comment.edit(unit, lead, said.id, CommentChange(text="تعليق آخر"))
        link = attachment.link(unit, lead, world.card, UrlDraft(url="https://example.org"), id=new_id())
        attachment.remove(unit, lead, link.id)
        board.change(unit, lead, here, BoardChange(review=True))
        work.act(unit, lead, world.card, WorkWish(act="take"))
        comment.delete(unit, lead, said.id)
        card_people.watch(unit, lead, world.card, on=False)

    def arranged(unit: Session, world: World) -> None:
        hall = programme.add_hall(unit, organiser, world.conference, HallDraft(name="قاعة"), id=new_id())
        track = programme.add_track(unit, organiser, world.conference, TrackDraft(name="مسار"), id=new_id())
        programme.remove_hall(unit, organiser, hall.id)
        programme.remove_track(unit, organiser, track.id)
        programme.save(unit, attendee, world.session, saved=True)
        speaker = programme.add_speaker(unit, organiser, world.conference, NewSpeaker(name="ضيفة"), id=new_id())
        participant.remove(unit, organiser, world.conference, speaker.person.id)
        draft = ShiftDraft(session_id=world.other_session, minutes=10)
        shift.make(unit, organiser, world.conference, draft)
        table = table_of([["title", "start"], ["ورشة", "2027-03-01 10:00"]])
        kept = sheet.keep(unit, organiser, world.conference, table)
        wish = Bringing(**kept.guess.model_dump())
        sheet.bring(unit, organiser, kept.id, wish)
        session.remove(unit, organiser, world.other_session)

    await db.write(talk)
    await db.write(audience_acts)
    await db.write(chat)
    await db.write(rehearse)
    await db.write(lambda unit: rehearsal.end(unit, organiser, world.session))
    await db.write(manage)
    return world
