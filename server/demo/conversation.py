"""The example's chat: what was said, answered, pinned and reported, and what waits for the moderator."""

from __future__ import annotations

from uuid import UUID

from sqlmodel import Session

from models.base import new_id
from models.conversation import Message
from server.actions import conversation, message, moderation, note, report, rules, sign
from server.demo.people import CONFERENCE, CROWD, LIVE_SESSION, PERSONAS, Someone, fixed
from server.domain.filters import searchable
from server.domain.message import MessageDraft, Sign
from server.domain.moderation import ReportDraft, RulesChange

TRIED = """فكرة «اجتماع عشر دقائق» غيّرت عمل فريقنا فعلًا. جرّبناها هكذا:
- سؤال واحد
- ثلاث إجابات
- قرار مكتوب"""
# Who says what, in answer to which of these, and with which signs under it.
CHAT: tuple[tuple[Someone, str, int | None, dict[Sign, int]], ...] = (
    (CROWD[0], "السلام عليكم جميعًا، الصوت واضح جدًا عندي من عمّان 🌿", None, {"heart": 3}),
    (CROWD[1], "وعليكم السلام. أتابع من تونس، والصورة ممتازة حتى على الجوّال.", 0, {}),
    (CROWD[3], "Hello from Lagos! Following with the English notes 👋", None, {"thumb": 2, "heart": 1}),
    (CROWD[2], "هل ستُنشر روابط الأدوات بعد الجلسة؟", None, {"thumb": 4}),
    (PERSONAS["moderator"], "نعم، سنضعها في **صفحة الجلسة** قبل نهاية اليوم.", 3, {"clap": 5, "heart": 2}),
    (CROWD[5], "اربح من بيتك 500 دولار في اليوم! راسلني الآن", None, {}),
    (CROWD[4], TRIED, None, {"clap": 3}),
    (CROWD[0], "شكرًا يا @غسّان مراد، سنجرّبها هذا الأسبوع.", 6, {"thumb": 1}),
)
# Who writes to whom, and what they say by turns; the last word is unread.
TALKS: tuple[tuple[Someone, Someone, tuple[str, ...]], ...] = (
    (
        CROWD[0],
        PERSONAS["attendee"],
        (
            "مرحبًا! أعجبني سؤالك عن المتطوّعين الجدد. هل تجرّبون المرافقة عندكم؟",
            "أهلًا بك. نعم، بدأناها هذا العام مع كل متطوّع جديد.",
            "ممتاز، أرسل لي الخطة إن كانت مكتوبة 🙏",
        ),
    ),
    (CROWD[3], PERSONAS["attendee"], ("Hi! Do you know where the English notes will be?",)),
    (
        PERSONAS["moderator"],
        PERSONAS["organiser"],
        ("وصلت خمسة أسئلة عن التسجيلات، متى تُنشر؟", "مساء اليوم إن شاء الله."),
    ),
)
PINNED = 4
REPORTED = 5


def lay_out(db: Session) -> None:
    said: list[UUID] = []
    for author, text, parent, signs in CHAT:
        id = new_id()
        named = [one.id for one in CROWD if f"@{one.name}" in text]
        parent_id = said[parent] if parent is not None else None
        message.post(db, author.actor, LIVE_SESSION, text, id=id, parent_id=parent_id, mentions=named)
        db.flush()
        said.append(id)
        for kind, count in signs.items():
            for someone in CROWD[:count]:
                sign.give(db, someone.actor, id, kind)
    moderator = PERSONAS["moderator"].actor
    moderation.pin(db, moderator, said[PINNED])
    for reporter, draft in (
        (CROWD[0], ReportDraft(reason="spam")),
        (CROWD[2], ReportDraft(reason="spam", text="يكرّر هذا في كل جلسة.")),
    ):
        report.message(db, reporter.actor, said[REPORTED], draft)
    _talks(db)
    _waiting(db, CROWD[1], "انظروا هذا الموقع: https://example.org/offers 🎁")
    note.write(db, moderator, CONFERENCE, CROWD[5].id, "نُبّه في جلسة الافتتاح.", id=fixed("note"))


def _talks(db: Session) -> None:
    rules.change(db, PERSONAS["organiser"].actor, CONFERENCE, RulesChange(direct=True))
    db.flush()
    for one, other, said in TALKS:
        talk = conversation.open_direct(db, one.actor, CONFERENCE, other.id, id=new_id()).id
        for place, text in enumerate(said):
            author = (one, other)[place % 2]
            last = message.post_in(db, author.actor, talk, MessageDraft(text=text, mentions=[]), id=new_id()).id
            db.flush()
            if place < len(said) - 1:
                for reader in (one, other):
                    conversation.read(db, reader.actor, talk, last)


def _waiting(db: Session, author: Someone, text: str) -> None:
    row = Message(
        id=fixed("held"),
        session_id=LIVE_SESSION,
        person_id=author.id,
        text=text,
        folded=searchable(text),
        state="held",
        held_for="newcomer",
    )
    db.add(row)
    db.flush()
    message.tell_held(db, row)
