"""The example's volunteers: what they bring, how one joins their team, and what a talk asked for."""

from __future__ import annotations

from uuid import UUID

from sqlmodel import Session, col, select

from models.base import new_id
from models.board import Board, BoardColumn
from models.conversation import Message
from models.team import Team
from server.actions import card, finding, joining, message, team, volunteer
from server.actions.conversation import of_team
from server.demo.people import CROWD, LIVE_SESSION, PERSONAS, TEAM, Someone
from server.domain.card import CardDraft, CardSource
from server.domain.message import MessageDraft
from server.domain.team import TeamChange, TeamDraft
from server.domain.volunteer import ProfileWish, SkillView
from server.queries import scope

BRING: tuple[tuple[Someone, tuple[str, ...], int, str, tuple[str, ...], tuple[str, ...]], ...] = (
    (PERSONAS["team_lead"], ("ar", "en"), 6, "Asia/Amman", ("إدارة المحتوى", "تحرير"), ()),
    (PERSONAS["volunteer"], ("en", "sv"), 3, "Europe/Stockholm", ("Captions", "Design"), ("ترجمة",)),
    (CROWD[2], ("ar", "fr"), 4, "Africa/Tunis", ("ترجمة",), ("تصميم",)),
    (PERSONAS["organiser"], ("ar", "en"), 8, "Asia/Amman", ("تخطيط",), ()),
)
SAID = (
    (PERSONAS["team_lead"], "أهلًا بالجميع 👋 ابدؤوا بالبطاقات التي فيها مقاعد خالية."),
    (PERSONAS["volunteer"], "I took the captions of the opening talk, done by tonight."),
    (CROWD[2], "أحتاج من يراجع معي ترجمة الفصل الثاني."),
)


def lay_out(db: Session) -> None:
    for someone, languages, hours, zone, have, learning in BRING:
        skills = [SkillView(name=name, level="have") for name in have]
        skills += [SkillView(name=name, level="learning") for name in learning]
        wish = ProfileWish(languages=languages, amount=hours, zone=zone, skills=tuple(skills))
        volunteer.change(db, someone.actor, wish)
    greeting = "نكتب ونترجم كل ما ينشره الملتقى. من عنده ساعة واحدة فهو مرحّب به."
    team.change(db, PERSONAS["team_lead"].actor, TEAM, TeamChange(welcome=greeting, joining="open"))
    _talk(db)
    call = TeamDraft(title="من يترجم تسجيل هذه الجلسة؟", welcome="نقسمه إلى مقاطع من خمس دقائق.", joining="open")
    joining.call(db, PERSONAS["speaker"].actor, LIVE_SESSION, call, id=new_id())
    finding.show(db, PERSONAS["organiser"].actor, LIVE_SESSION, _wanted(db), on=True)


def _talk(db: Session) -> None:
    talk = of_team(db, scope.load(db, Team, TEAM))
    for someone, text in SAID:
        message.post_in(db, someone.actor, talk.id, MessageDraft(text=text, mentions=[]), id=new_id())
        db.flush()


def _wanted(db: Session) -> UUID:
    """A task that somebody asked for in the talk's chat, with seats for whoever has two hours."""
    asked = db.exec(
        select(Message.id).where(col(Message.session_id) == LIVE_SESSION).order_by(col(Message.place))
    ).first()
    board = db.exec(select(Board).where(col(Board.team_id) == TEAM).order_by(col(Board.created_at))).first()
    assert board is not None
    column = select(BoardColumn.id).where(col(BoardColumn.board_id) == board.id).order_by(col(BoardColumn.rank))
    draft = CardDraft(
        column_id=db.exec(column).first(),
        title="ترجمة «قائمة الأسبوع الأول» إلى الإنجليزية",
        size_minutes=120,
        skill="ترجمة",
        language="ar",
        seats=3,
        source=CardSource(kind="message", id=asked, session_id=LIVE_SESSION) if asked else None,
    )
    return card.create(db, PERSONAS["team_lead"].actor, board.id, draft, id=new_id()).id
