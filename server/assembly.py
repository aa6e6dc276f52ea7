"""The one place that picks concrete parts and puts a server process together."""

from __future__ import annotations

import os
import secrets
from collections.abc import AsyncIterator, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol
from uuid import UUID

from sqlmodel import Session
from starlette.applications import Starlette
from starlette.routing import WebSocketRoute

from config.settings import Settings
from models.database import Database, Listener
from models.publication import Publication
from realtime.broker.memory import MemoryBroker
from realtime.broker.redis import RedisBroker
from realtime.hub.hub import Hub
from realtime.hub.ports import Broker
from server import __version__
from server.actions import ledger, sign, tally
from server.api.endpoint import Endpoint
from server.api.rates import Limiter
from server.api.runner import Answer, Door, Runner
from server.app import create_app
from server.demo import outbox
from server.demo.cast import Cast
from server.demo.doors import flows as demo_flows
from server.domain.person import Actor
from server.files import Files
from server.jobs.files import FileKeeper
from server.jobs.films import FilmKeeper
from server.jobs.post import Carrier, Nowhere, Postman, Smtp
from server.jobs.recordings import RecordingKeeper
from server.jobs.runner import JobRunner
from server.live.access import AccessFollower
from server.live.gate import ConferenceGate
from server.live.history import StoredHistory, erases, frame_of
from server.live.media import MediaClient
from server.live.stage import StageFollower
from server.live.tallies import Tallies, signed, voted
from server.metrics import metrics_app
from server.queries.channels import counted
from server.routes import (
    account,
    announcements,
    audience,
    boards,
    card_parts,
    cards,
    chat,
    check,
    conferences,
    films,
    finding,
    imports,
    moderation,
    notices,
    polls,
    programme,
    public,
    questions,
    recordings,
    registration,
    sessions,
    stage,
    system,
    teams,
    uploads,
    viewing,
    volunteers,
)
from server.routes import settings as settings_routes
from server.routes.downloads import Downloads
from server.routes.films import Filmed
from server.routes.pages import Pages
from server.routes.passwords import Passwords
from server.routes.recordings import Recorded
from server.routes.system import Health, LoopLag
from server.routes.whip import MediaDoors

DIST = Path(__file__).parents[1] / "web" / "dist"
DEMO_SCALE = 20  # six people behind one address are not a flood
NODE = "m0"  # the one media process of this host


class StoredLedger:
    """The runner's Ledger, over the command table."""

    def authenticate(self, db: Session, token: str) -> Actor | None:
        return ledger.authenticate(db, token)

    def begin(self, db: Session, actor: Actor, key: UUID, body_hash: str) -> Answer | None:
        known = ledger.begin(db, actor, key, body_hash)
        return Answer(known.status, known.answer) if known else None

    def finish(self, db: Session, actor: Actor, key: UUID, answer: Answer) -> None:
        ledger.finish(db, actor, key, status=answer.status, answer=answer.text)


@dataclass
class Assembled:
    """A server process: the application, and what its supervisor needs to reach."""

    app: Starlette
    metrics: Starlette
    hub: Hub
    endpoints: Sequence[Endpoint]
    limiter: Limiter
    draining: bool = False

    def drain(self) -> None:
        """Readiness goes off first, so that a proxy stops sending people here."""
        self.draining = True


class Service(Protocol):
    """Works beside the requests from the start of a process to its end."""

    def start(self) -> None: ...

    async def stop(self) -> None: ...


def _begin(life: AsyncExitStack, *services: Service) -> None:
    """Start them in their order; they stop the other way round, each whatever becomes of the others."""
    for service in services:
        service.start()
        life.push_async_callback(service.stop)


def cookie_name(settings: Settings) -> str:
    """`__Host-` needs Secure (RFC 6265bis 4.1.3.2), which plain http on loopback cannot promise."""
    return "__Host-login" if settings.secure else "login"


def mail_on(settings: Settings) -> bool:
    """Whether mail goes out. In the example it goes no further than a page that shows it."""
    return bool(settings.smtp_url.get_secret_value()) or settings.mode == "demo"


def assemble(settings: Settings, *, node: str | None = None, passwords: Passwords | None = None) -> Assembled:
    """Build a server process from its settings; nothing is started before the application's lifespan.

    `passwords` may bring a cheaper hash: tests have no secrets to keep.
    """
    database = Database(settings.database)
    broker = _broker(settings)
    build = _build()
    gate = ConferenceGate(database, cookie=cookie_name(settings), origins=settings.origins)
    hub = Hub(
        gate=gate,
        history=StoredHistory(database),
        broker=broker,
        node=node or secrets.token_hex(4),
        build=build,
        has_presence=counted,
        erases=erases,
    )
    media = MediaClient(settings.media_door, node=NODE, secret=settings.media_secret.get_secret_value())
    tallies = Tallies(database, tally.tell, voted)
    signs = Tallies(database, sign.tell, signed)
    lag = LoopLag()
    limiter = Limiter(scale=DEMO_SCALE if settings.mode == "demo" else 1)
    door = Door(cookie_name(settings), settings.secure, settings.origins, settings.url)
    runner = Runner(database, StoredLedger(), limiter, door)
    recorded = Recorded(database, runner, settings.data_dir)
    stages = StageFollower(
        database, media, say=hub.tell_here, audience=hub.audience, besides=lambda: recorded.sent_bytes
    )
    carrier = _carrier(settings)
    files = Files(settings.data_dir / "files")
    secret = settings.turn_secret.get_secret_value()
    over_media = [
        check.flows(media, turn_url=settings.turn, turn_secret=secret),
        viewing.flows(database, media, uplink_mbps=settings.uplink_mbps),
    ]
    endpoints = [
        *declared(settings, database, limiter, passwords or Passwords(), files),
        *(one for group in over_media for one in group.all),
    ]

    @asynccontextmanager
    async def lifespan(_: Starlette) -> AsyncIterator[None]:
        database.listener = _listener(hub, stages, (tallies, signs))
        async with AsyncExitStack() as life:
            life.push_async_callback(database.close)
            life.push_async_callback(media.close)
            await hub.start()
            life.push_async_callback(hub.stop)
            access = AccessFollower(hub, stages)
            await access.start()
            life.push_async_callback(access.stop)
            _begin(life, stages, lag)
            for told in (tallies, signs):  # they begin with the first vote
                life.push_async_callback(told.stop)
            _begin(
                life,
                *(FileKeeper(database, files.remove), FilmKeeper(database, settings.data_dir)),
                *(RecordingKeeper(database, settings.data_dir), JobRunner(database)),
                *([Postman(database, carrier, url=settings.url, sender=settings.sender)] if carrier else []),
                *([Cast(database, hub)] if settings.mode == "demo" else []),
            )
            yield

    health = Health(
        database=database,
        data_dir=settings.data_dir,
        lag=lag,
        draining=lambda: assembled.draining,
        degraded=lambda: hub.degraded,
        media=stages.connected.is_set,
    )
    pages = Pages(
        DIST, database, runner, build=build, demo=settings.mode == "demo", secure=settings.secure, url=settings.url
    )
    app = create_app(
        endpoints,
        runner,
        routes=[
            *system.routes(health, endpoints, version=__version__),
            WebSocketRoute("/ws", hub.route),
            *Downloads(database, runner, limiter, files, url=settings.url).routes(),
            *recorded.routes(),
            *Filmed(settings.data_dir).routes(),
            *MediaDoors(database, runner, limiter, media).routes(),
            *check.routes(limiter),
            *pages.routes(),
        ],
        lifespan=lifespan,
        secure=settings.secure,
    )
    assembled = Assembled(app, metrics_app(hub.numbers, lag, media.stats), hub, endpoints, limiter)
    return assembled


def declared(
    settings: Settings, database: Database, limiter: Limiter, passwords: Passwords, files: Files
) -> list[Endpoint]:
    """Every endpoint of the API, for routes, for OpenAPI and for the test that walks them all."""
    groups = [
        account.ENDPOINTS,
        account.flows(database, passwords, limiter),
        conferences.ENDPOINTS,
        conferences.flows(database),
        registration.endpoints(mail=mail_on(settings)),
        registration.flows(database, url=settings.url, mail=mail_on(settings)),
        announcements.ENDPOINTS,
        settings_routes.ENDPOINTS,
        notices.endpoints(database, mail=mail_on(settings)),
        programme.ENDPOINTS,
        uploads.endpoints(database, files),
        public.flows(database),
        sessions.endpoints(turn_url=settings.turn, turn_secret=settings.turn_secret.get_secret_value()),
        viewing.endpoints(uplink_mbps=settings.uplink_mbps, media_processes=settings.media_processes),
        stage.ENDPOINTS,
        chat.ENDPOINTS,
        moderation.ENDPOINTS,
        recordings.ENDPOINTS,
        films.endpoints(database, settings.data_dir),
        questions.ENDPOINTS,
        polls.ENDPOINTS,
        audience.ENDPOINTS,
        teams.ENDPOINTS,
        boards.ENDPOINTS,
        cards.ENDPOINTS,
        card_parts.ENDPOINTS,
        imports.ENDPOINTS,
        volunteers.ENDPOINTS,
        finding.ENDPOINTS,
        *([demo_flows(database), outbox.flows(database, url=settings.url)] if settings.mode == "demo" else []),
    ]
    return [endpoint for group in groups for endpoint in group.all]


def _listener(hub: Hub, stages: StageFollower, tallies: Sequence[Tallies]) -> Listener:
    """What hears every commit of this process: the hub first, then those who act on some facts."""

    def hear(publications: Sequence[Publication]) -> None:
        hub.publish([frame_of(one) for one in publications])
        stages.notice(publications)
        for one in tallies:
            one.notice(publications)

    return hear


def _carrier(settings: Settings) -> Carrier | None:
    """How mail leaves: by the mail server that is set; in the example not at all, for a page to show it."""
    if smtp := settings.smtp_url.get_secret_value():
        return Smtp(smtp, settings.sender)
    return Nowhere() if settings.mode == "demo" else None


def _broker(settings: Settings) -> Broker:
    return RedisBroker(settings.redis_url) if settings.redis_url else MemoryBroker()


def _build() -> str:
    """Changes with every built front end, so that an older page knows to reload itself."""
    index = DIST / "index.html"
    return f"{__version__}-{int(os.stat(index).st_mtime)}" if index.exists() else __version__
