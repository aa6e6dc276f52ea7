"""The `multaqa` command.

Commands import what they run: of the processes of one host each loads only its own part, so that the media
process starts in a third of the time of a server and holds none of the server's memory.
"""

from __future__ import annotations

import asyncio
import fcntl
import logging
import os
import socket
import sys
from collections.abc import Awaitable, Callable, Coroutine, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, TypeVar

import typer

from config.logging import configure
from config.settings import Settings, SettingsFault
from server.ports import PortTaken, listening
from server.supervisor import Child, Supervisor

if TYPE_CHECKING:
    from models.database import Database
    from server.domain.person import OneTimeLinkView

READY_S = 60.0
T = TypeVar("T")
app = typer.Typer(
    help="Multaqa: online volunteering conferences, self-hosted.", no_args_is_help=True, add_completion=False
)


@app.command()
def serve() -> None:
    """Run the server for real, with its media process, until it is told to stop."""
    settings = _settings()
    with _alone(settings), _placed(settings, search=False) as (door, placed):
        link = _setup_link(placed)
        _supervise(placed, door, [f"Become the first organiser: {link.url}"] if link else [])


async def _hang_pictures(db: Database, data_dir: Path) -> None:
    """The example's speakers get their pictures by the way that uploaded ones go."""
    from server.demo import programmes
    from server.files import Files
    from server.pictures import ENDING, square

    files = Files(data_dir / "files")
    names = {someone: await files.put(square(raw), ENDING) for someone, raw in programmes.pictures()}
    await db.write(lambda unit: programmes.hang(unit, names))


@app.command()
def demo() -> None:
    """Run a living example conference on this machine, with a talk on air. No passwords, no set-up."""
    from models import migrate as migrations
    from server.demo import films, recorded, seed

    settings = _settings(mode="demo")
    with _alone(settings), _placed(settings, search=True) as (door, placed):
        with _plainly():
            migrations.upgrade(placed.database)
            _once(placed, lambda db: db.write(seed.lay_out))
            films.make_beside(placed.data_dir)
            _once(placed, lambda db: _hang_pictures(db, placed.data_dir))
            made = recorded.make(placed.data_dir)
            _once(placed, lambda db: db.write(lambda unit: recorded.lay_out(unit, made)))
        notes = ["This is an example: choose who you want to be on the page."]
        if placed.port != settings.port:
            notes.append(f"Port {settings.port} is taken, so it is on {placed.port}.")
        _supervise(placed, door, notes)


@app.command()
def media(
    control: Annotated[int | None, typer.Option(hidden=True)] = None,
) -> None:
    """Run the media process alone, for a server process elsewhere (MULTAQA_MEDIA_CONTROL names its socket)."""
    from realtime.media.process import run

    settings = _settings()
    _log(settings)
    run(
        socket_path=Path(settings.media_door.removeprefix("unix:")),
        udp_port=settings.media_port,
        address=settings.media_address or None,
        host=settings.media_host,
        secret=settings.media_secret.get_secret_value() or None,
        control_pipe=control,
        recordings=settings.data_dir / "recordings",
        films=settings.data_dir / "films",
        processes=settings.media_processes,
        uplink_mbps=settings.uplink_mbps,
    )


@app.command()
def migrate(down_to: Annotated[str | None, typer.Option(help="Go back to this revision.")] = None) -> None:
    """Bring the database to the shape this version expects."""
    from models import migrate as migrations

    settings = _settings()
    with _alone(settings), _plainly():
        if down_to is None:
            migrations.upgrade(settings.database)
        else:
            migrations.downgrade(settings.database, down_to)
    print("The database is ready.")


@app.command()
def doctor(
    language: Annotated[str | None, typer.Option(help="ar or en; else the terminal's.")] = None,
) -> None:
    """Look at the running installation, inside and from outside, and say what is wrong and what to do."""
    from server.assembly import NODE
    from server.doctor import report
    from server.doctor.finding import Finding
    from server.live.media import MediaClient

    settings = _settings()
    _log(settings)
    logging.disable()  # only findings are for the reader

    async def run() -> list[Finding]:
        client = MediaClient(settings.media_door, node=NODE, secret=settings.media_secret.get_secret_value())
        try:
            return await report.examine(settings, client)
        finally:
            await client.close()

    if not report.tell(asyncio.run(run()), language or report.language(), print):
        raise typer.Exit(1)


@app.command()
def admin() -> None:
    """Print a fresh link for the first organiser, while there is none."""
    settings = _settings()
    with _lock(settings) as ours:
        # A server that runs has migrated already, and nobody else may while it does.
        link = _setup_link(settings, migrate=ours)
    print(link.url if link else "This server already has an organiser, who can invite others.")


@app.command()
def backup(path: Annotated[Path, typer.Argument(help="The archive to make; it must not exist yet.")]) -> None:
    """Write the database, files and recordings into one archive, while the server runs."""
    from server.keeping import copying

    settings = _settings()
    made = _kept(copying.back_up(settings.database, settings.data_dir, path, tell=_tell))
    rows = sum(table.content.rows for table in made.tables)
    print(f"{path} holds {rows} rows and {len(made.files)} files. Keep it on another machine, and as a secret.")


@app.command()
def restore(
    path: Annotated[Path, typer.Argument(help="An archive that `multaqa backup` made.")],
    replace: Annotated[bool, typer.Option(help="Throw away what is there now.")] = False,
) -> None:
    """Put an archive in the place of an empty database. The server must be stopped."""
    from server.keeping import copying

    settings = _settings()
    with _alone(settings):
        work = copying.restore(settings.database, settings.data_dir, path, replace=replace, tell=_tell)
        made = _kept(work)
    print(f"Everything is as it was on {made.made_at:%Y-%m-%d %H:%M} UTC. Open pages reload by themselves.")


@app.command()
def move(to: Annotated[str, typer.Option(help="postgresql://user:password@host/database, empty.")]) -> None:
    """Copy everything from SQLite to an empty PostgreSQL database. The server must be stopped."""
    from server.keeping import copying

    settings = _settings()
    if settings.on_postgresql or not to.startswith("postgres"):
        print("Not done: a move goes from SQLite to PostgreSQL. Else backup and restore.", file=sys.stderr)
        raise typer.Exit(5)
    with _alone(settings):
        moved = _kept(copying.move(settings.database, to, tell=_tell))
    print(f"{sum(content.rows for content in moved.values())} rows are there now. Put this into the settings:")
    print(f"\n  MULTAQA_DATABASE_URL={to}\n")
    print("With MULTAQA_REDIS_URL beside it, MULTAQA_WORKERS may be more than 1. Files stay where they are;")
    print(f"{settings.database.removeprefix('sqlite:///')} is left as it is: remove it when all is well.")


@app.command(hidden=True)
def worker(
    fd: Annotated[int, typer.Option()],
    control: Annotated[int, typer.Option()],
    index: Annotated[int, typer.Option()],
) -> None:
    """One server process, started by its parent."""
    from server import worker as process

    settings = _settings()
    _log(settings)
    process.run(settings, socket_fd=fd, control_fd=control, index=index)


def main() -> None:
    app()


def _settings(mode: str | None = None) -> Settings:
    try:
        return Settings.load(os.environ, **({"mode": mode} if mode else {}))
    except SettingsFault as fault:
        print("The settings cannot be used:", *(f"  - {line}" for line in fault.faults), sep="\n", file=sys.stderr)
        raise typer.Exit(2) from None


def _tell(line: str) -> None:
    print(f"  {line}", flush=True)


def _kept(work: Coroutine[Any, Any, T]) -> T:
    """Run a backup, restore or move."""
    with _plainly():
        return asyncio.run(work)


@contextmanager
def _plainly() -> Iterator[None]:
    """What stands in the way of a command becomes one sentence for its operator."""
    import asyncpg
    from sqlalchemy.exc import DBAPIError

    from models import migrate as migrations
    from server.keeping.faults import KeepingFault

    try:
        yield
    except DBAPIError as error:
        reason: object = error.orig
    except (KeepingFault, migrations.TooNew, migrations.LooseRows, OSError, asyncpg.PostgresError) as fault:
        reason = fault
    else:
        return
    print(f"Not done: {reason}", file=sys.stderr)
    raise typer.Exit(5)


def _setup_link(settings: Settings, *, migrate: bool = True) -> OneTimeLinkView | None:
    """Bring the database into shape; a link for the first organiser while there is none."""
    from models import migrate as migrations
    from server.actions.person import create_setup_link

    with _plainly():
        if migrate:
            migrations.upgrade(settings.database)
        return _once(settings, lambda db: db.write(lambda unit: create_setup_link(unit, url=settings.url)))


def _supervise(settings: Settings, door: socket.socket, notes: list[str]) -> None:
    _log(settings)
    workers = [
        Child(
            f"server {index}",
            ["worker", "--fd", str(door.fileno()), "--control", "CONTROL", "--index", str(index)],
            fds=[door.fileno()],
        )
        for index in range(settings.workers)
    ]
    own_media = [] if settings.media_control else [Child("media", ["media", "--control", "CONTROL"], stage=1)]
    supervisor = Supervisor([*own_media, *workers], _environment(settings))

    async def run() -> None:
        greeting: list[asyncio.Task[None]] = []
        await supervisor.run(
            started=lambda: greeting.append(asyncio.create_task(_greet(settings, notes))),
            stopping=door.close,  # newcomers go elsewhere at once
        )

    asyncio.run(run())


def _log(settings: Settings) -> None:
    """The example's console ends with its address: only what goes wrong is added."""
    configure(settings.log_format, level=logging.WARNING if settings.mode == "demo" else logging.INFO)


async def _greet(settings: Settings, notes: list[str]) -> None:
    """Say where it is, once it answers here: the public address may lead through a proxy that is not up yet."""
    import httpx

    host = {"0.0.0.0": "127.0.0.1", "::": "::1"}.get(settings.host, settings.host)
    address = f"http://[{host}]:{settings.port}" if ":" in host else f"http://{host}:{settings.port}"
    async with httpx.AsyncClient(trust_env=False, verify=False) as client:
        for _ in range(int(READY_S / 0.1)):
            try:
                if (await client.get(f"{address}/livez")).status_code == 200:
                    break
            except httpx.HTTPError:
                pass
            await asyncio.sleep(0.1)
    print(f"\n  ملتقى · Multaqa\n  Open {settings.url}\n", *(f"  {note}\n" for note in notes), sep="", flush=True)


def _environment(settings: Settings) -> dict[str, str]:
    """What the children read: our environment with what was decided here."""
    decided = {
        "MULTAQA_MODE": settings.mode,
        "MULTAQA_HOST": settings.host,
        "MULTAQA_PORT": str(settings.port),
        "MULTAQA_MEDIA_PORT": str(settings.media_port),
        "MULTAQA_DATABASE_URL": settings.database,
        "MULTAQA_PUBLIC_URL": settings.url,
    }
    return {**os.environ, **decided}


@contextmanager
def _alone(settings: Settings) -> Iterator[None]:
    """SQLite has one server process: a second start on the same data folder is told so."""
    with _lock(settings) as ours:
        if not ours:
            print(f"Multaqa is already running on {settings.data_dir}.", file=sys.stderr)
            raise typer.Exit(3)
        yield


@contextmanager
def _lock(settings: Settings) -> Iterator[bool]:
    """Whether we are the one process on this data folder; PostgreSQL looks after itself."""
    settings.data_dir.mkdir(parents=True, exist_ok=True)
    with (settings.data_dir / "multaqa.lock").open("w") as lock:
        ours = True
        if not settings.on_postgresql:
            try:
                fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                ours = False
        yield ours


@contextmanager
def _placed(settings: Settings, *, search: bool) -> Iterator[tuple[socket.socket, Settings]]:
    try:
        with listening(settings, search=search) as placed:
            yield placed
    except PortTaken:
        print(f"Port {settings.port} is taken. Choose another with MULTAQA_PORT.", file=sys.stderr)
        raise typer.Exit(4) from None


def _once(settings: Settings, work: Callable[[Database], Awaitable[T]]) -> T:
    """Run one thing on the database before anything else is started."""
    from models.database import Database

    async def run() -> T:
        database = Database(settings.database)
        try:
            return await work(database)
        finally:
            await database.close()

    return asyncio.run(run())


if __name__ == "__main__":
    main()
