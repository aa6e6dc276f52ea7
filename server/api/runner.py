"""From a request to an answer: who asks, may they ask so often, what did they send, run it, say it.

A command is one write unit: its login is proved, its key is claimed, the action runs and the answer is
stored, all or nothing. A fault rolls all of it back, so that a failed command may be sent again.
"""

from __future__ import annotations

import asyncio
import gzip
import hashlib
import ipaddress
import re
import secrets
import zlib
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Protocol, TypeVar
from uuid import UUID

import uuid_utils
from pydantic import ValidationError
from sqlalchemy.exc import IntegrityError
from sqlmodel import Session
from starlette.requests import Request
from starlette.responses import Response

from server.api import seal
from server.api.endpoint import Call, Endpoint, Reply, Visit, is_id
from server.api.problem import from_validation
from server.api.rates import NEWCOMING, Limiter, Rate
from server.domain.errors import Conflict, Forbidden, LoginNeeded, Malformed, NotFound, TooLarge, WrongKind
from server.domain.person import Actor
from server.domain.view import Position, View
from server.messages import preferred

T = TypeVar("T")

BODY_BYTES = 64 * 1024
WORTH_PACKING = 32 * 1024  # bytes; what is smaller fits into the first packets anyway
PACKING_LEVEL = 1
NO_KEY = UUID(int=0)  # a query creates nothing
LOGIN_SECONDS = 90 * 24 * 3600
BROWSER_SECONDS = 400 * 24 * 3600  # the longest that browsers keep (RFC 6265bis 5.5)
KEPT = re.compile(r"[A-Za-z0-9_-]{22}")
PROVED_AT_MOST = 50_000
SAFE = frozenset({"GET", "HEAD", "OPTIONS"})


@dataclass(frozen=True)
class Answer:
    """A command's answer as it went over the wire."""

    status: int
    text: str | None


class Units(Protocol):
    """The database, as far as a request needs it."""

    async def read(self, unit: Callable[[Session], T]) -> T: ...

    async def write(self, unit: Callable[[Session], T]) -> T: ...


class Ledger(Protocol):
    """Who is asking, and what was answered before."""

    def authenticate(self, db: Session, token: str) -> Actor | None: ...

    def begin(self, db: Session, actor: Actor, key: UUID, body_hash: str) -> Answer | None: ...

    def finish(self, db: Session, actor: Actor, key: UUID, answer: Answer) -> None: ...


@dataclass(frozen=True)
class Door:
    """What is asked of a request before it is heard."""

    cookie: str
    secure: bool
    origins: frozenset[str]
    url: str

    @property
    def browser_cookie(self) -> str:
        """Beside the login's cookie, and longer: what a new guest from the same browser is known by."""
        return self.cookie.replace("login", "browser")


class Runner:
    """Runs endpoints. One for the whole application."""

    def __init__(self, units: Units, ledger: Ledger, limiter: Limiter, door: Door) -> None:
        self._units = units
        self._ledger = ledger
        self._limiter = limiter
        self._door = door
        self._proved: set[str] = set()  # hashes of tokens that were logins when last seen by this process

    async def run(self, endpoint: Endpoint, request: Request) -> Response:
        """Answer one request. Raises a Fault for everything that is the asker's to mend."""
        token = self.login_token(request)
        self.check_origin(request, cookie=token is not None)
        self._limiter.hit(endpoint.rate, self._who(endpoint.rate, request, token))
        path = _ids(request.path_params)
        if endpoint.kind == "query":
            return await self._query(endpoint, request, token, path)
        if endpoint.kind == "upload":
            return await self._upload(endpoint, request, path)
        body, digest = await self._body(endpoint, request)
        if endpoint.kind == "command":
            return await self._command(endpoint, token, path, command_key(request), body, digest)
        return await self._flow(endpoint, request, token, path, body)

    def login_token(self, request: Request) -> str | None:
        return request.cookies.get(self._door.cookie) or None

    def check_origin(self, request: Request, *, cookie: bool) -> None:
        """A page of another site must not act with our cookie (OWASP ASVS 5.0, 3.5.1)."""
        if request.method in SAFE:
            return
        origin = request.headers.get("origin")
        same_site = request.headers.get("sec-fetch-site") == "same-origin"
        if origin is None and (same_site or not cookie):
            return
        if origin not in self._door.origins:
            raise Forbidden("origin.refused")

    def count(self, rate: Rate, request: Request) -> None:
        """Count what is asked outside of endpoints: by login, so that a hall behind one address is many."""
        self._limiter.hit(rate, self._who(rate, request, self.login_token(request)))

    async def actor(self, request: Request) -> Actor | None:
        """Who asks, outside of any unit: for flows, pages and the media doors."""
        token = self.login_token(request)
        if token is None:
            return None
        return await self._units.read(lambda db: self._ledger.authenticate(db, token))

    def _who(self, rate: Rate, request: Request, token: str | None) -> str:
        """Whom a limit counts. A token counts for itself once it was proved: anybody can send made-up ones."""
        if token is None or rate.by_address:
            return address_of(request)
        digest = _digest(token)
        if digest not in self._proved:
            self._limiter.hit(NEWCOMING, address_of(request))
        return digest

    def _required(self, db: Session, token: str | None) -> Actor:
        actor = self._ledger.authenticate(db, token) if token else None
        if actor is None or token is None:
            raise LoginNeeded("login.needed")
        if len(self._proved) >= PROVED_AT_MOST:
            self._proved.clear()
        self._proved.add(_digest(token))
        return actor

    async def _body(self, endpoint: Endpoint, request: Request) -> tuple[View | None, str]:
        raw = await read_body(request, most=BODY_BYTES)
        digest = hashlib.sha256(f"{request.method} {request.url.path}\n".encode() + raw).hexdigest()
        if endpoint.body is None:
            return None, digest
        if not raw and not endpoint.needs_body:
            return endpoint.body(), digest
        if not is_json(request):
            raise WrongKind("content_type.unknown")
        try:
            return endpoint.body.model_validate_json(raw), digest
        except ValidationError as error:
            raise from_validation(error) from None

    async def _query(
        self, endpoint: Endpoint, request: Request, token: str | None, path: Mapping[str, UUID]
    ) -> Response:
        asked = dict(request.query_params)
        url = self._door.url

        def unit(db: Session) -> View:
            actor = self._required(db, token)
            result: View = endpoint.handler(Call(db=db, actor=actor, path=path, key=NO_KEY, query=asked, url=url))
            return result

        result = await self._units.read(unit)
        body = result.model_dump_json().encode()
        headers = {"Cache-Control": "private, no-cache"}
        position = getattr(result, "position", None)
        if position is not None:
            headers["ETag"] = _etag(position, body)
            if request.headers.get("if-none-match") == headers["ETag"]:
                return Response(status_code=304, headers=headers)
        if len(body) > WORTH_PACKING and "gzip" in request.headers.get("accept-encoding", ""):
            # Measured on a board of 2,000 cards: 1,250 KB become 100 KB in 5 ms.
            body = await asyncio.to_thread(gzip.compress, body, PACKING_LEVEL, mtime=0)
            headers |= {"Content-Encoding": "gzip", "Vary": "Accept-Encoding"}
        return Response(body, media_type="application/json", headers=headers)

    async def _command(
        self,
        endpoint: Endpoint,
        token: str | None,
        path: Mapping[str, UUID],
        key: UUID,
        body: View | None,
        digest: str,
    ) -> Response:
        url = self._door.url
        given: list[Any] = [body] if body is not None else []
        if endpoint.ahead is not None:
            given.append(await self._ahead(endpoint, token, path, given))

        def unit(db: Session) -> Answer:
            actor = self._required(db, token)
            answered = self._ledger.begin(db, actor, key, digest)
            if answered is not None:
                return _opened(answered, token) if endpoint.secret else answered
            call = Call(db=db, actor=actor, path=path, key=key, query={}, url=url)
            result: View | None = endpoint.handler(call, *given)
            answer = Answer(endpoint.status, result.model_dump_json() if result is not None else None)
            self._ledger.finish(db, actor, key, _locked(answer, token) if endpoint.secret else answer)
            return answer

        try:
            answer = await self._units.write(unit)
        except IntegrityError:
            # A row with this key is already there (another person's command), or its parent went away.
            raise Conflict("conflict") from None
        return Response(answer.text, status_code=answer.status, media_type="application/json")

    async def _ahead(
        self, endpoint: Endpoint, token: str | None, path: Mapping[str, UUID], given: Sequence[Any]
    ) -> Any:
        url, ahead = self._door.url, endpoint.ahead
        assert ahead is not None

        def unit(db: Session) -> Callable[[], Any]:
            actor = self._required(db, token)
            return ahead(Call(db=db, actor=actor, path=path, key=NO_KEY, query={}, url=url), *given)

        return await asyncio.to_thread(await self._units.read(unit))

    async def _flow(
        self,
        endpoint: Endpoint,
        request: Request,
        token: str | None,
        path: Mapping[str, UUID],
        body: View | None,
    ) -> Response:
        known = request.cookies.get(self._door.browser_cookie, "")
        browser = known if KEPT.fullmatch(known) else secrets.token_urlsafe(16)
        visit = _visit(request, await self.actor(request) if token else None, path, browser=browser)
        try:
            reply: Reply = await (endpoint.handler(visit, body) if body is not None else endpoint.handler(visit))
        except IntegrityError:
            raise Conflict("conflict") from None
        response = Response(
            reply.result.model_dump_json() if reply.result is not None else None,
            status_code=reply.status,
            media_type="application/json",
            headers={"Cache-Control": "no-store"},
        )
        self.set_login(response, reply)
        if reply.login_token is not None and browser != known:
            self._set_cookie(response, self._door.browser_cookie, browser, BROWSER_SECONDS)
        return response

    async def _upload(self, endpoint: Endpoint, request: Request, path: Mapping[str, UUID]) -> Response:
        actor = await self.actor(request)
        if actor is None:
            raise LoginNeeded("login.needed")
        content = await read_body(request, most=endpoint.most_bytes)
        try:
            reply: Reply = await endpoint.handler(_visit(request, actor, path), actor, content)
        except IntegrityError:
            raise Conflict("conflict") from None
        assert reply.result is not None
        return Response(reply.result.model_dump_json(), status_code=reply.status, media_type="application/json")

    def set_login(self, response: Response, reply: Reply) -> None:
        """Put a new login into the cookie, or take it out."""
        if reply.login_token is not None:
            self._set_cookie(response, self._door.cookie, reply.login_token, LOGIN_SECONDS)
        elif reply.signed_out:
            response.delete_cookie(
                self._door.cookie, path="/", secure=self._door.secure, httponly=True, samesite="lax"
            )

    def _set_cookie(self, response: Response, name: str, value: str, seconds: int) -> None:
        response.set_cookie(
            name,
            value,
            max_age=seconds,
            path="/",
            secure=self._door.secure,
            httponly=True,
            samesite="lax",
        )


def _visit(request: Request, actor: Actor | None, path: Mapping[str, UUID], *, browser: str = "") -> Visit:
    return Visit(
        actor=actor,
        path=path,
        device=request.headers.get("user-agent", "")[:120],
        locale=locale_of(request),
        network=address_of(request),
        browser=_digest(browser) if browser else "",
        words={name: value for name, value in request.path_params.items() if not is_id(name)},
    )


def _etag(position: Position, body: bytes) -> str:
    """The position names the state; the sum tells what no publication of this channel told: a new name."""
    return f'"{position.offset}.{position.id}.{zlib.crc32(body):08x}"'


def _digest(token: str) -> str:
    return hashlib.sha256(token.encode("utf-8", "replace")).hexdigest()


def _locked(answer: Answer, token: str | None) -> Answer:
    assert token is not None  # a command has an actor, and an actor has a login
    return Answer(answer.status, seal.lock(answer.text, token) if answer.text else None)


def _opened(answer: Answer, token: str | None) -> Answer:
    assert token is not None
    return Answer(answer.status, seal.unlock(answer.text, token) if answer.text else None)


async def read_body(request: Request, *, most: int) -> bytes:
    """The whole body, or TooLarge as soon as it is known to be: never more than `most` bytes in memory."""
    declared = request.headers.get("content-length", "0")
    if declared.isdecimal() and int(declared) > most:
        raise TooLarge("body.too_large")
    parts: list[bytes] = []
    size = 0
    async for part in request.stream():
        size += len(part)
        if size > most:
            raise TooLarge("body.too_large")
        parts.append(part)
    return b"".join(parts)


def is_json(request: Request) -> bool:
    return request.headers.get("content-type", "").partition(";")[0].strip().lower() == "application/json"


def address_of(request: Request) -> str:
    """Whom limits count by address. One household has a whole /64 of IPv6 (RFC 6177), and so one count."""
    host = request.client.host if request.client else "unknown"
    try:
        address = ipaddress.ip_address(host.partition("%")[0])
    except ValueError:
        return host
    if isinstance(address, ipaddress.IPv4Address):
        return host
    if address.ipv4_mapped is not None:
        return str(address.ipv4_mapped)
    return str(ipaddress.ip_network((address, 64), strict=False))


def locale_of(request: Request) -> str:
    return preferred(request.headers.get("accept-language", ""))


def command_key(request: Request) -> UUID:
    given = request.headers.get("idempotency-key")
    if given is None:
        return UUID(int=uuid_utils.uuid7().int)
    try:
        return UUID(given)
    except ValueError:
        raise Malformed("key.malformed") from None


def _ids(params: Mapping[str, Any]) -> dict[str, UUID]:
    try:
        return {name: UUID(value) for name, value in params.items() if is_id(name)}
    except ValueError:
        raise NotFound("not_found") from None
