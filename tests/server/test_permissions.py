"""Every endpoint x everybody x own and foreign conference, against the one table of permissions."""

from __future__ import annotations

import base64
from collections.abc import Callable
from dataclasses import dataclass
from uuid import UUID

import httpx
import pytest
import pytest_asyncio
from sqlmodel import Session

from models.base import new_id
from models.conversation import Message
from models.moderation import Audit, ChatRules
from models.stage import StreamKey
from models.team import Team
from server.actions import (
    announcement,
    attachment,
    audience,
    ban,
    board,
    board_import,
    card,
    card_undo,
    checklist,
    column,
    comment,
    conference,
    conversation,
    invitation,
    joining,
    label,
    ledger,
    message,
    moderation,
    note,
    poll,
    programme,
    question,
    registration,
    rehearsal,
    report,
    session,
    settings,
    sheet,
    silence,
    standing,
    team,
)
from server.api.endpoint import Endpoint
from server.domain.announcement import AnnouncementDraft, AnnouncementTexts
from server.domain.attachment import UrlDraft
from server.domain.board import BoardChange, ColumnDraft, LabelDraft
from server.domain.card import CardDraft
from server.domain.checklist import ItemDraft
from server.domain.comment import CommentDraft
from server.domain.conference import InvitationDraft
from server.domain.message import MessageDraft
from server.domain.moderation import BanWish, ReportDraft, SilenceWish
from server.domain.permissions import may
from server.domain.poll import PollDraft
from server.domain.programme import HallDraft, TrackDraft
from server.domain.programme_sheet import table_of
from server.domain.registration import FormChange, RegistrationDraft
from tests.support.app import Server
from tests.support.client import JSON, Browser
from tests.support.people import ROLES, Someone, World, enrol, filmed, recorded, settle

pytestmark = pytest.mark.asyncio(loop_scope="module")

TIMES = {"starts_at": "2027-03-01T09:00:00Z", "ends_at": "2027-03-01T10:00:00+00:00"}
EVERYBODY = (*ROLES, "stranger", "nobody")


@dataclass(frozen=True)
class Target:
    """Fresh rows for one call: somebody who is all one can be here, what they said, and a link."""

    world: World
    person: UUID
    asker: UUID
    message: UUID
    waiting: UUID
    approved: UUID
    invitation: UUID
    registration: UUID
    announcement: UUID
    key: UUID
    draft: UUID
    open_poll: UUID
    held: UUID
    conversation: UUID
    said: UUID
    silence: UUID
    ban: UUID
    note: UUID
    audit: UUID
    hall: UUID
    track: UUID
    sheet: UUID
    brought: UUID
    recording: UUID
    column: UUID
    label: UUID
    own_card: UUID
    item: UUID
    comment: UUID
    attachment: UUID
    other_card: UUID
    film: UUID
    half_a_film: UUID

    def ids(self, name: str) -> dict[str, UUID]:
        question_id = self.waiting if name in {"question.approve", "question.dismiss"} else self.approved
        poll_id = self.open_poll if name in {"poll.answer", "poll.close", "poll.hide"} else self.draft
        return {
            "conference_id": self.world.conference,
            "session_id": self.world.session,
            "team_id": self.world.team,
            "board_id": self.world.board,
            "card_id": self.own_card,
            "column_id": self.column,
            "label_id": self.label,
            "item_id": self.item,
            "comment_id": self.comment,
            "attachment_id": self.attachment,
            "name": new_id(),
            "person_id": self.asker if name == "wish.decide" else self.person,
            "message_id": self.held if name in {"message.approve", "message.refuse"} else self.message,
            "subject_id": self.message,
            "conversation_id": self.conversation,
            "silence_id": self.silence,
            "ban_id": self.ban,
            "note_id": self.note,
            "audit_id": self.audit,
            "question_id": question_id,
            "poll_id": poll_id,
            "invitation_id": self.invitation,
            "registration_id": self.registration,
            "announcement_id": self.announcement,
            "key_id": self.key,
            "hall_id": self.hall,
            "track_id": self.track,
            "sheet_id": self.sheet,
            "import_id": self.brought,
            "feed_id": new_id(),
            "recording_id": self.recording,
            "film_id": self.half_a_film if name == "film.bring" else self.film,
            "login_id": new_id(),
        }


Body = Callable[[Target], JSON]

# A body for every endpoint that takes one and belongs to somebody signed in.
BODIES: dict[str, Body] = {
    "me.change": lambda _: {"locale": "en"},
    "mail_habits.change": lambda _: {"quiet_from": 1320, "quiet_to": 420},
    "notification.see": lambda _: {},
    "conference.create": lambda _: {"title": "Mine", "zone": "Asia/Amman"},
    "conference.change": lambda _: {"title": "Renamed"},
    "role.change": lambda _: {"role": "moderator"},
    "invitation.create": lambda _: {"role": "attendee"},
    "registration.set": lambda _: {"mode": "approval", "capacity": 500},
    "registration.decide": lambda aim: {"ids": [str(aim.registration)], "decision": "approve"},
    "announcement.make": lambda _: {"texts": {"en": "Lunch is ready"}, "role": "speaker"},
    "settings.change": lambda _: {"teams_by": "organiser"},
    "conference.delete": lambda _: {"title": "ملتقى التطوّع"},
    "session.create": lambda _: {"title": "A talk", **TIMES},
    "session.change": lambda _: {"title": "Renamed"},
    "session.move": lambda _: {"state": "backstage"},
    "film.announce": lambda _: {"name": "كلمة الافتتاح", "bytes": 5_000_000},
    "stage.direct": lambda _: {"on_air": False, "muted": True},
    "waiting_card.set": lambda _: {"card_ar": "نعود بعد قليل", "back_at": TIMES["ends_at"]},
    "session.cancel": lambda _: {"note": "اعتذرت المتحدثة"},
    "conference.clone": lambda _: {"title": "Once more", "starts_on": "2027-05-01"},
    "hall.create": lambda _: {"name": "A hall"},
    "hall.change": lambda _: {"name": "Renamed", "rank": 3},
    "track.create": lambda _: {"name": "A track"},
    "track.change": lambda _: {"colour": "rose"},
    "speaker.create": lambda _: {"name": "ضيفة", "headline": "كاتبة"},
    "profile.change": lambda _: {"bio": "تكتب.", "translations": {"en": {"bio": "She writes."}}},
    "shift.preview": lambda aim: {"session_id": str(aim.world.session), "minutes": 10},
    "shift.make": lambda aim: {"session_id": str(aim.world.session), "minutes": 10},
    "sheet.preview": lambda _: {"columns": {"title": 0, "start": 1}},
    "sheet.import": lambda _: {"columns": {"title": 0, "start": 1}},
    "feed.create": lambda _: {"content": "saved"},
    "message.post": lambda _: {"text": "سلام"},
    "message.edit": lambda _: {"text": "changed"},
    "question.answer": lambda _: {"how": "aloud"},
    "message.report": lambda _: {"reason": "spam"},
    "sign.give": lambda _: {"kind": "heart"},
    "person.report": lambda _: {"reason": "abuse", "text": "look"},
    "person.report_outside": lambda _: {"reason": "spam"},
    "report.decide": lambda _: {"decision": "kept"},
    "session_rules.change": lambda _: {"slow_s": 5},
    "calm.set": lambda _: {"on": True},
    "chat_rules.change": lambda _: {"links": "known"},
    "person.silence": lambda _: {"minutes": 5},
    "person.ban": lambda _: {"reason": "spam"},
    "note.write": lambda _: {"text": "careful"},
    "direct.open": lambda target: {"person_id": str(target.person)},
    "conversation.post": lambda _: {"text": "سلام"},
    "conversation.read": lambda target: {"message_id": str(target.said)},
    "question.ask": lambda _: {"text": "متى؟"},
    "question.assign": lambda target: {"person_id": str(target.person)},
    "question.decide": lambda target: {"ids": [str(target.waiting)], "to": "approved"},
    "question.edit": lambda _: {"text": "متى تبدأ؟"},
    "question.merge": lambda target: {"into": str(target.waiting)},
    "poll.answer": lambda _: {"answer": {"option": "a"}},
    "poll.change": lambda _: {"text": "Which day?"},
    "poll.create": lambda _: {"text": "أي يوم؟", "kind": "rating", "settings": {}},
    "poll.hide": lambda _: {"key": "a"},
    "interaction.change": lambda _: {"hands_open": True},
    "line.say": lambda _: {"text": "دقيقتان"},
    "team.create": lambda _: {"title": "A team"},
    "team.change": lambda _: {"title": "Renamed"},
    "member.add": lambda _: {"role": "lead"},
    "team.call": lambda _: {"title": "Who wants to work on this?", "joining": "open"},
    "team.join": lambda _: {"note": "أترجم"},
    "stage.card": lambda _: {"on": True},
    "work.pause": lambda _: {"note": "سفر"},
    "wish.decide": lambda _: {"accept": True},
    "volunteer.change": lambda _: {"languages": ["ar"], "skills": [{"name": "ترجمة", "level": "have"}]},
    "card.create": lambda target: {"column_id": str(target.world.columns[0]), "title": "A card"},
    "card.change": lambda _: {"title": {"base": 0, "value": "Renamed"}},
    "card.move": lambda target: {"column_id": str(target.world.columns[1])},
    "card.archive": lambda _: {"on": True},
    "card.assign": lambda target: {"person_id": str(target.person)},
    "card.label": lambda target: {"label_id": str(target.label)},
    "card.link": lambda target: {"other_id": str(target.other_card)},
    "card.watch": lambda _: {"on": True},
    "board.create": lambda _: {"title": "A board", "template": "translation"},
    "board.change": lambda _: {"title": "Renamed"},
    "board.copy": lambda _: {"title": "A copy", "cards": True},
    "board.name": lambda _: {"on": True},
    "import.preview": lambda _: {},
    "import.make": lambda _: {"title": "Brought"},
    "column.create": lambda _: {"title": "A column"},
    "column.change": lambda _: {"hard_limit": 900},
    "column.move": lambda target: {"before": str(target.world.columns[0])},
    "column.archive": lambda _: {"on": True},
    "card.work": lambda _: {"act": "take"},
    "item.create": lambda _: {"text": "بند"},
    "item.change": lambda _: {"done": True},
    "item.move": lambda _: {},
    "item.promote": lambda _: {},
    "comment.create": lambda _: {"text": "تعليق"},
    "comment.change": lambda _: {"text": "changed"},
    "attachment.link": lambda _: {"url": "https://example.org/x", "name": "x"},
    "label.create": lambda _: {"name": "A label"},
    "label.change": lambda _: {"colour": "rose"},
}

# What is sent where a file is expected.
FILES: dict[str, bytes] = {
    "attachment.add": b"some words",
    "import.read": b'{"name": "x", "lists": [{"id": "l", "name": "l"}], "cards": []}',
    "sheet.read": "العنوان,البداية\nجلسة,2027-03-01 10:00\n".encode(),
    "film.bring": b"x",
    "picture.put": base64.b64decode("R0lGODlhAQABAIAAAAAAAP///ywAAAAAAQABAAACAUwAOw=="),
}

# Doors for people without a login; what they refuse is tested with the account.
DOORS = {
    "person.sign_up",
    "person.sign_in",
    "person.sign_out",
    "link.mail",
    "link.redeem",
    "setup.show",
    "setup.finish",
    "invitation.look",
    "invitation.accept",
    "check.start",
    "check.connect",
    "stage.health",
    "public.show",
    "public_board.show",
    "mail.show",
    "mail.stop",
    "registration.look",
    "registration.register",
    "pass.look",
    "pass.enter",
    "pass.link",
    "pass.change",
    "pass.act",
}

# About oneself: no conference has a say.
PERSONAL = {
    "me.show",
    "me.change",
    "mail_habits.show",
    "mail_habits.change",
    "notification.list",
    "notification.see",
    "login.list",
    "conference.list",
    "template.list",
    "volunteer.show",
    "volunteer.change",
    "skill.list",
    "task.open",
    "work.feed",
    "work.feeds",
    "work.mine",
    "work.pause",
}

# Rules beside the table: what one is needed for somebody else's row; None is never allowed.
OF_OTHERS: dict[str, str | None] = {
    "member.remove": "member.change",
    "profile.change": "speaker.change",
    "picture.put": "speaker.change",
    "picture.remove": "speaker.change",
    "message.edit": None,
    "comment.change": None,
    "comment.remove": "comment.moderate",
    "message.delete": "message.moderate",
    "question.edit": "question.decide",
    "hand.lower": "hand.manage",
    "note.delete": "audit.show",
    "deed.undo": "audit.show",
}

# What one needs for a row of one's own, or who one is on this server.
UNSCOPED = {"conference.create", "login.end", "stream_key.revoke", "feed.revoke"}

# From outside, too: everybody of the conference may look at an open door.
OPEN_DOORS = {"team.door", "team.join", "task.take"}

BOARD_SCOPED = ("board_id", "column_id", "label_id", "card_id", "item_id", "comment_id", "attachment_id")
TEAM_SCOPED = ("team_id", *BOARD_SCOPED, "conversation_id", "import_id")
STEPS_BACK = {"board.undo", "board.redo"}
SESSION_SCOPED = ("session_id", "message_id", "question_id", "poll_id", "recording_id", "film_id")

NAMES = sorted(
    {
        *PERSONAL,
        *UNSCOPED,
        *OF_OTHERS,
        *BODIES,
        "audit.show",
        "ban.lift",
        "ban.list",
        *FILES,
        "bookmark.add",
        "bookmark.remove",
        "conference.today",
        "feed.list",
        "hall.remove",
        "track.remove",
        "session.remove",
        "session.restore",
        "session.revive",
        "attachment.remove",
        "board.history",
        "board.mine",
        "board.redo",
        "board.search",
        "board.undo",
        "card.history",
        "item.remove",
        "board.show",
        "card.show",
        "label.remove",
        "chat.mine",
        "chat.show",
        "chat_rules.show",
        "conference.checklist",
        "conference.mine",
        "conference.show",
        "conversation.list",
        "conversation.mine",
        "conversation.page",
        "conversation.people",
        "conversation.search",
        "conversation.show",
        "deed.undo",
        "invitation.list",
        "invitation.revoke",
        "link.create",
        "message.approve",
        "message.context",
        "message.hide",
        "message.page",
        "message.pin",
        "message.refuse",
        "message.restore",
        "message.search",
        "message.unpin",
        "moderation.show",
        "note.delete",
        "people.find",
        "people.list",
        "announcement.list",
        "announcement.mine",
        "announcement.see",
        "announcement.withdraw",
        "conference.keep",
        "settings.show",
        "registration.export",
        "registration.form",
        "registration.hand",
        "registration.list",
        "person.block",
        "person.card",
        "person.record",
        "person.unblock",
        "question.answer",
        "hand.call",
        "hand.list",
        "hand.raise",
        "interaction.show",
        "line.show",
        "poll.close",
        "poll.delete",
        "poll.desk",
        "poll.list",
        "poll.open",
        "question.approve",
        "question.dismiss",
        "question.duplicates",
        "question.from_message",
        "question.history",
        "question.list",
        "question.pin",
        "question.queue",
        "question.return",
        "question.start",
        "question.unmerge",
        "question.unpin",
        "question.unvote",
        "question.vote",
        "film.air",
        "film.delete",
        "film.off_air",
        "film.show",
        "recording.delete",
        "recording.files",
        "recording.list",
        "role.remove",
        "session.join_code",
        "session.mine",
        "session.show",
        "silence.end",
        "speaker.add",
        "speaker.remove",
        "rehearsal.begin",
        "rehearsal.end",
        "stage.bring",
        "stage.leave",
        "stage.show",
        "stream_key.create",
        "stream_key.list",
        "member.find",
        "task.take",
        "work.show",
        "team.activity",
        "team.door",
        "team.doors",
        "team.due",
        "team.files",
        "team.list",
        "team.mates",
        "team.meet",
        "team.news",
        "team.see",
        "team.show",
        "wish.list",
        "viewing.capacity",
    }
)


def target(db: Session, world: World, endpoint: Endpoint | None = None) -> Target:
    """Fresh rows for one endpoint, or for any: what takes long to lay out only where the endpoint speaks of it."""
    organiser = world["organiser"].actor
    settings.keep(db, organiser, world.conference)  # it may just have been deleted
    somebody = enrol(db, "somebody")
    conference.grant(db, world.conference, somebody.id, "attendee")
    session.restore(db, organiser, world.session)
    session.add_speaker(db, organiser, world.session, somebody.id)
    team.add_member(db, organiser, world.team, somebody.id, "member")
    approved = question.ask(db, somebody.actor, world.session, "لماذا؟", id=new_id()).id
    question.decide(db, organiser, approved, "approved")
    standing.bring(db, organiser, world.session, somebody.id)
    rehearsal.begin(db, organiser, world.session, id=new_id())
    db.get_one(Team, world.team).joining = "request"
    asker = enrol(db, "asker")
    conference.grant(db, world.conference, asker.id, "attendee")
    joining.join(db, asker.actor, world.team, "")
    db.get_one(Team, world.team).joining = "open"
    key = StreamKey(
        person_id=somebody.id, session_id=world.session, token_hash=ledger.token_hash(ledger.new_token())
    )
    db.add(key)
    audience.raise_hand(db, somebody.actor, world.session)
    options = {"options": [{"id": "a", "text": "السبت"}, {"id": "b", "text": "الأحد"}]}
    asked = PollDraft(kind="single", text="متى؟", settings=options)
    open_poll, poll_draft = (poll.create(db, organiser, world.session, asked, id=new_id()).id for _ in range(2))
    poll.move(db, organiser, open_poll, "open")
    draft = InvitationDraft(role="attendee")
    made = invitation.create(db, organiser, world.conference, draft, id=new_id(), url="http://x")
    said = message.post(db, somebody.actor, world.session, "سلام", id=new_id()).id
    held = Message(session_id=world.session, person_id=somebody.id, text="x", state="held", held_for="all")
    another = enrol(db, "another")
    conference.grant(db, world.conference, another.id, "attendee")
    db.add(held)
    if db.get(ChatRules, world.conference) is None:
        db.add(ChatRules(id=world.conference, conference_id=world.conference, direct=True))
    db.flush()
    report.message(db, world["guest"].actor, said, ReportDraft(reason="spam"))
    silenced = silence.impose(db, organiser, world.conference, somebody.id, SilenceWish()).id
    banned = ban.impose(db, organiser, world.conference, another.id, BanWish()).id
    deed = moderation.hide(db, organiser, said).id
    moderation.restore(db, organiser, said)
    db.flush()
    silence_id, ban_id = (db.get_one(Audit, id).subject_id for id in (silenced, banned))
    assert silence_id is not None
    assert ban_id is not None
    table = table_of([["title", "start"], ["ورشة", "2027-03-01 10:00"]])
    talk = conversation.of_team(db, db.get_one(Team, world.team)).id
    return Target(
        hall=programme.add_hall(db, organiser, world.conference, HallDraft(name=str(new_id())), id=new_id()).id,
        track=programme.add_track(db, organiser, world.conference, TrackDraft(name=str(new_id())), id=new_id()).id,
        sheet=sheet.keep(db, organiser, world.conference, table).id,
        brought=board_import.keep(db, organiser, world.team, board_import.pack(table, name="لوحة")).id,
        world=world,
        person=somebody.id,
        asker=asker.id,
        message=said,
        held=held.id,
        conversation=talk,
        said=message.post_in(db, somebody.actor, talk, MessageDraft(text="x", mentions=[]), id=new_id()).id,
        silence=silence_id,
        ban=ban_id,
        note=note.write(db, organiser, world.conference, somebody.id, "x", id=new_id()).id,
        audit=deed,
        waiting=question.ask(db, somebody.actor, world.session, "متى؟", id=new_id()).id,
        approved=approved,
        invitation=made.invitation.id,
        registration=wish_to_come(db, world),
        announcement=announcement.make(
            db, organiser, world.conference, AnnouncementDraft(texts=AnnouncementTexts(en="x")), id=new_id()
        ).id,
        key=key.id,
        draft=poll_draft,
        open_poll=open_poll,
        recording=recorded(db, world.session),
        film=filmed(db, world),
        half_a_film=filmed(db, world, here=False),
        **on_the_board(db, world, somebody, endpoint),
    )


def on_the_board(db: Session, world: World, author: Someone, endpoint: Endpoint | None) -> dict[str, UUID]:
    """A column and a label of the team's board, and two cards with everything; everybody has a step to undo."""
    if endpoint is not None and not any(f"{{{name}}}" in endpoint.path for name in BOARD_SCOPED):
        return {
            name: new_id()
            for name in ("column", "label", "own_card", "other_card", "item", "comment", "attachment")
        }
    me = world["organiser"].actor
    board.change(db, me, world.board, BoardChange(review=True))
    made = column.create(db, me, world.board, ColumnDraft(title="عمود"), id=new_id())
    sticker = label.create(db, me, world.board, LabelDraft(name="وسم"), id=new_id())
    draft = CardDraft(column_id=world.columns[0], title="بطاقة", seats=40)
    one, other = (card.create(db, me, world.board, draft, id=new_id()).id for _ in range(2))
    for who in ("organiser", "lead", "member") if endpoint is None or endpoint.name in STEPS_BACK else ():
        for number in range(2):
            item = checklist.create(db, world[who].actor, one, ItemDraft(text=f"بند {number}"), id=new_id()).id
        card_undo.undo(db, world[who].actor, world.board)
    item = checklist.create(db, author.actor, one, ItemDraft(text="بند"), id=new_id()).id
    said = comment.create(db, author.actor, one, CommentDraft(text="تعليق"), id=new_id()).id
    linked = attachment.link(db, author.actor, one, UrlDraft(url="https://example.org"), id=new_id()).id
    on_it = {"item": item, "comment": said, "attachment": linked}
    return {"column": made.id, "label": sticker.id, "own_card": one, "other_card": other, **on_it}


def wish_to_come(db: Session, world: World) -> UUID:
    """Somebody who waits for approval."""
    registration.change_form(db, world["organiser"].actor, world.conference, FormChange(mode="approval"))
    draft = RegistrationDraft(ref=str(world.conference), name="newcomer", email=f"{new_id()}@example.org")
    row = registration.register(db, None, draft, device="x").row
    assert row is not None
    return row.id


def roles_of(who: str, endpoint: Endpoint) -> set[str]:
    """What somebody is where this endpoint lies."""
    if who not in ROLES:
        return set()
    roles = {ROLES[who]}
    if who == "speaker" and any(f"{{{name}}}" in endpoint.path for name in SESSION_SCOPED):
        roles.add("session_speaker")
    if who in {"lead", "member"} and _in_team(endpoint):
        roles.add(who)
    return roles


def _in_team(endpoint: Endpoint) -> bool:
    return any(f"{{{name}}}" in endpoint.path for name in TEAM_SCOPED)


def expected(endpoint: Endpoint, who: str) -> int:
    """The status that the table of permissions asks for."""
    if who == "nobody":
        return 401
    if endpoint.name in PERSONAL:
        return endpoint.status
    if endpoint.name in UNSCOPED:
        # Made by those who may; ids of somebody else's logins and keys are like unknown ones.
        creates = endpoint.name == "conference.create"
        return (201 if who in {"organiser", "stranger"} else 403) if creates else 404
    roles = roles_of(who, endpoint)
    if not roles or (_in_team(endpoint) and not may(roles, "team.show") and endpoint.name not in OPEN_DOORS):
        return 404
    needed = OF_OTHERS.get(endpoint.name, endpoint.permission)
    return endpoint.status if needed is not None and may(roles, needed) else 403


async def call(browser: Browser, endpoint: Endpoint, ids: dict[str, UUID], body: JSON | None) -> httpx.Response:
    path = endpoint.path.format(start=0, **{name: str(id) for name, id in ids.items()})
    if endpoint.name in FILES:
        return await browser.http.post(path, content=FILES[endpoint.name])
    return await browser.ask(endpoint.method, path, body)


def named(server: Server, name: str) -> Endpoint:
    return next(endpoint for endpoint in server.assembled.endpoints if endpoint.name == name)


def body_of(endpoint: Endpoint, aim: Target) -> JSON | None:
    return BODIES[endpoint.name](aim) if endpoint.body is not None else None


async def test_every_endpoint_is_walked(server: Server) -> None:
    assert {endpoint.name for endpoint in server.assembled.endpoints} == {*NAMES, *DOORS}
    assert {one.name for one in server.assembled.endpoints if one.body and one.kind != "flow"} == set(BODIES)
    assert {one.name for one in server.assembled.endpoints if one.permission is None} == (
        DOORS | PERSONAL | UNSCOPED
    )


@pytest.mark.parametrize("name", NAMES)
async def test_endpoint_answers_everybody_by_the_table(
    server: Server, world: World, stranger: Someone, name: str
) -> None:
    endpoint = named(server, name)
    wrong: list[str] = []
    aim = await server.db.write(lambda db: target(db, world, endpoint))
    if name not in PERSONAL | {"conference.create"}:
        await foreign_ids_answer_like_unknown_ones(server, endpoint, aim, stranger)
    used_up = False
    for who in sorted(
        EVERYBODY, key=lambda who: expected(endpoint, who) < 400
    ):  # who is refused leaves all as it is
        if used_up:
            aim = await server.db.write(lambda db: target(db, world, endpoint))
        token = None if who == "nobody" else stranger.token if who == "stranger" else world[who].token
        async with server.browser(token) as browser:
            answer = await call(browser, endpoint, aim.ids(name), body_of(endpoint, aim))
        wanted = expected(endpoint, who)
        if answer.is_success:
            assert_fits(endpoint, answer)
        used_up = answer.is_success and endpoint.method != "GET"
        if answer.status_code != wanted:
            wrong.append(f"{who}: {answer.status_code} instead of {wanted} {answer.text[:120]}")
        elif wanted >= 400:
            code = {401: "login.needed", 403: "not_allowed", 404: "not_found"}[wanted]
            assert (answer.json()["code"], answer.headers["content-type"]) == (code, "application/problem+json")
    assert wrong == []


def assert_fits(endpoint: Endpoint, answer: httpx.Response) -> None:
    """A real answer is what /api/openapi.json says: nothing missing, nothing more, ids and times in their form."""
    if endpoint.result is None:
        assert answer.content == b""
    else:
        assert endpoint.result.model_validate_json(answer.content).model_dump(mode="json") == answer.json()


async def foreign_ids_answer_like_unknown_ones(
    server: Server, endpoint: Endpoint, aim: Target, stranger: Someone
) -> None:
    ids = aim.ids(endpoint.name)
    async with server.browser(stranger.token) as browser:
        foreign = await call(browser, endpoint, ids, body_of(endpoint, aim))
        nothing = await call(browser, endpoint, {one: new_id() for one in ids}, body_of(endpoint, aim))
    told = [{**answer.json(), "request_id": ""} for answer in (foreign, nothing)]
    assert (foreign.status_code, told[0]) == (404, told[1])


async def test_ids_of_another_conference_beside_ones_own(server: Server, world: World, stranger: Someone) -> None:
    """An organiser names their own conference, and something of somebody else's in the same breath."""
    there = await settle(server.db)
    mine, own = f"/api/conferences/{world.conference}", f"/api/sessions/{world.session}"
    foreign = await server.db.write(lambda db: target(db, there))
    tries: list[tuple[str, str, JSON | None]] = [
        ("PUT", f"{mine}/people/{foreign.person}/role", {"role": "organiser"}),
        ("DELETE", f"{mine}/people/{foreign.person}", None),
        ("POST", f"{mine}/people/{foreign.person}/sign-in-link", None),
        ("POST", f"{mine}/invitations", {"role": "speaker", "session_id": str(there.session)}),
        ("POST", f"{mine}/invitations", {"role": "attendee", "team_id": str(there.team)}),
        ("PUT", f"{own}/speakers/{foreign.person}", None),
        ("DELETE", f"{own}/speakers/{foreign.person}", None),
        ("GET", f"{own}/messages?before={foreign.message}", None),
        ("PUT", f"/api/teams/{world.team}/members/{foreign.person}", {"role": "lead"}),
        ("DELETE", f"/api/teams/{world.team}/members/{foreign.person}", None),
        ("POST", f"/api/boards/{world.board}/cards", {"column_id": str(there.columns[0]), "title": "x"}),
        ("POST", f"/api/cards/{world.card}/move", {"column_id": str(there.columns[0])}),
    ]
    async with server.browser(world["organiser"].token) as browser:
        answers = [await browser.ask(*one) for one in tries]
    assert [(one[1], answer.status_code) for one, answer in zip(tries, answers, strict=True)] == [
        (one[1], 404) for one in tries
    ]


async def test_channels_open_by_the_table(server: Server, world: World, stranger: Someone) -> None:
    """(channel, permission, roles that count there)"""
    speaker_here = {"speaker": {"session_speaker"}}
    in_team = {"lead": {"lead"}, "member": {"member"}}
    talk = await server.db.write(lambda db: conversation.of_team(db, db.get_one(Team, world.team)).id)
    rows: list[tuple[str, str, dict[str, set[str]]]] = [
        (f"session:{world.session}", "session.show", speaker_here),
        (f"session:{world.session}:moderation", "question.decide", speaker_here),
        (f"session:{world.session}:backstage", "stage.backstage", speaker_here),
        (f"session:{world.session}:behind", "session.show", speaker_here),
        (f"conference:{world.conference}", "conference.show", {}),
        (f"team:{world.team}", "team.show", in_team),
        (f"conversation:{talk}", "team.show", in_team),
        (f"board:{world.board}", "board.show", in_team),
    ]
    for who in (*ROLES, "stranger"):
        someone = stranger if who == "stranger" else world[who]
        held = {ROLES[who]} if who in ROLES else set()
        async with server.browser(someone.token) as browser, browser.socket() as ear:
            heard = {channel: "recovered" in await ear.subscribe(channel) for channel, _, _ in rows}
            assert heard == {
                channel: may(held | more.get(who, set()), permission) for channel, permission, more in rows
            }, who
            assert "recovered" in await ear.subscribe(f"person:{someone.id}")
            for closed in (
                f"person:{world['attendee' if who != 'attendee' else 'guest'].id}",
                "access",
                f"session:{new_id()}",
                f"session:{world.session}:secret",
                f"session:{world.session.hex}",
                "person:me",
            ):
                assert (await ear.subscribe(closed))["error"]["code"] == "channel.refused", closed


async def test_last_organiser_stays(server: Server, world: World) -> None:
    me = world["organiser"].id
    people = f"/api/conferences/{world.conference}/people"
    async with server.browser(world["organiser"].token) as browser:
        demotion = ("PUT", f"{people}/{me}/role", {"role": "attendee"})
        for method, path, body in (demotion, ("DELETE", f"{people}/{me}", None)):
            answer = await browser.ask(method, path, body)
            assert (answer.status_code, answer.json()["code"]) == (409, "role.last_organiser")
        await browser.put(f"{people}/{world['attendee'].id}/role", {"role": "organiser"})
        await browser.put(f"{people}/{me}/role", {"role": "attendee"})


async def test_guests_are_not_made_organisers(server: Server, world: World) -> None:
    async with server.browser(world["organiser"].token) as browser:
        path = f"/api/conferences/{world.conference}/people/{world['guest'].id}/role"
        answer = await browser.ask("PUT", path, {"role": "organiser"})
        assert (answer.status_code, answer.json()["code"]) == (409, "guest.not_here")


async def test_last_lead_stays(server: Server, world: World) -> None:
    members = f"/api/teams/{world.team}/members"
    async with server.browser(world["lead"].token) as browser:
        for method, body in (("PUT", {"role": "member"}), ("DELETE", None)):
            answer = await browser.ask(method, f"{members}/{world['lead'].id}", body)
            assert (answer.status_code, answer.json()["code"]) == (409, "team.last_lead")
        await browser.put(f"{members}/{world['member'].id}", {"role": "lead"})
        await browser.delete(f"{members}/{world['lead'].id}")


async def test_member_leaves_by_themselves(server: Server, world: World) -> None:
    async with server.browser(world["member"].token) as browser:
        await browser.delete(f"/api/teams/{world.team}/members/{world['member'].id}")
        assert (await browser.ask("GET", f"/api/teams/{world.team}")).status_code == 404


async def test_a_link_never_opens_somebody_elses_conferences(server: Server, world: World) -> None:
    """An organiser may sign in whom they invited, and nobody who is somebody elsewhere too."""
    there = await settle(server.db)

    def join(db: Session) -> None:
        conference.grant(db, world.conference, there["moderator"].id, "attendee")
        conference.grant(db, world.conference, there["organiser"].id, "attendee")

    await server.db.write(join)
    async with server.browser(world["organiser"].token) as browser:
        for someone in (there["moderator"], there["organiser"]):
            answer = await browser.ask(
                "POST", f"/api/conferences/{world.conference}/people/{someone.id}/sign-in-link"
            )
            assert (answer.status_code, answer.json()["code"]) == (409, "link.belongs_elsewhere")


@pytest.mark.parametrize(
    ("path", "body"),
    [
        ("/api/sign-up", {"name": "x", "email": "x@example.org", "password": "12345678", "role": "organiser"}),
        ("/api/invitations/accept", {"token": "0123456789abcdef", "name": "x", "role": "organiser"}),
        ("/api/me", {"may_create": True}),
        ("/api/me", {"guest": False}),
    ],
)
async def test_role_is_never_taken_from_a_body(server: Server, world: World, path: str, body: JSON) -> None:
    async with server.browser(world["attendee"].token) as browser:
        answer = await browser.ask("PATCH" if path == "/api/me" else "POST", path, body)
    assert answer.status_code == 422
    assert set(answer.json()["fields"].values()) == {"This is not expected here."}


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def stranger(server: Server) -> Someone:
    """An organiser of another conference."""
    return (await settle(server.db, "Another conference"))["organiser"]
