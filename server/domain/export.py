"""A programme as a file: CSV that no spreadsheet takes for a formula, and that the import reads back as it was."""

from __future__ import annotations

from collections.abc import Sequence
from zoneinfo import ZoneInfo

from server.domain.session import SessionView
from server.domain.sheet import csv_text

COLUMNS = (
    *("id", "title", "date", "start", "end", "hall", "track", "kind", "language", "speakers", "description"),
    *("title_ar", "title_en", "description_ar", "description_en", "state", "url"),
)


def sessions_csv(sessions: Sequence[SessionView], *, zone: str, url: str) -> str:
    """Times by the conference's clock."""
    return csv_text([COLUMNS, *(_cells(session, ZoneInfo(zone), url) for session in sessions)])


def _cells(session: SessionView, zone: ZoneInfo, url: str) -> list[str]:
    begins, ends = session.starts_at.astimezone(zone), session.ends_at.astimezone(zone)
    words = session.translations
    return [
        str(session.id),
        session.title,
        begins.strftime("%Y-%m-%d"),
        begins.strftime("%H:%M"),
        ends.strftime("%Y-%m-%d %H:%M"),
        session.hall,
        session.track,
        session.kind,
        session.language,
        "; ".join(one.name for one in session.speakers),
        session.description,
        *(words[code].title if code in words else "" for code in ("ar", "en")),
        *(words[code].description if code in words else "" for code in ("ar", "en")),
        session.state,
        f"{url}/s/{session.id}",
    ]
