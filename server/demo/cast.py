"""The others in the example: they talk, ask, vote and move cards while somebody is there to see it."""

from __future__ import annotations

import asyncio
import random
from collections.abc import Callable

import structlog
from sqlmodel import Session, col, select

from models.base import new_id
from models.board import BoardColumn
from models.card import Card
from models.database import Database, Unavailable
from realtime.hub.hub import Hub
from server.actions import card, message, question
from server.demo import interaction
from server.demo.people import CROWD, LIVE_SESSION, PERSONAS, TEAM
from server.domain.card import CardMove
from server.domain.errors import Fault
from server.queries import boards
from server.queries.channels import board_channel, session_channel

PAUSE_S = (7.0, 16.0)
LINES = (
    "ملاحظة مهمّة عن توقيت الاجتماعات، شكرًا دكتور نادر.",
    "نستعمل في فريقنا جدولًا مشتركًا، لكن اللوحة أوضح بكثير.",
    "هل تنطبق هذه النصائح على الفرق الصغيرة أيضًا؟",
    "Great point about writing decisions down.",
    "أتّفق معك، التوثيق يوفّر علينا أسئلة كثيرة.",
    "من يرغب في المساعدة في الترجمة؟ فريق المحتوى يرحّب بكم 🙌",
    "الصوت ممتاز حتى مع الإنترنت الضعيف عندي.",
    "Could someone share the name of that checklist again?",
    "اسمها «قائمة الأسبوع الأول»، وستكون في صفحة الجلسة.",
    "أنصح بأن يكون لكل متطوّع جديد مرافق في أسبوعه الأول.",
)
ASKED = (
    "كيف نشكر المتطوّعين بطريقة تبقى في الذاكرة؟",
    "ما أول شيء تنصحون به منظّمة بلا ميزانية؟",
    "How often should a remote team meet?",
)


class Cast:
    """Plays while it is started, and only for an audience: an empty house costs nothing."""

    def __init__(self, database: Database, hub: Hub) -> None:
        self._database = database
        self._hub = hub
        self._task: asyncio.Task[None] | None = None
        self._chance = random.Random()

    def start(self) -> None:
        self._task = asyncio.create_task(self._play())

    async def stop(self) -> None:
        if self._task is not None:
            self._task.cancel()
            await asyncio.gather(self._task, return_exceptions=True)

    async def _play(self) -> None:
        while True:
            await asyncio.sleep(self._chance.uniform(*PAUSE_S))
            for act in await self._acts():
                await self._tried(act)

    async def _acts(self) -> list[Callable[[Session], object]]:
        acts: list[Callable[[Session], object]] = []
        if self._hub.audience(session_channel(LIVE_SESSION)):
            acts.append(self._chance.choices([self._say, self._ask, self._vote], weights=[6, 1, 3])[0])
        board_id = await self._database.read(lambda db: boards.first_open(db, TEAM))
        if board_id is not None and self._hub.audience(board_channel(board_id)) and self._chance.random() < 0.6:
            acts.append(self._move)
        return acts

    async def _tried(self, act: Callable[[Session], object]) -> None:
        try:
            await self._database.write(act)
        except (Fault, Unavailable) as error:
            structlog.get_logger().info("demo.act_failed", reason=str(error))

    def _say(self, db: Session) -> None:
        speaker = self._chance.choice(CROWD)
        message.post(db, speaker.actor, LIVE_SESSION, self._chance.choice(LINES), id=new_id())

    def _ask(self, db: Session) -> None:
        asker = self._chance.choice(CROWD)
        question.ask(db, asker.actor, LIVE_SESSION, self._chance.choice(ASKED), id=new_id())

    def _vote(self, db: Session) -> None:
        interaction.vote_somewhere(db, self._chance)

    def _move(self, db: Session) -> None:
        board_id = boards.first_open(db, TEAM)
        columns = db.exec(
            select(BoardColumn.id).where(
                col(BoardColumn.board_id) == board_id, col(BoardColumn.archived_at).is_(None)
            )
        ).all()
        cards = db.exec(
            select(Card.id).where(col(Card.board_id) == board_id, col(Card.archived_at).is_(None))
        ).all()
        if cards:
            wish = CardMove(column_id=self._chance.choice(columns))
            card.move(db, PERSONAS["team_lead"].actor, self._chance.choice(cards), wish)
