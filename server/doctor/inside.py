"""The machine and what the server keeps: clock, disk, uplink, database, Redis."""

from __future__ import annotations

import asyncio
import ctypes
import shutil
import time
from pathlib import Path

from sqlalchemy import text
from sqlmodel import Session

from config.settings import Settings
from models.database import Database, Unavailable
from models.migrate import is_ahead, is_behind
from realtime.broker.redis import RedisBroker
from server.doctor.finding import Finding, Grade, bad, good, unsure, warn

WAIT_S = 8.0
PICTURE_MBPS = 1.5
SOUND_MBPS = 0.05
DISK_FULL = 0.05
DISK_LOW = 0.10
DRIFT_S = 2.0

_TIME_ERROR = 5  # adjtimex(2): the clock is not synchronised
_TIMEX_BYTES = 512  # more than any struct timex has; with modes 0 it only asks


async def clock(settings: Settings) -> list[Finding]:
    state = ctypes.CDLL(None).adjtimex(ctypes.create_string_buffer(_TIMEX_BYTES))
    if state < 0:
        return [unsure("clock", "unknown")]
    return [warn("clock", "drifts") if state == _TIME_ERROR else good("clock")]


async def disk(settings: Settings) -> list[Finding]:
    folder = settings.data_dir if settings.data_dir.exists() else Path("/")
    usage = shutil.disk_usage(folder)
    share = usage.free / usage.total
    says: tuple[Grade, str] = (
        ("bad", "full") if share < DISK_FULL else ("warn", "low") if share < DISK_LOW else ("good", "good")
    )
    return [Finding("disk", *says, {"free_gb": round(usage.free / 1e9, 1), "folder": settings.data_dir})]


async def uplink(settings: Settings) -> list[Finding]:
    mbps = settings.uplink_mbps
    if not mbps:
        return [warn("uplink", "untold")]
    return [good("uplink", mbps=mbps, viewers=int(mbps / PICTURE_MBPS), listeners=int(mbps / SOUND_MBPS))]


async def database(settings: Settings) -> list[Finding]:
    """Whether it answers, in our shape, and agrees about the time."""
    kind = "PostgreSQL" if settings.on_postgresql else "SQLite"
    if not settings.on_postgresql and not _file_of(settings).exists():
        return [bad("database", "missing", folder=settings.data_dir)]
    handle = Database(settings.database)
    try:
        async with asyncio.timeout(WAIT_S):
            behind, ahead = await handle.read(lambda db: (is_behind(db.connection()), is_ahead(db.connection())))
            apart = await handle.read(_apart) if settings.on_postgresql else 0.0
    except (Unavailable, TimeoutError) as error:
        return [bad("database", "away", kind=kind, reason=str(error.__cause__ or "").partition("\n")[0][:200])]
    finally:
        await handle.close()
    if behind or ahead:
        return [bad("database", "behind" if behind else "ahead", kind=kind)]
    if apart > DRIFT_S:
        return [bad("database", "time", seconds=round(apart))]
    return [good("database", kind=kind)]


def _file_of(settings: Settings) -> Path:
    return Path(settings.database.removeprefix("sqlite:///"))


def _apart(db: Session) -> float:
    """Seconds between the database's clock and ours."""
    theirs = db.connection().execute(text("SELECT extract(epoch FROM clock_timestamp())")).scalar_one()
    return abs(float(theirs) - time.time())


async def redis(settings: Settings) -> list[Finding]:
    if not settings.redis_url:
        return []
    broker = RedisBroker(settings.redis_url)
    try:
        async with asyncio.timeout(WAIT_S):
            await broker.start()
        return [bad("redis", "away") if broker.degraded else good("redis")]
    except TimeoutError:
        return [bad("redis", "away")]
    finally:
        await broker.stop()
