"""Who may send and watch on a stage, how people stand on it, and the time-limited key to the relay."""

from __future__ import annotations

import base64
import hashlib
import hmac
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from typing import Annotated, Literal
from uuid import UUID

from pydantic import Field

from server.domain.errors import Conflict
from server.domain.film import FilmView, FilmWish
from server.domain.person import PersonView
from server.domain.recording import Writing
from server.domain.session import OPEN, IceServer, PublisherView
from server.domain.view import Fact, Position, View

RELAY_LIFE_S = 12 * 3600  # pages ask for a new one every 3 h
RETRY_S = 5
FEEDS = {"air": "stage.watch", "backstage": "stage.backstage"}

MOST_ON_AIR = 6

As = Literal["speaker", "crew", "guest"]


class StandingView(View):
    """Somebody who belongs on a stage. `on_air` is what is wished; `sending` is what media has of them."""

    person: PersonView
    role: As
    on_air: bool
    muted: bool
    place: int
    sending: list[PublisherView]


class DeskView(View):
    """A stage as those behind it see it: everybody on and behind it, in the order they are shown."""

    session_id: UUID
    people: list[StandingView]
    films: list[FilmView]
    rehearsal_id: UUID | None
    version: int


class DeskSnapshot(View):
    position: Position
    desk: DeskView


class StandingChange(View):
    """Only what is named changes."""

    on_air: bool | None = None
    muted: bool | None = None
    place: Annotated[int, Field(ge=0, le=99)] | None = None


class StageDirected(Fact, name="stage.directed", channels=("session:backstage",)):
    desk: DeskView


class StageInvited(Fact, name="stage.invited", channels=("person",)):
    """Somebody of the audience was asked onto a stage, or left it again."""

    session_id: UUID
    title: str
    invited: bool


@dataclass(frozen=True)
class RoomWish:
    """All that is wished of a room, whole. Who is on air and who is muted are named as persons."""

    revision: int
    open: bool
    on_air: tuple[str, ...]
    muted: tuple[str, ...]
    codec: str = ""
    programme: Writing | None = None
    films: tuple[FilmWish, ...] = ()


def wished_on_air(standing: Sequence[tuple[UUID, As, bool | None]], *, meeting: bool = False) -> set[UUID]:
    """Who is to be on air of those who may stand on a stage, given in their order with what the desk said of each.

    Whom the desk put there; then the first six speakers, and the crew only where nobody else is to speak. Nobody
    moves up because somebody before them was taken off: nobody is on air unawares. To a team's meeting all come as
    equals, and who comes first finds a place (`with_a_place`).
    """
    named = [id for id, _, said in standing if said]
    speakers = [(id, said) for id, role, said in standing if role == "speaker"]
    if meeting or not speakers:  # of these only those come on air who send
        usual = [id for id, role, said in standing if said is None and (role != "crew" or not meeting)]
        return {*named, *usual}
    usual = [id for id, said in speakers[:MOST_ON_AIR] if said is None]
    return {*[*named, *usual][:MOST_ON_AIR]}


def with_a_place(wished: set[UUID], seen: Sequence[UUID], showing: Collection[UUID] = ()) -> set[UUID]:
    """Of those who are to be on air, whom the stage has room for: once six of them are seen or heard, those six.

    `seen` comes in the order in which media gives places; who is `showing` something only takes none of them.
    """
    there = [id for id in seen if id in wished][:MOST_ON_AIR]
    return wished if len(there) < MOST_ON_AIR else {*there, *wished.intersection(showing)}


def check_room_on_air(others: int) -> None:
    if others >= MOST_ON_AIR:
        raise Conflict("stage.air_full", most=MOST_ON_AIR)


def check_open(state: str) -> None:
    """Media flows backstage and live; before and after, WHEP answers 409 and the page asks again later."""
    if state not in OPEN:
        raise Conflict("session.closed", retry_after_s=RETRY_S)


def ice_servers(
    url: str, secret: str, who: UUID | str, *, now_s: int, life_s: int = RELAY_LIFE_S
) -> list[IceServer]:
    """TURN with credentials that expire (draft-uberti-behave-turn-rest-00, as coturn reads them).

    coturn counts the relays of one `who` together, whenever their keys were made.
    """
    urls = [part.strip() for part in url.split(",") if part.strip()]
    if not urls:
        return []
    username = f"{now_s + life_s}:{who}"
    digest = hmac.new(secret.encode(), username.encode(), hashlib.sha1).digest()
    return [IceServer(urls=urls, username=username, credential=base64.b64encode(digest).decode())]
