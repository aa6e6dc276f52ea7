"""The boards of the example's team: what it makes, and translations that are claimed and reviewed."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from uuid import UUID

from sqlmodel import Session

from models.base import new_id, now
from server.actions import board, card, card_people, checklist, comment, label, work
from server.demo.people import CROWD, PERSONAS, TEAM, Someone
from server.domain.board import BoardDraft, LabelDraft
from server.domain.card import CardDraft, Due
from server.domain.checklist import ItemChange, ItemDraft
from server.domain.comment import CommentDraft
from server.domain.work import WorkWish
from server.queries import boards

LEAD, VOLUNTEER, THIRD = PERSONAS["team_lead"], PERSONAS["volunteer"], CROWD[2]
LABELS = (("ترجمة", "blue"), ("تصميم", "rose"), ("كتابة", "teal"), ("عاجل", "amber"))


@dataclass(frozen=True)
class Example:
    """A card of the example. `due` counts in days from today; `items` are ticked with a leading `+`."""

    column: int
    title: str
    description: str = ""
    labels: tuple[int, ...] = ()
    people: tuple[Someone, ...] = ()
    due: int | None = None
    minutes: int | None = None
    language: str = ""
    skill: str = ""
    items: tuple[str, ...] = ()
    said: tuple[tuple[Someone, str], ...] = ()


EXAMPLES = (
    Example(
        0,
        "ترجمة دليل المتطوّع إلى الإنجليزية",
        "الدليل **١٢ صفحة**، ونحتاجه قبل التسجيل.\n\n- الأسلوب بسيط، كمن يشرح لصديق\n- المصطلحات من المسرد",
        labels=(0,),
        people=(VOLUNTEER,),
        due=5,
        minutes=120,
        language="en",
        skill="ترجمة",
        items=("+الفصل الأول", "الفصل الثاني", "الفصل الثالث", "قراءة أخيرة"),
        said=(
            (LEAD, "شكرًا لك! إن احتجت إلى مراجع فاذكرني هنا."),
            (VOLUNTEER, "Chapter one is done, the rest follows tomorrow."),
        ),
    ),
    Example(
        0,
        "تصميم بطاقة شكر للمتحدّثين",
        "مقاس مربّع، بالعربية والإنجليزية، مع شعار الملتقى.",
        labels=(1,),
        due=2,
        minutes=60,
        skill="تصميم",
    ),
    Example(
        0,
        "Write captions for the opening talk",
        "The recording is 38 minutes long. Start from the automatic transcript and mend names and numbers.",
        labels=(2,),
        minutes=90,
        language="en",
        skill="Captions",
        items=("Minutes 0 to 20", "Minutes 20 to 38"),
        said=((THIRD, "I can take the first half tonight."),),
    ),
    Example(
        1,
        "جمع روابط الأدوات المذكورة في الجلسات",
        "كل رابط مع سطر يقول لمن يفيد.",
        labels=(2,),
        people=(THIRD,),
        due=1,
        minutes=45,
        items=("+جلسة الافتتاح", "+كيف ننظّم فريق تطوّع عن بُعد؟", "ورشة الكتابة"),
    ),
    Example(
        1,
        "الردّ على أسئلة المسجّلين الجدد",
        labels=(3,),
        people=(LEAD, VOLUNTEER),
        due=-1,
        minutes=30,
        said=((THIRD, "بقي سؤالان عن الشهادة، من يعرف الجواب؟"),),
    ),
    Example(2, "تجربة الصوت والصورة مع المتحدّثين", people=(LEAD,), items=("+سارة", "+خالد")),
    Example(2, "نشر برنامج اليوم الأول", labels=(2,), people=(VOLUNTEER,)),
)


def lay_out(db: Session) -> None:
    """Fill the team's first board, and make the second. Everything by the actions that people use."""
    id = boards.first_open(db, TEAM)
    assert id is not None
    columns = [column.id for column in boards.columns(db, id)]
    drafts = [LabelDraft.model_validate({"name": name, "colour": colour}) for name, colour in LABELS]
    stickers = [label.create(db, LEAD.actor, id, draft, id=new_id()).id for draft in drafts]
    for example in EXAMPLES:
        _lay(db, id, columns, stickers, example)
    _translations(db)


def _lay(db: Session, board_id: UUID, columns: list[UUID], stickers: list[UUID], example: Example) -> None:
    today = now().date()
    draft = CardDraft(
        column_id=columns[example.column],
        title=example.title,
        description=example.description,
        labels=tuple(stickers[number] for number in example.labels),
        people=tuple(someone.id for someone in example.people),
        due=None if example.due is None else Due(day=today + timedelta(days=example.due)),
        size_minutes=example.minutes,
        language=example.language,
        skill=example.skill,
    )
    made = card.create(db, LEAD.actor, board_id, draft, id=new_id())
    for line in example.items:
        item = checklist.create(db, LEAD.actor, made.id, ItemDraft(text=line.removeprefix("+")), id=new_id())
        if line.startswith("+"):
            checklist.change(db, LEAD.actor, item.id, ItemChange(done=True))
    for someone, text in example.said:
        comment.create(db, someone.actor, made.id, CommentDraft(text=text), id=new_id())
    db.flush()


def _translations(db: Session) -> None:
    draft = BoardDraft(title="ترجمات الملتقى", template="translation", locale="ar")
    made = board.create(db, LEAD.actor, TEAM, draft, id=new_id())
    db.flush()
    shown = boards.snapshot(db, LEAD.actor, made.id).board
    first, second = shown.cards[0], shown.cards[1]
    work.act(db, VOLUNTEER.actor, first.id, WorkWish(act="take"))
    db.flush()
    work.act(db, THIRD.actor, second.id, WorkWish(act="take"))
    work.act(db, THIRD.actor, second.id, WorkWish(act="submit", note="عشرون مصطلحًا، مرتّبة بالحروف."))
    card_people.watch(db, LEAD.actor, first.id, on=True)
