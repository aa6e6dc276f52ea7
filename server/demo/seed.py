"""Lays the example out: once in full, and at every start its times round now."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import UUID
from zoneinfo import ZoneInfo

from sqlmodel import Session

from models.base import now
from models.conference import Conference, ConferenceRole, ConferenceSession, SessionSpeaker
from models.person import Person
from server.actions import team
from server.actions.publish import publish
from server.demo import boards, conversation, films, guests, interaction, programmes, volunteers
from server.demo.people import (
    BESIDE,
    CONFERENCE,
    CROWD,
    EVERYBODY,
    ON_AIR,
    PERSONAS,
    TEAM,
    Someone,
    fixed,
)
from server.domain.conference import ConferenceChanged
from server.domain.conference import view as conference_view
from server.domain.session import SessionChanged
from server.domain.team import TeamDraft
from server.queries import programme
from server.queries.channels import conference_channel, session_channel

ZONE = "Asia/Amman"


@dataclass(frozen=True)
class Talk:
    """A session of the example: when it begins, in minutes from now, and how long it takes."""

    key: str
    title: str
    description: str
    begins: int
    minutes: int
    state: str = "scheduled"
    hall: str = "القاعة الكبرى"
    language: str = "ar"
    track: str = "القيادة"
    kind: str = "talk"
    english: tuple[str, str] | None = None
    speakers: tuple[Someone, ...] = ()
    card: tuple[str, str] = ("", "")  # what the waiting card says, in Arabic and in English
    record: bool = False

    @property
    def id(self) -> UUID:
        return fixed(f"session:{self.key}")

    def live_since(self, starts_at: datetime) -> datetime | None:
        return starts_at if self.state == "live" else None

    @property
    def translations(self) -> dict[str, dict[str, str]]:
        return {"en": {"title": self.english[0], "description": self.english[1]}} if self.english else {}


TALKS = (
    Talk(
        "opening",
        "افتتاح الملتقى: لماذا نتطوّع معًا؟",
        "كلمة ترحيب، وما ينتظرنا في يومَي الملتقى.",
        begins=-110,
        minutes=45,
        state="ended",
        kind="ceremony",
        english=("Opening: why volunteer together?", "A welcome, and what awaits us in these two days."),
        speakers=(PERSONAS["organiser"],),
    ),
    Talk(
        "live",
        "كيف ننظّم فريق تطوّع عن بُعد؟",
        "من أول رسالة إلى أول إنجاز: أدوات بسيطة، واتفاقات واضحة، واجتماعات أقصر.",
        begins=-15,
        minutes=60,
        state="live",
        english=(
            "How to run a volunteer team remotely",
            "From the first message to the first result: simple tools, clear agreements, shorter meetings.",
        ),
        speakers=(ON_AIR, BESIDE, PERSONAS["speaker"]),
    ),
    Talk(
        "next",
        "ورشة: كتابة محتوى يصل إلى الناس",
        "نكتب معًا إعلانًا لحملة تطوّع، ونحسّنه سطرًا سطرًا.",
        begins=60,
        minutes=75,
        state="backstage",
        record=True,
        hall="قاعة الورش",
        track="التواصل",
        kind="workshop",
        english=("Workshop: words that reach people", "We write a call for volunteers and mend it line by line."),
        speakers=(PERSONAS["speaker"],),
        card=(
            "أحضروا معكم نصًّا قصيرًا كتبتموه لنعمل عليه معًا.",
            "Bring a short text of your own: we will work on it together.",
        ),
    ),
    Talk(
        "burnout",
        "Seeing volunteer burnout early",
        "Five signs, and what a small team can do about each of them this week.",
        begins=60,
        minutes=45,
        hall="قاعة النقاش",
        track="العافية",
        language="en",
        speakers=(CROWD[3],),
    ),
    Talk(
        "campaign",
        "من فكرة إلى حملة في أسبوع",
        "قصة حملة «كتاب لكل بيت»: ما نجح، وما تعلّمناه مما لم ينجح.",
        begins=150,
        minutes=45,
        track="التواصل",
        english=(
            "From idea to campaign in a week",
            "The story of “a book for every home”: what worked, and what did not.",
        ),
        speakers=(CROWD[0],),
    ),
    Talk("pause", "استراحة", "", begins=45, minutes=15, track="", kind="break", english=("Break", "")),
    Talk(
        "panel",
        "حوار: كيف نموّل المبادرات الصغيرة؟",
        "ثلاث تجارب من ثلاثة بلدان، وأسئلتكم.",
        begins=120,
        minutes=60,
        hall="قاعة النقاش",
        kind="panel",
        english=("Panel: paying for small initiatives", "Three stories from three countries, and your questions."),
        speakers=(PERSONAS["organiser"], CROWD[1]),
    ),
    Talk(
        "care",
        "راحة المتطوّع: كيف نعتني بمن يعتني بالناس؟",
        "علامات الإرهاق المبكرة، وخطوات يقدر عليها كل فريق.",
        begins=24 * 60,
        minutes=60,
        track="العافية",
        kind="keynote",
        english=("Caring for those who care", "Early signs of exhaustion, and steps that every team can take."),
        speakers=(CROWD[2],),
    ),
    Talk(
        "closing",
        "الختام وشكر المتطوّعين",
        "أهم ما خرجنا به، وموعدنا القادم.",
        begins=27 * 60,
        minutes=30,
        track="",
        kind="ceremony",
        english=("Closing and thanks", "What we take home, and when we meet again."),
    ),
    Talk(
        "sprint",
        "Open translation sprint",
        "Bring a text, leave with it in another language. Everybody is welcome.",
        begins=24 * 60,
        minutes=120,
        hall="قاعة الورش",
        track="التواصل",
        kind="workshop",
        language="en",
        speakers=(CROWD[5],),
    ),
)


def lay_out(db: Session) -> None:
    """Lay the example out, or move its times to now."""
    if db.get(Conference, CONFERENCE) is None:
        _people(db)
        _conference(db)
        _conversation(db)
        _team(db)
        guests.come(db)
    else:
        _move_to_now(db)
    films.lay_out(db)


def _people(db: Session) -> None:
    for someone in EVERYBODY:
        db.add(Person(id=someone.id, name=someone.name, locale=someone.locale, may_create=someone.may_create))
    db.flush()


def _conference(db: Session) -> None:
    today = now().astimezone(ZoneInfo(ZONE)).date()
    conference = Conference(
        id=CONFERENCE,
        title="ملتقى المتطوّعين العرب",
        description="يومان من الجلسات والورش عن العمل التطوّعي عن بُعد، مفتوحان للجميع.",
        locale="ar",
        zone=ZONE,
        starts_on=today,
        ends_on=today + timedelta(days=1),
        public=True,
        slug="multaqa-demo",
        translations={
            "en": {
                "title": "Gathering of Arab Volunteers",
                "description": "Two days of talks and workshops on volunteering from afar, open to everybody.",
            }
        },
    )
    db.add(conference)
    db.flush()
    for someone in EVERYBODY:
        db.add(ConferenceRole(conference_id=CONFERENCE, person_id=someone.id, role=someone.role))
    begin = _quarter(now())
    for talk in TALKS:
        starts_at = begin + timedelta(minutes=talk.begins)
        db.add(
            ConferenceSession(
                id=talk.id,
                conference_id=CONFERENCE,
                title=talk.title,
                description=talk.description,
                hall=talk.hall,
                language=talk.language,
                track=talk.track,
                kind=talk.kind,
                translations=talk.translations,
                state=talk.state,
                live_since=talk.live_since(starts_at),
                card_ar=talk.card[0],
                card_en=talk.card[1],
                record=talk.record,
                starts_at=starts_at,
                ends_at=starts_at + timedelta(minutes=talk.minutes),
            )
        )
    db.flush()
    for talk in TALKS:
        for speaker in talk.speakers:
            db.add(SessionSpeaker(session_id=talk.id, person_id=speaker.id))
    db.flush()
    programmes.lay_out(db)
    publish(db, conference_channel(CONFERENCE), ConferenceChanged(conference=conference_view(conference)))


def _conversation(db: Session) -> None:
    conversation.lay_out(db)
    interaction.lay_out(db)


def _team(db: Session) -> None:
    team.create(db, PERSONAS["organiser"].actor, CONFERENCE, TeamDraft(title="فريق المحتوى"), id=TEAM)
    for someone, role in (
        (PERSONAS["team_lead"], "lead"),
        (PERSONAS["volunteer"], "member"),
        (CROWD[2], "member"),
    ):
        team.grant(db, TEAM, db.get_one(Person, someone.id), role)
    boards.lay_out(db)
    volunteers.lay_out(db)


def _move_to_now(db: Session) -> None:
    """The same example, today: what people wrote in it stays."""
    begin = _quarter(now())
    conference = db.get_one(Conference, CONFERENCE)
    conference.starts_on = now().astimezone(ZoneInfo(ZONE)).date()
    conference.ends_on = conference.starts_on + timedelta(days=1)
    conference.version += 1
    publish(db, conference_channel(CONFERENCE), ConferenceChanged(conference=conference_view(conference)))
    for talk in TALKS:
        row = db.get_one(ConferenceSession, talk.id)
        row.starts_at = begin + timedelta(minutes=talk.begins)
        row.ends_at = row.starts_at + timedelta(minutes=talk.minutes)
        row.state = talk.state
        row.live_since = talk.live_since(row.starts_at)
        row.version += 1
        shown = programme.session_view(db, row)
        for channel in (session_channel(row.id), conference_channel(CONFERENCE)):
            publish(db, channel, SessionChanged(session=shown), subject=row.id)


def _quarter(moment: datetime) -> datetime:
    """The last full quarter of an hour: programmes begin at such times."""
    return moment.replace(minute=moment.minute // 15 * 15, second=0, microsecond=0)
