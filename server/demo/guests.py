"""The example's newcomers: who registered, what they answered, and what the organisers announced."""

from __future__ import annotations

from typing import Any

from sqlmodel import Session

from models.base import new_id
from server.actions import announcement, registration
from server.actions.notify import notify
from server.demo.people import CONFERENCE, LIVE_SESSION, PERSONAS
from server.domain.announcement import AnnouncementDraft, AnnouncementTexts
from server.domain.registration import (
    Choice,
    FormChange,
    FormQuestion,
    HolderWish,
    LongWords,
    RegistrationDraft,
    Words,
)

SEATS = 120
QUESTIONS = (
    FormQuestion(
        id="from",
        kind="one",
        words=Words(ar="كيف عرفت عن الملتقى؟", en="How did you hear of us?"),
        choices=(
            Choice(id="friend", words=Words(ar="من صديق", en="From a friend")),
            Choice(id="social", words=Words(ar="من وسائل التواصل", en="On social media")),
            Choice(id="team", words=Words(ar="من فريق تطوّعي", en="From a volunteer team")),
        ),
    ),
    FormQuestion(
        id="help",
        kind="many",
        words=Words(ar="بماذا تودّ أن تساعد؟", en="What would you like to help with?"),
        choices=(
            Choice(id="translate", words=Words(ar="الترجمة", en="Translating")),
            Choice(id="design", words=Words(ar="التصميم", en="Design")),
            Choice(id="welcome", words=Words(ar="استقبال المشاركين", en="Welcoming people")),
        ),
    ),
    FormQuestion(id="hope", kind="prose", words=Words(ar="ماذا تنتظر من الملتقى؟", en="What do you hope for?")),
)
# Those the organisers still have to look at, and those who are in.
ASKING: tuple[tuple[str, str, dict[str, Any]], ...] = (
    (
        "عبير الشامي",
        "abeer@example.org",
        {"from": "friend", "help": ["translate"], "hope": "إدارة الوقت."},
    ),
    ("Daniel Weber", "daniel@example.org", {"from": "social", "hope": "Ideas for our small team."}),
    ("أُسامة الحلبي", "osama@example.org", {"help": ["design", "welcome"]}),
)
COMING: tuple[tuple[str, str, dict[str, Any]], ...] = (
    ("رنا يعقوب", "rana@example.org", {"from": "team", "help": ["welcome"]}),
    ("إبراهيم منصوري", "ibrahim@example.org", {"from": "friend", "hope": "لقاء متطوّعين من بلدان أخرى."}),
    ("Leila Haddad", "leila@example.org", {"from": "social", "help": ["translate", "design"]}),
    ("سلمى بنعلي", "salma@example.org", {"from": "friend"}),
    ("محمود عوض", "mahmoud@example.org", {}),
)


def come(db: Session) -> None:
    """Open registration, and let people come."""
    _form(db, FormChange(mode="approval", capacity=SEATS, questions=QUESTIONS, thanks=THANKS))
    for name, address, answers in ASKING:
        _register(db, name, address, answers)
    _form(db, FormChange(mode="open", capacity=SEATS))
    tokens = [_register(db, name, address, answers) for name, address, answers in COMING]
    registration.act(db, None, HolderWish(token=tokens[-1], do="cancel"))
    texts = AnnouncementTexts(
        ar="نبدأ بعد الاستراحة مباشرة من القاعة الكبرى. شاي للجميع!",
        en="We go on in the main hall right after the break. Tea for everybody!",
    )
    announcement.make(db, PERSONAS["organiser"].actor, CONFERENCE, AnnouncementDraft(texts=texts), id=new_id())
    notify(
        db,
        [PERSONAS["attendee"].id],
        "question_approved",
        {"session": "كيف ننظّم فريق تطوّع عن بُعد؟", "text": "كيف نبدأ بلا ميزانية؟"},
        link=f"/s/{LIVE_SESSION}",
        conference_id=CONFERENCE,
    )


THANKS = LongWords(
    ar="سعداء بانضمامك. تبدأ الجلسات صباحًا، ويُفتح الاستقبال قبلها بربع ساعة.",
    en="We are glad you are coming. Sessions begin in the morning; come a quarter of an hour early.",
)


def _form(db: Session, wish: FormChange) -> None:
    registration.change_form(db, PERSONAS["organiser"].actor, CONFERENCE, wish)


def _register(db: Session, name: str, address: str, answers: dict[str, Any]) -> str:
    locale = "en" if name.isascii() else "ar"
    draft = RegistrationDraft(
        ref=str(CONFERENCE), name=name, email=address, answers=answers, locale=locale, zone="Asia/Amman"
    )
    token = registration.register(db, None, draft, device="").token
    assert token is not None
    return token
