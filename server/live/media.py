"""The control link to a media process: JSON over HTTP on its Unix socket, or TLS to another host.

Media knows rooms, publishers and viewers; persons it knows only as the opaque `owner` given here.
"""

from __future__ import annotations

import dataclasses
import json
from collections.abc import AsyncIterator, Collection
from dataclasses import dataclass
from typing import Any

import httpx

from server.domain.errors import (
    Away,
    BadInput,
    Conflict,
    Fault,
    Malformed,
    NotFound,
    PreconditionFailed,
    PreconditionRequired,
    TooLarge,
    WrongKind,
)
from server.domain.stage import RoomWish
from server.domain.viewing import FULL, Mode, QualityChoice, QualityView
from server.messages import known

ANSWER_S = 10
SILENCE_S = 15  # the link says something every 5 s
_FAULTS: dict[int, type[Fault]] = {
    400: Malformed,
    404: NotFound,
    409: Conflict,
    412: PreconditionFailed,
    413: TooLarge,
    415: WrongKind,
    422: BadInput,
    428: PreconditionRequired,
}


@dataclass(frozen=True)
class Negotiated:
    """An accepted offer: the answer to give back and the tag of this state of the connection."""

    id: str
    answer: str
    etag: str


@dataclass(frozen=True)
class Patched:
    """A candidate noted (no fragment), or a restart answered with new credentials."""

    sdpfrag: str | None
    etag: str | None


class MediaClient:
    """One media process. Raises Away while it does not answer, else what it says of the offer."""

    def __init__(self, control: str, *, node: str, secret: str = "") -> None:
        self.node = node
        transport = (
            httpx.AsyncHTTPTransport(uds=control.removeprefix("unix:")) if control.startswith("unix:") else None
        )
        self._http = httpx.AsyncClient(
            transport=transport,
            base_url="http://media" if transport else control,
            timeout=httpx.Timeout(ANSWER_S),
            headers={"Authorization": f"Bearer {secret}"} if secret else {},
            trust_env=False,
        )

    async def publish(self, room: str, *, id: str, owner: str, label: str, kind: str, offer: str) -> Negotiated:
        body = {"id": id, "owner": owner, "label": label, "kind": kind, "offer": offer}
        return _negotiated(await self._call("POST", f"/rooms/{room}/publishers", body))

    async def watch(self, room: str, *, id: str, owner: str, feed: str, mode: Mode, offer: str) -> Negotiated:
        body = {"id": id, "owner": owner, "feed": feed, "mode": mode, "offer": offer}
        return _negotiated(await self._call("POST", f"/rooms/{room}/viewers", body))

    async def probe(self, *, id: str, offer: str) -> str:
        """The answer for somebody who checks their network; the connection carries nothing and ends by itself."""
        answer: str = (await self._call("POST", "/probes", {"id": id, "offer": offer})).json()["answer"]
        return answer

    async def patch(self, room: str, id: str, *, owner: str, sdpfrag: str, etag: str | None) -> Patched:
        body = {"owner": owner, "sdpfrag": sdpfrag, "etag": etag}
        response = await self._call("PATCH", f"/rooms/{room}/peers/{id}", body)
        told = response.json() if response.content else {}
        return Patched(sdpfrag=told.get("sdpfrag"), etag=told.get("etag"))

    async def quality(self, room: str, id: str, *, owner: str, choice: QualityChoice | None) -> QualityView:
        """Tell what a viewer chose, or only ask what is sent to them."""
        body: dict[str, Any] = {"owner": owner} | ({} if choice is None else choice.model_dump(mode="json"))
        answer = await self._call("PUT", f"/rooms/{room}/viewers/{id}/quality", body)
        return QualityView.model_validate(answer.json())

    async def health(self, room: str) -> dict[str, Any]:
        """What each source of a room sends, and how its viewers are served."""
        told: dict[str, Any] = (await self._call("GET", f"/rooms/{room}/health")).json()
        return told

    async def leave(self, room: str, id: str, *, owner: str) -> None:
        await self._call("DELETE", f"/rooms/{room}/peers/{id}?owner={owner}")

    async def wish(self, room: str, wish: RoomWish) -> None:
        """The whole desired state of a room; media holds the newest it was told."""
        await self._call("PUT", f"/rooms/{room}", dataclasses.asdict(wish))

    async def owners(self) -> dict[str, dict[str, list[str]]]:
        """Who is connected, by room and by the feed watched or `sending`."""
        told: dict[str, dict[str, list[str]]] = (await self._call("GET", "/owners")).json()
        return told

    async def drop(self, owners: Collection[str], rooms: Collection[str] | None = None) -> None:
        """Close what these owners send and watch, everywhere or in some rooms."""
        body: dict[str, Any] = {"owners": list(owners)}
        await self._call("POST", "/drop", body | ({"rooms": list(rooms)} if rooms is not None else {}))

    async def besides(self, count: int) -> None:
        """So many more bytes left by the line that media minds, but not from media."""
        await self._call("POST", "/besides", {"bytes": count})

    async def stats(self) -> dict[str, float]:
        """Media's own numbers, of all its processes together."""
        told: dict[str, float] = (await self._call("GET", "/stats")).json()
        return told

    async def events(self) -> AsyncIterator[dict[str, Any]]:
        """What happens in media: first the whole state, then each change. Ends when the link does."""
        timeout = httpx.Timeout(ANSWER_S, read=SILENCE_S)
        try:
            async with self._http.stream("GET", "/events", timeout=timeout) as response:
                response.raise_for_status()
                async for line in response.aiter_lines():
                    if line:
                        yield json.loads(line)
        except httpx.HTTPError as error:
            raise Away("away.media", retry_after_s=1) from error

    async def close(self) -> None:
        await self._http.aclose()

    async def _call(self, method: str, path: str, body: dict[str, Any] | None = None) -> httpx.Response:
        try:
            response = await self._http.request(method, path, json=body)
        except httpx.HTTPError as error:
            raise Away("away.media", retry_after_s=1) from error
        if response.is_success:
            return response
        raise _fault(response)


def _negotiated(response: httpx.Response) -> Negotiated:
    told = response.json()
    return Negotiated(id=told["id"], answer=told["answer"], etag=told["etag"])


def _fault(response: httpx.Response) -> Fault:
    try:
        told = response.json()
    except ValueError:
        told = {}
    kind = _FAULTS.get(response.status_code)
    code = str(told.get("code"))
    if kind is None:
        full = code == FULL
        return Away(code if full else "away.media", retry_after_s=int(told.get("retry_after_s", 1)))
    if not known(code):
        # A newer media process may say more than this server has words for.
        return Away("away.media", retry_after_s=1)
    return kind(code, retry_after_s=told.get("retry_after_s"))
