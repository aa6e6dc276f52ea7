"""The Starlette application: routes in their order, faults as problems, headers on every answer."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from contextlib import AbstractAsyncContextManager
from uuid import uuid4

import structlog
from starlette.applications import Starlette
from starlette.datastructures import MutableHeaders
from starlette.exceptions import HTTPException
from starlette.middleware import Middleware
from starlette.requests import ClientDisconnect, Request
from starlette.responses import Response
from starlette.routing import BaseRoute, Route
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from models.database import Unavailable
from server.api.endpoint import Endpoint
from server.api.problem import problem
from server.api.runner import Runner, locale_of
from server.domain.errors import Away, Fault, Malformed, NotFound
from server.hearing import Hearing

log = structlog.get_logger()
Lifespan = Callable[[Starlette], AbstractAsyncContextManager[None]]


class MethodRefused(Fault):
    status = 405


class Crash(Fault):
    status = 500


def create_app(
    endpoints: Sequence[Endpoint],
    runner: Runner,
    *,
    routes: Sequence[BaseRoute],
    lifespan: Lifespan,
    secure: bool,
) -> Starlette:
    """Put declared endpoints and the other doors together."""
    api: list[BaseRoute] = [_route(endpoint, runner) for endpoint in endpoints]
    return Starlette(
        routes=[*api, *routes],
        middleware=[Middleware(Envelope, secure=secure), Middleware(Hearing)],
        lifespan=lifespan,
        exception_handlers={
            Fault: _on_fault,
            Unavailable: _on_unavailable,
            HTTPException: _on_http,
        },
    )


def _route(endpoint: Endpoint, runner: Runner) -> Route:
    async def answer(request: Request) -> Response:
        return await runner.run(endpoint, request)

    route = Route(endpoint.path, answer, methods=[endpoint.method], name=endpoint.name)
    if route.methods is not None:
        route.methods.discard("HEAD")
    return route


async def _on_fault(request: Request, error: Exception) -> Response:
    assert isinstance(error, Fault)
    return problem(error, locale=locale_of(request), request_id=request.state.request_id)


async def _on_unavailable(request: Request, error: Exception) -> Response:
    log.warning("database.unavailable", reason=str(error.__cause__)[:200])
    return await _on_fault(request, Away("away.database", retry_after_s=1))


async def _on_http(request: Request, error: Exception) -> Response:
    assert isinstance(error, HTTPException)
    known: dict[int, Callable[[], Fault]] = {
        404: lambda: NotFound("not_found"),
        405: lambda: MethodRefused("method.refused"),
    }
    fault = known.get(error.status_code, lambda: Malformed("input.unusable"))()
    answer = await _on_fault(request, fault)
    for name, value in (error.headers or {}).items():
        answer.headers[name] = value
    return answer


class Envelope:
    """Round every request: an id in logs and answers, security headers, one log line, no crash untold."""

    def __init__(self, app: ASGIApp, *, secure: bool) -> None:
        self._app = app
        self._headers = {
            "X-Content-Type-Options": "nosniff",
            "Referrer-Policy": "same-origin",
            "X-Frame-Options": "DENY",
            "Cross-Origin-Opener-Policy": "same-origin",
            "Permissions-Policy": "camera=(self), microphone=(self), display-capture=(self), geolocation=()",
        }
        if secure:
            self._headers["Strict-Transport-Security"] = "max-age=31536000"

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        request_id = uuid4().hex[:16]
        scope.setdefault("state", {})["request_id"] = request_id
        structlog.contextvars.bind_contextvars(request_id=request_id)
        started = time.perf_counter()
        status = 0

        async def tell(message: Message) -> None:
            nonlocal status
            if message["type"] == "http.response.start":
                status = message["status"]
                headers = MutableHeaders(scope=message)
                headers["X-Request-Id"] = request_id
                for name, value in self._headers.items():
                    headers.setdefault(name, value)
            await send(message)

        try:
            await self._app(scope, receive, tell)
        except ClientDisconnect:
            status = 499  # as nginx logs it: whoever asked has gone before asking it all
        except Exception:
            log.exception("request.crashed", method=scope["method"], path=scope["path"])
            if status:
                raise
            answer = problem(Crash("crash"), locale=locale_of(Request(scope)), request_id=request_id)
            await answer(scope, receive, tell)
        finally:
            took = time.perf_counter() - started
            if status >= 400 or not scope["path"].startswith(("/assets/", "/livez", "/readyz")):
                log.info(
                    "request", method=scope["method"], path=scope["path"], status=status, ms=round(took * 1e3, 1)
                )
            structlog.contextvars.unbind_contextvars("request_id")
