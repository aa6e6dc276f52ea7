"""Who is in the example: six people one can be, and others who keep it alive."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal
from uuid import NAMESPACE_URL, UUID, uuid5

from server.domain.person import Actor

Persona = Literal["organiser", "moderator", "speaker", "attendee", "team_lead", "volunteer"]


def fixed(name: str) -> UUID:
    """The same id at every start, so that a link into the example keeps working."""
    return uuid5(NAMESPACE_URL, f"multaqa:demo:{name}")


@dataclass(frozen=True)
class Someone:
    key: str
    name: str
    role: str
    locale: str = "ar"

    @property
    def id(self) -> UUID:
        return fixed(f"person:{self.key}")

    @property
    def actor(self) -> Actor:
        return Actor(self.id, self.id, self.name, guest=False, may_create=self.may_create, locale=self.locale)

    @property
    def may_create(self) -> bool:
        return self.role == "organiser"


PERSONAS: dict[str, Someone] = {
    "organiser": Someone("organiser", "هدى العلي", "organiser"),
    "moderator": Someone("moderator", "سامر حدّاد", "moderator"),
    "speaker": Someone("speaker", "ليلى منصور", "speaker"),
    "attendee": Someone("attendee", "يوسف كريم", "attendee"),
    "team_lead": Someone("team_lead", "مريم الخطيب", "attendee"),
    "volunteer": Someone("volunteer", "Sara Lindqvist", "attendee", locale="en"),
}
ON_AIR = Someone("on_air", "د. نادر شاهين", "speaker")
BESIDE = Someone("beside", "سلوى الخوري", "speaker")
"""Beside them on the stage."""

CROWD = (
    Someone("amal", "أمل زيدان", "attendee"),
    Someone("tariq", "طارق بن سالم", "attendee"),
    Someone("noor", "نور الهاشمي", "attendee"),
    Someone("james", "James Okafor", "attendee", locale="en"),
    Someone("ghassan", "غسّان مراد", "attendee"),
    Someone("ines", "Inès Benali", "attendee", locale="en"),
)
EVERYBODY = (*PERSONAS.values(), ON_AIR, BESIDE, *CROWD)

CONFERENCE = fixed("conference")
LIVE_SESSION = fixed("session:live")
NEXT_SESSION = fixed("session:next")
TEAM = fixed("team")
