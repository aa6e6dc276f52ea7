"""The declaration of an endpoint, and what its handler is given.

Four kinds, told apart by what they may touch:

* `command` changes something for a signed-in person, in one write unit with its idempotency key;
* `query` answers from one snapshot;
* `flow` is asynchronous and opens its own units: for what must hash a password or set a cookie;
* `upload` is a flow for somebody signed in who sends a file instead of JSON.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, Literal, TypeVar
from uuid import UUID

from sqlmodel import Session

from server.api.rates import READING, UPLOADING, WRITING, Rate
from server.domain.person import Actor
from server.domain.view import View

Kind = Literal["command", "query", "flow", "upload"]
Handler = TypeVar("Handler", bound=Callable[..., Any])


def is_id(parameter: str) -> bool:
    """Whether a path parameter holds an id; the others are words, such as a public address."""
    return parameter.endswith("_id")


@dataclass(frozen=True)
class Call:
    """One request inside its unit. Path parameters are ids; `key` is the id of a row it creates.

    `url` is the address people open, for links that are handed out.
    """

    db: Session
    actor: Actor
    path: Mapping[str, UUID]
    key: UUID
    query: Mapping[str, str]
    url: str


@dataclass(frozen=True)
class Visit:
    """One request to a flow: nobody, or somebody, from some device.

    `browser` is a hash of what this browser keeps for years: it tells a banned guest who comes anew.
    """

    actor: Actor | None
    path: Mapping[str, UUID]
    device: str
    locale: str
    network: str = ""  # whom limits count by address
    browser: str = ""
    words: Mapping[str, str] = field(default_factory=dict)  # path parameters that are no ids


@dataclass(frozen=True)
class Reply:
    """What a flow answers: the result, and a login to put into (or take out of) the cookie."""

    result: View | None
    status: int = 200
    login_token: str | None = None
    signed_out: bool = False


@dataclass(frozen=True)
class Endpoint:
    name: str
    method: str
    path: str
    kind: Kind
    handler: Callable[..., Any]
    permission: str | None
    body: type[View] | None
    result: type[View] | None
    status: int
    errors: tuple[str, ...]
    rate: Rate
    parameters: tuple[str, ...]
    secret: bool  # the answer holds what is shown only once
    ahead: Callable[..., Callable[[], Any]] | None  # of a command
    most_bytes: int = 0  # of an upload

    @property
    def needs_body(self) -> bool:
        """Whether there is something that must be said: else no body at all is as good as an empty one."""
        return self.body is not None and any(one.is_required() for one in self.body.model_fields.values())


@dataclass
class Endpoints:
    """The endpoints of one routes module, collected by its decorators."""

    group: str
    all: list[Endpoint] = field(default_factory=list)

    def command(
        self,
        name: str,
        method: str,
        path: str,
        *,
        permission: str | None,
        body: type[View] | None = None,
        result: type[View] | None = None,
        status: int | None = None,
        errors: tuple[str, ...] = (),
        rate: Rate = WRITING,
        secret: bool = False,
        ahead: Callable[..., Callable[[], Any]] | None = None,
    ) -> Callable[[Handler], Handler]:
        """Declare a change. The handler is a plain function `(call, body?) -> View | None`.

        `secret`: the answer holds a link or key that is shown once, and is kept locked (`api.seal`).

        `ahead`: for what takes long and needs no lock, such as reading a large file. It is asked first, like the
        handler but in a read of its own, and returns work that is done in a thread before the write begins. The
        handler is given what came of it last. A command that was answered already goes this way again.
        """
        return self._add(
            *("command", name, method, path, permission, body, result, status, errors, rate),
            secret=secret,
            ahead=ahead,
        )

    def query(
        self,
        name: str,
        path: str,
        *,
        permission: str | None,
        result: type[View],
        errors: tuple[str, ...] = (),
        rate: Rate = READING,
        parameters: tuple[str, ...] = (),
    ) -> Callable[[Handler], Handler]:
        """Declare a read. A result with a `position` gets it as its ETag."""
        return self._add(
            "query", name, "GET", path, permission, None, result, 200, errors, rate, parameters=parameters
        )

    def flow(
        self,
        name: str,
        method: str,
        path: str,
        *,
        body: type[View] | None = None,
        result: type[View] | None = None,
        status: int = 200,
        errors: tuple[str, ...] = (),
        rate: Rate = WRITING,
    ) -> Callable[[Callable[..., Awaitable[Reply]]], Callable[..., Awaitable[Reply]]]:
        """Declare a door that anybody may knock at. The handler is `async (visit, body?) -> Reply`."""
        return self._add("flow", name, method, path, None, body, result, status, errors, rate)

    def upload(
        self,
        name: str,
        path: str,
        *,
        permission: str,
        most_bytes: int,
        result: type[View],
        status: int = 200,
        errors: tuple[str, ...] = (),
        rate: Rate = UPLOADING,
    ) -> Callable[[Callable[..., Awaitable[Reply]]], Callable[..., Awaitable[Reply]]]:
        """Declare a door for a file. The handler is `async (visit, actor, content: bytes) -> Reply`.

        What the bytes are is for the handler to find out: a name or a content type proves nothing. It asks for
        the permission in its own units, before it opens the file.
        """
        return self._add(
            "upload", name, "POST", path, permission, None, result, status, errors, rate, most_bytes=most_bytes
        )

    def _add(
        self,
        kind: Kind,
        name: str,
        method: str,
        path: str,
        permission: str | None,
        body: type[View] | None,
        result: type[View] | None,
        status: int | None,
        errors: tuple[str, ...],
        rate: Rate,
        *,
        parameters: tuple[str, ...] = (),
        secret: bool = False,
        ahead: Callable[..., Callable[[], Any]] | None = None,
        most_bytes: int = 0,
    ) -> Callable[[Handler], Handler]:
        def declare(handler: Handler) -> Handler:
            chosen = status or (200 if result else 204)
            self.all.append(
                Endpoint(
                    name=name,
                    method=method,
                    path=path,
                    kind=kind,
                    handler=handler,
                    permission=permission,
                    body=body,
                    result=result,
                    status=chosen,
                    errors=errors,
                    rate=rate,
                    parameters=parameters,
                    secret=secret,
                    ahead=ahead,
                    most_bytes=most_bytes,
                )
            )
            return handler

        return declare
