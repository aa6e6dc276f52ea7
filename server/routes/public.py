"""What anybody may read: programmes and boards as data, and a programme as plain HTML.

The HTML is for people before or without the program, for search engines, and for whoever shows a preview of a
shared link.
"""

from __future__ import annotations

import html
import json
from collections.abc import Mapping
from datetime import date, datetime
from itertools import groupby
from typing import Any
from zoneinfo import ZoneInfo

from server.api.endpoint import Endpoints, Reply, Visit
from server.api.rates import ENTERING
from server.api.runner import Units
from server.domain.board import PublicBoard
from server.domain.programme import SpeakerView
from server.domain.public import PublicProgramme, linked_data
from server.domain.session import SessionView
from server.domain.translation import Words
from server.messages import sentence
from server.queries import boards
from server.queries import public as programmes


def flows(units: Units) -> Endpoints:
    """What anybody may read, as data."""
    doors = Endpoints("public")

    @doors.flow("public_board.show", "GET", "/api/public/boards/{token}", result=PublicBoard, rate=ENTERING)
    async def show_board(visit: Visit) -> Reply:
        """A board, for whoever has its link: nobody's name but of those who agreed."""
        return Reply(await units.read(lambda db: boards.public(db, visit.words["token"])))

    @doors.flow("public.show", "GET", "/api/public/{slug}", result=PublicProgramme)
    async def show_public(visit: Visit) -> Reply:
        """A public programme, for anybody."""
        return Reply(await units.read(lambda db: programmes.show(db, visit.words["slug"])))

    return doors


def title(shown: PublicProgramme, locale: str) -> str:
    return _words(shown.conference, locale)[0]


def about(shown: PublicProgramme, locale: str) -> str:
    """One line for search results and shared links."""
    return " ".join(_words(shown.conference, locale)[1].split())[:200] or sentence(locale, "app.tagline")


def head(shown: PublicProgramme, *, locale: str, url: str) -> str:
    """What goes into the page's head: social cards, the canonical address, and schema.org data."""
    page = f"{url}/p/{shown.conference.slug}"
    told = {
        "og:type": "website",
        "og:site_name": sentence(locale, "app.name"),
        "og:title": title(shown, locale),
        "og:description": about(shown, locale),
        "og:url": page,
        "og:locale": {"ar": "ar_AR", "en": "en_GB"}[locale],
        "twitter:card": "summary",
    }
    data = json.dumps(linked_data(shown, url=url, page=page, locale=locale), ensure_ascii=False)
    data = data.replace("<", "\\u003c")
    return "\n".join(
        [
            f'<link rel="canonical" href="{html.escape(page)}" />',
            f'<link rel="alternate" type="text/calendar" href="{html.escape(page)}/programme.ics" />',
            *(f'<meta property="{name}" content="{html.escape(value)}" />' for name, value in told.items()),
            # `<` is written so that no text can end the script (HTML, "restrictions for contents of script").
            f'<script type="application/ld+json">{data}</script>',
        ]
    )


def body(shown: PublicProgramme, *, locale: str) -> str:
    """The programme to read, in the look of the page that takes its place."""
    conference = shown.conference
    name, description = _words(conference, locale)
    zone = ZoneInfo(conference.zone)
    parts = [f"<h1>{_bdi(name)}</h1>"]
    if description:
        parts.append(f'<p class="own-words" dir="auto">{html.escape(description)}</p>')
    parts.append(f'<p><a class="btn primary" href="/r/{conference.id}">{_said(locale, "public.register")}</a></p>')
    parts.append(f'<p class="muted small">{_said(locale, "public.zone", zone=conference.zone)}</p>')
    days = groupby(shown.sessions, key=lambda one: one.starts_at.astimezone(zone).date())
    for day, sessions in days:
        parts.append(f"<h2>{html.escape(_day(day, locale))}</h2>")
        parts.append(f"<ul>{''.join(_session(one, zone, locale) for one in sessions)}</ul>")
    speakers = [one for one in shown.speakers if one.headline or one.bio or one.links]
    if speakers:
        parts.append(f"<h2>{_said(locale, 'public.speakers')}</h2>")
        parts.extend(_speaker(one, locale) for one in speakers)
    return f'<main class="page reading stack">{"".join(parts)}</main>'


def _speaker(told: SpeakerView, locale: str) -> str:
    own = told.translations.get(locale)
    headline = (own.headline if own else "") or told.headline
    links = "".join(
        f' <a href="{html.escape(one)}" rel="noopener nofollow" dir="ltr">{html.escape(_short(one))}</a>'
        for one in told.links
    )
    return f'<p><b>{_bdi(told.person.name)}</b> <span class="muted">{_bdi(headline)}</span>{links}</p>'


def _short(link: str) -> str:
    """A link as people say it: without its scheme and what ends it."""
    return link.partition("://")[2].removeprefix("www.").rstrip("/")


def _session(session: SessionView, zone: ZoneInfo, locale: str) -> str:
    name, description = _words(session, locale)
    times = f"{_time(session.starts_at, zone)}–{_time(session.ends_at, zone)}"
    off = f' <b class="tag">{_said(locale, "public.cancelled")}</b>' if session.state == "cancelled" else ""
    who = "، " if locale == "ar" else ", "
    speakers = who.join(_bdi(one.name) for one in session.speakers)
    hall = _bdi(session.hall) if session.hall else ""
    facts = " · ".join(part for part in (html.escape(times), hall, speakers) if part)
    told = f'<p class="own-words" dir="auto">{html.escape(description)}</p>' if description else ""
    return f'<li class="card pad"><h3>{_bdi(name)}{off}</h3><p class="muted small">{facts}</p>{told}</li>'


def _words(row: Any, locale: str) -> tuple[str, str]:
    translations: Mapping[str, Words] = row.translations
    own = translations.get(locale)
    return (own.title, own.description or row.description) if own else (row.title, row.description)


def _bdi(text: str) -> str:
    return f"<bdi>{html.escape(text)}</bdi>"


def _said(locale: str, key: str, **values: object) -> str:
    return html.escape(sentence(locale, key, **values))


def _day(day: date, locale: str) -> str:
    names = {
        "weekday": sentence(locale, "public.weekdays").split("|")[day.weekday()],
        "month": sentence(locale, "public.months").split("|")[day.month - 1],
    }
    return sentence(locale, "public.day", day=day.day, year=day.year, **names)


def _time(moment: datetime, zone: ZoneInfo) -> str:
    return moment.astimezone(zone).strftime("%H:%M")
