"""What the example's audience asks, answers and votes on: questions in every state, polls, raised hands."""

from __future__ import annotations

import random
from uuid import UUID

from sqlmodel import Session, col, select

from models.base import new_id
from models.conversation import Question
from models.poll import Poll
from server.actions import audience, poll, question, vote
from server.demo.people import CROWD, LIVE_SESSION, ON_AIR, PERSONAS, Someone
from server.domain.poll import PollDraft
from server.domain.question import AnswerDraft

MODERATOR = PERSONAS["moderator"].actor
EARLY = "هل تُنشر شرائح العرض بعد الجلسة؟"
PUBLIC = (
    (CROWD[1], "كيف نحافظ على حماس المتطوّعين بعد الشهر الأول؟", (0, 2, 3, 4)),
    (CROWD[2], "ما أقلّ عدد من الأدوات يكفي فريقًا من عشرة أشخاص؟", (1, 5)),
    (CROWD[5], "What is the one habit that helped your remote team most?", (0, 3, 4, 1, 2)),
    (CROWD[0], "كيف نوزّع المسؤوليات حين يغيب منسّق الفريق؟", (2,)),
)
WAITING = (
    (CROWD[3], "How do you welcome someone who joins in the middle of a project?", False),
    (CROWD[4], "هل تنصحون بتوزيع المهام أسبوعيًا أم عند الحاجة؟", False),
    (CROWD[0], "كيف نحافظ على حماس المتطوعين؟", False),
    (CROWD[2], "ماذا نفعل إذا اختلف متطوّعان ولم نستطع الصلح بينهما؟", True),
)
TOOLS = PollDraft(
    kind="single",
    text="أين يجري معظم عمل فريقكم اليوم؟",
    settings={
        "options": [
            {"id": "chat", "text": "مجموعات الدردشة"},
            {"id": "board", "text": "لوحة مهام مشتركة"},
            {"id": "mail", "text": "البريد الإلكتروني"},
            {"id": "meet", "text": "اجتماعات مباشرة"},
        ]
    },
)
WORD = PollDraft(kind="words", text="صفوا التطوّع عن بُعد بكلمة", settings={"most": 2})
PACE = PollDraft(kind="rating", text="كيف كانت سرعة العرض؟", settings={"low": "بطيئة", "high": "سريعة"})
DRAFTED = PollDraft(
    kind="multiple",
    text="أي ورشة تريدون في الملتقى القادم؟",
    results="after_close",
    settings={
        "most": 2,
        "options": [
            {"id": "write", "text": "كتابة المحتوى"},
            {"id": "fund", "text": "جمع التمويل"},
            {"id": "lead", "text": "قيادة الفرق"},
        ],
    },
)
SAID = ("مرونة", "تعاون", "تواصل", "التعاون", "ثقة", "صبر", "تنظيم", "Flexible", "انتماء", "تعلُّم", "مرونه")
OPTIONS = ("chat", "board", "mail", "meet")
LIKELY = (6, 4, 1, 2)


def lay_out(db: Session) -> None:
    """Questions waiting, public, taken up, answered; polls open, closed and in draft; two hands up."""
    first = _asked(db, CROWD[4], EARLY, (1, 2))
    written = AnswerDraft(how="writing", text="نعم، ستكون مع التسجيل في صفحة الجلسة مساء اليوم.")
    question.answer(db, MODERATOR, first.id, written)
    public = [_asked(db, asker, text, voters) for asker, text, voters in PUBLIC]
    question.assign(db, MODERATOR, public[0].id, ON_AIR.id)
    question.pin(db, MODERATOR, public[1].id, on=True)
    question.start(db, MODERATOR, public[2].id)
    for asker, text, anonymous in WAITING:
        question.ask(db, asker.actor, LIVE_SESSION, text, id=new_id(), anonymous=anonymous)
    open_now, cloud, rated = (_opened(db, draft) for draft in (TOOLS, WORD, PACE))
    for place, someone in enumerate(CROWD):
        poll.answer(db, someone.actor, open_now, {"option": OPTIONS[place % 3]})
        poll.answer(db, someone.actor, cloud, {"words": [SAID[place // 2], SAID[-place - 1]]})
        poll.answer(db, someone.actor, rated, {"mark": 3 + place % 3})
    db.flush()
    poll.move(db, MODERATOR, rated, "closed")
    poll.create(db, MODERATOR, LIVE_SESSION, DRAFTED, id=new_id())
    for someone in (CROWD[1], CROWD[3]):
        audience.raise_hand(db, someone.actor, LIVE_SESSION)


def _asked(db: Session, asker: Someone, text: str, voters: tuple[int, ...]) -> Question:
    id = question.ask(db, asker.actor, LIVE_SESSION, text, id=new_id()).id
    question.decide(db, MODERATOR, id, "approved")
    for voter in voters:
        vote.vote(db, CROWD[voter].actor, id)
    return db.get_one(Question, id)


def _opened(db: Session, draft: PollDraft) -> UUID:
    id = poll.create(db, MODERATOR, LIVE_SESSION, draft, id=new_id()).id
    poll.move(db, MODERATOR, id, "open")
    return id


def vote_somewhere(db: Session, chance: random.Random) -> None:
    """Somebody votes for a question, or answers a poll otherwise than before."""
    someone = chance.choice(CROWD).actor
    open_polls = db.exec(select(Poll).where(col(Poll.session_id) == LIVE_SESSION, col(Poll.state) == "open")).all()
    if open_polls and chance.random() < 0.6:
        one = chance.choice(open_polls)
        if one.text == TOOLS.text:
            poll.answer(db, someone, one.id, {"option": chance.choices(OPTIONS, LIKELY)[0]})
        elif one.text == WORD.text:
            poll.answer(db, someone, one.id, {"words": chance.sample(SAID, 2)})
        return
    listed = col(Question.state).in_(("approved", "answering"))
    public = db.exec(select(Question.id).where(col(Question.session_id) == LIVE_SESSION, listed)).all()
    if public:
        vote.vote(db, someone, chance.choice(public))
