"""What each endpoint is called with: fresh rows for its path, a body, a file."""

from __future__ import annotations

import base64
import re
from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property
from uuid import UUID

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
from server.domain.person import Actor
from server.domain.poll import PollDraft
from server.domain.programme import HallDraft, TrackDraft
from server.domain.programme_sheet import table_of
from server.domain.registration import FormChange, RegistrationDraft
from tests.support.client import JSON
from tests.support.people import Someone, World, enrol, filmed, recorded

TIMES = {"starts_at": "2027-03-01T09:00:00Z", "ends_at": "2027-03-01T10:00:00+00:00"}
PATH_ID = re.compile(r"{(\w+)}")


@dataclass(frozen=True)
class Aim:
    """One call, ready to be made: what stands in the path, and the body."""

    ids: dict[str, UUID]
    body: JSON | None


class Target:
    """Rows for one call, each laid out when the call first speaks of it; to be used inside one unit of work.

    Laying all of them out for each call took more than half of the walk's time.
    """

    def __init__(self, db: Session, world: World) -> None:
        self.db = db
        self.world = world
        self.organiser: Actor = world["organiser"].actor
        # Whatever an earlier call ended or closed: the conference, the session, the way into the team.
        settings.keep(db, self.organiser, world.conference)
        session.restore(db, self.organiser, world.session)
        db.get_one(Team, world.team).joining = "open"
        if db.get(ChatRules, world.conference) is None:
            db.add(ChatRules(id=world.conference, conference_id=world.conference, direct=True))
        db.flush()

    def aim(self, endpoint: Endpoint) -> Aim:
        name = endpoint.name
        for prepare in BEFORE.get(name, ()):
            prepare(self)
        ids = {word: self._of_path(word, name) for word in PATH_ID.findall(endpoint.path) if word != "start"}
        return Aim(ids, BODIES[name](self) if endpoint.body is not None else None)

    def _of_path(self, word: str, name: str) -> UUID:
        if word in {"name", "feed_id", "login_id"}:
            return new_id()
        if word in {"conference_id", "session_id", "team_id", "board_id"}:
            return UUID(str(getattr(self.world, word.removesuffix("_id"))))
        kind = OTHER_ROWS.get(name, {}).get(word) or ROWS.get(word) or word.removesuffix("_id")
        return UUID(str(getattr(self, kind)))

    # People

    @cached_property
    def author(self) -> Someone:
        """Somebody who is all one can be here."""
        somebody = self._attendee("somebody")
        session.add_speaker(self.db, self.organiser, self.world.session, somebody.id)
        team.add_member(self.db, self.organiser, self.world.team, somebody.id, "member")
        return somebody

    @cached_property
    def person(self) -> UUID:
        return self.author.id

    @cached_property
    def asker(self) -> UUID:
        """Somebody who asked to come into the team."""
        somebody, row = self._attendee("asker"), self.db.get_one(Team, self.world.team)
        row.joining = "request"
        joining.join(self.db, somebody.actor, self.world.team, "")
        row.joining = "open"
        return somebody.id

    def _attendee(self, name: str) -> Someone:
        somebody = enrol(self.db, name)
        conference.grant(self.db, self.world.conference, somebody.id, "attendee")
        return somebody

    @cached_property
    def invitation(self) -> UUID:
        draft = InvitationDraft(role="attendee")
        made = invitation.create(
            self.db, self.organiser, self.world.conference, draft, id=new_id(), url="http://x"
        )
        return made.invitation.id

    @cached_property
    def registration(self) -> UUID:
        """Somebody who waits for approval."""
        registration.change_form(self.db, self.organiser, self.world.conference, FormChange(mode="approval"))
        draft = RegistrationDraft(ref=str(self.world.conference), name="newcomer", email=f"{new_id()}@example.org")
        row = registration.register(self.db, None, draft, device="x").row
        assert row is not None
        return row.id

    # On the stage

    def on_stage(self) -> None:
        standing.bring(self.db, self.organiser, self.world.session, self.person)

    def rehearsing(self) -> None:
        rehearsal.begin(self.db, self.organiser, self.world.session, id=new_id())

    def hand_up(self) -> None:
        audience.raise_hand(self.db, self.author.actor, self.world.session)

    @cached_property
    def key(self) -> UUID:
        row = StreamKey(
            person_id=self.person,
            session_id=self.world.session,
            token_hash=ledger.token_hash(ledger.new_token()),
        )
        self.db.add(row)
        self.db.flush()
        return row.id

    @cached_property
    def recording(self) -> UUID:
        return recorded(self.db, self.world.session)

    @cached_property
    def film(self) -> UUID:
        return filmed(self.db, self.world)

    @cached_property
    def half_a_film(self) -> UUID:
        return filmed(self.db, self.world, here=False)

    # Said, asked and voted on

    @cached_property
    def message(self) -> UUID:
        return message.post(self.db, self.author.actor, self.world.session, "سلام", id=new_id()).id

    @cached_property
    def held(self) -> UUID:
        row = Message(session_id=self.world.session, person_id=self.person, text="x", state="held", held_for="all")
        self.db.add(row)
        self.db.flush()
        return row.id

    @cached_property
    def reported(self) -> UUID:
        report.message(self.db, self.world["guest"].actor, self.message, ReportDraft(reason="spam"))
        return self.message

    @cached_property
    def conversation(self) -> UUID:
        return conversation.of_team(self.db, self.db.get_one(Team, self.world.team)).id

    @cached_property
    def said(self) -> UUID:
        draft = MessageDraft(text="x", mentions=[])
        return message.post_in(self.db, self.author.actor, self.conversation, draft, id=new_id()).id

    @cached_property
    def waiting(self) -> UUID:
        return question.ask(self.db, self.author.actor, self.world.session, "متى؟", id=new_id()).id

    @cached_property
    def approved(self) -> UUID:
        id = question.ask(self.db, self.author.actor, self.world.session, "لماذا؟", id=new_id()).id
        question.decide(self.db, self.organiser, id, "approved")
        return id

    @cached_property
    def draft(self) -> UUID:
        return self._poll()

    @cached_property
    def open_poll(self) -> UUID:
        id = self._poll()
        poll.move(self.db, self.organiser, id, "open")
        return id

    def _poll(self) -> UUID:
        options = {"options": [{"id": "a", "text": "السبت"}, {"id": "b", "text": "الأحد"}]}
        asked = PollDraft(kind="single", text="متى؟", settings=options)
        return poll.create(self.db, self.organiser, self.world.session, asked, id=new_id()).id

    @cached_property
    def announcement(self) -> UUID:
        draft = AnnouncementDraft(texts=AnnouncementTexts(en="x"))
        return announcement.make(self.db, self.organiser, self.world.conference, draft, id=new_id()).id

    # What moderators did

    @cached_property
    def silence(self) -> UUID:
        deed = silence.impose(self.db, self.organiser, self.world.conference, self.person, SilenceWish()).id
        return self._subject_of(deed)

    @cached_property
    def ban(self) -> UUID:
        another = self._attendee("another").id
        return self._subject_of(ban.impose(self.db, self.organiser, self.world.conference, another, BanWish()).id)

    def _subject_of(self, deed: UUID) -> UUID:
        self.db.flush()
        subject = self.db.get_one(Audit, deed).subject_id
        assert subject is not None
        return subject

    @cached_property
    def note(self) -> UUID:
        return note.write(self.db, self.organiser, self.world.conference, self.person, "x", id=new_id()).id

    @cached_property
    def audit(self) -> UUID:
        deed = moderation.hide(self.db, self.organiser, self.message).id
        moderation.restore(self.db, self.organiser, self.message)
        return deed

    # The programme

    @cached_property
    def hall(self) -> UUID:
        draft = HallDraft(name=str(new_id()))
        return programme.add_hall(self.db, self.organiser, self.world.conference, draft, id=new_id()).id

    @cached_property
    def track(self) -> UUID:
        draft = TrackDraft(name=str(new_id()))
        return programme.add_track(self.db, self.organiser, self.world.conference, draft, id=new_id()).id

    @cached_property
    def sheet(self) -> UUID:
        return sheet.keep(self.db, self.organiser, self.world.conference, table_of(TABLE)).id

    # The team's board

    @cached_property
    def brought(self) -> UUID:
        packed = board_import.pack(table_of(TABLE), name="لوحة")
        return board_import.keep(self.db, self.organiser, self.world.team, packed).id

    @cached_property
    def column(self) -> UUID:
        draft = ColumnDraft(title="عمود")
        return column.create(self.db, self.organiser, self.world.board, draft, id=new_id()).id

    @cached_property
    def label(self) -> UUID:
        return label.create(self.db, self.organiser, self.world.board, LabelDraft(name="وسم"), id=new_id()).id

    @cached_property
    def card(self) -> UUID:
        return self._card()

    @cached_property
    def other_card(self) -> UUID:
        return self._card()

    def _card(self) -> UUID:
        draft = CardDraft(column_id=self.world.columns[0], title="بطاقة", seats=40)
        return card.create(self.db, self.organiser, self.world.board, draft, id=new_id()).id

    @cached_property
    def item(self) -> UUID:
        return checklist.create(self.db, self.author.actor, self.card, ItemDraft(text="بند"), id=new_id()).id

    @cached_property
    def comment(self) -> UUID:
        draft = CommentDraft(text="تعليق")
        return comment.create(self.db, self.author.actor, self.card, draft, id=new_id()).id

    @cached_property
    def attachment(self) -> UUID:
        draft = UrlDraft(url="https://example.org")
        return attachment.link(self.db, self.author.actor, self.card, draft, id=new_id()).id

    def reviewing(self) -> None:
        board.change(self.db, self.organiser, self.world.board, BoardChange(review=True))

    def steps_to_undo(self) -> None:
        """Everybody who may has done two things and taken one back."""
        for who in ("organiser", "lead", "member"):
            actor = self.world[who].actor
            for number in range(2):
                draft = ItemDraft(text=f"بند {number}")
                checklist.create(self.db, actor, self.card, draft, id=new_id())
            card_undo.undo(self.db, actor, self.world.board)


TABLE = [["title", "start"], ["ورشة", "2027-03-01 10:00"]]

# What must have happened before an endpoint can answer well.
BEFORE: dict[str, tuple[Callable[[Target], object], ...]] = {
    "stage.direct": (Target.on_stage,),
    "stage.leave": (Target.on_stage,),
    "hand.call": (Target.hand_up,),
    "hand.lower": (Target.hand_up,),
    "rehearsal.end": (Target.rehearsing,),
    "card.work": (Target.reviewing,),
    "board.undo": (Target.steps_to_undo,),
    "board.redo": (Target.steps_to_undo,),
}

# Which row stands in the path, where it is not the one of that name.
ROWS = {
    "subject_id": "reported",
    "question_id": "approved",
    "poll_id": "draft",
    "import_id": "brought",
}
OTHER_ROWS = {
    "question.approve": {"question_id": "waiting"},
    "question.dismiss": {"question_id": "waiting"},
    "poll.answer": {"poll_id": "open_poll"},
    "poll.close": {"poll_id": "open_poll"},
    "poll.hide": {"poll_id": "open_poll"},
    "wish.decide": {"person_id": "asker"},
    "message.approve": {"message_id": "held"},
    "message.refuse": {"message_id": "held"},
    "film.bring": {"film_id": "half_a_film"},
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
    "question.approve": lambda _: {"seen": "waiting"},
    "question.dismiss": lambda _: {"seen": "waiting"},
    "question.return": lambda _: {"seen": "approved"},
    "question.start": lambda _: {"seen": "approved"},
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
    "board.undo": lambda _: {},
    "board.redo": lambda _: {},
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
