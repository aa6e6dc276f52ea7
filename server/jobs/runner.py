"""Takes due jobs under a lease and runs them: any server process, one at a time each."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from datetime import timedelta
from uuid import UUID

import structlog
from sqlalchemy import or_, update
from sqlalchemy.dialects import postgresql, sqlite
from sqlmodel import Session, col, select

from models.base import new_id, now
from models.database import Database, Unavailable
from models.job import Job
from server.actions import announcement, digest, due, meeting, reminder, seats, settings, sign, tally, work
from server.jobs import purge

LOOK_EVERY_S = 2.0
LEASE = timedelta(seconds=60)
Work = Callable[[Session], object]
log = structlog.get_logger()

# What runs by itself, and how often.
REGULAR: dict[str, tuple[timedelta, Work]] = {
    "announcements.ring": (timedelta(seconds=3), announcement.ring),
    "tally.sweep": (timedelta(seconds=10), tally.tell),
    "registration.lapse": (timedelta(seconds=30), seats.lapse),
    "cards.due": (timedelta(minutes=5), due.remind),
    "reminders": (timedelta(seconds=30), reminder.remind),
    "notices.mail": (timedelta(seconds=20), digest.mail_due),
    "conference.delete": (timedelta(minutes=5), settings.delete_due),
    "claims": (timedelta(seconds=30), work.look_after_leases),
    "signs.sweep": (timedelta(seconds=10), sign.tell),
    "meetings.close": (timedelta(minutes=10), meeting.close_forgotten),
    "purge": (timedelta(minutes=10), purge.purge),
}


class JobRunner:
    """Looks for due jobs while it is started. A crash lets the lease run out, and another takes over."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self._task: asyncio.Task[None] | None = None

    def start(self) -> None:
        self._task = asyncio.create_task(self._run())

    async def stop(self) -> None:
        if self._task is not None:
            self._task.cancel()
            await asyncio.gather(self._task, return_exceptions=True)

    async def _run(self) -> None:
        listed = False
        while True:
            listed = listed or await self._tried(self.list_regular)
            await asyncio.sleep(LOOK_EVERY_S)
            await self._tried(self.run_due)

    async def list_regular(self) -> None:
        """Make the rows of the jobs that run by themselves, where they are missing."""
        await self._database.write(_ensure)

    async def run_due(self) -> list[str]:
        """Run every job that is due now; returns their names."""
        done: list[str] = []
        while (claimed := await self._claim()) is not None:
            job_id, name, lease = claimed
            every, work = REGULAR[name]
            await self._database.write(work)
            await self._database.write(lambda db: _finish(db, job_id, lease, every))  # noqa: B023 - awaited here
            done.append(name)
        return done

    async def _claim(self) -> tuple[UUID, str, UUID] | None:
        due = await self._database.read(_due)
        if due is None:
            return None
        return await self._database.write(_claim)

    async def _tried(self, work: Callable[[], Awaitable[object]]) -> bool:
        """Whether it went well; what did not is looked at again the next time."""
        try:
            await work()
            return True
        except Unavailable:
            log.info("jobs.database_away")
        except Exception:
            log.exception("jobs.failed")
        return False


def _ensure(db: Session) -> None:
    dialect = postgresql if db.get_bind().dialect.name == "postgresql" else sqlite
    for name in REGULAR:
        row = dialect.insert(Job).values(id=new_id(), name=name, due_at=now())
        db.connection().execute(row.on_conflict_do_nothing(index_elements=[col(Job.name)]))


def _due(db: Session) -> Job | None:
    free = or_(col(Job.leased_until).is_(None), col(Job.leased_until) < now())
    wanted = select(Job).where(col(Job.due_at) <= now(), free, col(Job.name).in_(list(REGULAR)))
    return db.exec(wanted.order_by(col(Job.due_at)).limit(1)).first()


def _claim(db: Session) -> tuple[UUID, str, UUID] | None:
    job = _due(db)
    if job is None:
        return None
    lease = new_id()
    free = or_(col(Job.leased_until).is_(None), col(Job.leased_until) < now())
    taken = db.connection().execute(
        update(Job)
        .where(col(Job.id) == job.id, free)
        .values(lease=lease, leased_until=now() + LEASE)
        .returning(col(Job.id))
    )
    return (job.id, job.name, lease) if taken.first() is not None else None


def _finish(db: Session, job_id: UUID, lease: UUID, every: timedelta) -> None:
    db.connection().execute(
        update(Job)
        .where(col(Job.id) == job_id, col(Job.lease) == lease)
        .values(due_at=now() + every, lease=None, leased_until=None)
    )
