"""A conference's public page: what anybody may read, and the same for search engines (schema.org Event)."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

from server.domain.conference import ConferenceView
from server.domain.person import PersonView
from server.domain.programme import HallView, SpeakerView, TrackView
from server.domain.session import SessionView
from server.domain.translation import in_language
from server.domain.view import View


class PublicProgramme(View):
    """The programme as strangers read it: nothing of those who come."""

    conference: ConferenceView
    sessions: list[SessionView]
    halls: list[HallView]
    tracks: list[TrackView]
    speakers: list[SpeakerView]


_STATUS = {"cancelled": "https://schema.org/EventCancelled"}
_SCHEDULED = "https://schema.org/EventScheduled"
_ONLINE = "https://schema.org/OnlineEventAttendanceMode"


def linked_data(shown: PublicProgramme, *, url: str, page: str, locale: str) -> dict[str, Any]:
    """The page as a schema.org Event with its sessions as sub-events (schema.org/Event, /VirtualLocation)."""
    conference = shown.conference
    words = in_language(conference.title, conference.description, _plain(conference.translations), locale)
    told = {one.person.id: one for one in shown.speakers}
    begins, ends = _span(conference, shown.sessions)
    return _tidy(
        {
            "@context": "https://schema.org",
            **_event(words.title, words.description, begins, ends, page),
            "eventStatus": _SCHEDULED,
            "inLanguage": conference.locale,
            "isAccessibleForFree": True,
            "organizer": {"@type": "Organization", "name": words.title, "url": page},
            "subEvent": [_session(one, url, page, locale, told) for one in shown.sessions],
        }
    )


def _session(
    session: SessionView, url: str, page: str, locale: str, told: dict[UUID, SpeakerView]
) -> dict[str, Any]:
    words = in_language(session.title, session.description, _plain(session.translations), locale)
    performers = [_performer(one, told.get(one.id), url) for one in session.speakers]
    return _tidy(
        {
            **_event(words.title, words.description, *_times(session), f"{url}/s/{session.id}"),
            "eventStatus": _STATUS.get(session.state, _SCHEDULED),
            "inLanguage": session.language,
            "performer": performers,
        }
    )


def _performer(person: PersonView, told: SpeakerView | None, url: str) -> dict[str, Any]:
    more = {"image": _at(url, told.picture), "sameAs": told.links} if told else {}
    return _tidy({"@type": "Person", "name": person.name, **more})


def _event(title: str, description: str, begins: str | None, ends: str | None, page: str) -> dict[str, Any]:
    return {
        "@type": "Event",
        "name": title,
        "description": description,
        "startDate": begins,
        "endDate": ends,
        "eventAttendanceMode": _ONLINE,
        "location": {"@type": "VirtualLocation", "url": page},
        "url": page,
    }


def _span(conference: ConferenceView, sessions: Sequence[SessionView]) -> tuple[str | None, str | None]:
    if conference.starts_on is not None:
        return conference.starts_on.isoformat(), (conference.ends_on or conference.starts_on).isoformat()
    if not sessions:
        return None, None
    return _iso(min(one.starts_at for one in sessions)), _iso(max(one.ends_at for one in sessions))


def _times(session: SessionView) -> tuple[str, str]:
    return _iso(session.starts_at), _iso(session.ends_at)


def _at(url: str, path: str | None) -> str | None:
    return url + path if path else None


def _iso(moment: datetime) -> str:
    return moment.isoformat().replace("+00:00", "Z")


def _plain(translations: Any) -> dict[str, Any]:
    return {code: words.model_dump() for code, words in translations.items()}


def _tidy(found: dict[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in found.items() if value not in (None, "", [])}
