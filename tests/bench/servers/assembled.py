"""A whole server process as `multaqa serve` assembles it, on a fresh SQLite file, with people who may talk.

`python -m tests.bench.servers.assembled FOLDER` prints `session ID`, a line `login TOKEN` for each person, and
`ready PORT`.
"""

from __future__ import annotations

import asyncio
import socket
import sys
from datetime import timedelta
from pathlib import Path
from uuid import UUID

import uvloop
from sqlmodel import Session

from config.logging import configure
from config.settings import Settings
from models import migrate
from models.base import new_id, now
from models.conference import Conference, ConferenceRole, ConferenceSession
from models.database import Database
from models.person import Person
from realtime.hub.uvicorn import HubServer, server_config
from server.actions import ledger
from server.assembly import assemble

PEOPLE = 60  # so many that nobody talks too often


def lay_out(db: Session) -> tuple[UUID, list[str]]:
    """One live session and its attendees; returns its id and their login tokens."""
    conference = Conference(id=new_id(), title="ملتقى", zone="Asia/Amman")
    talk = ConferenceSession(
        id=new_id(), conference_id=conference.id, title="حديث", state="live", ends_at=now() + timedelta(hours=1)
    )
    people = [Person(id=new_id(), name=f"متطوّع {number}") for number in range(PEOPLE)]
    db.add(conference)
    db.add_all(people)
    db.flush()
    db.add(talk)
    db.add_all(ConferenceRole(conference_id=conference.id, person_id=one.id, role="attendee") for one in people)
    return talk.id, [ledger.log_in(db, one, device="bench") for one in people]


async def main() -> None:
    configure("json")
    settings = Settings.load({}, data_dir=Path(sys.argv[1]), metrics_port=0)
    database = Database(settings.database)
    talk, logins = await database.write(lay_out)
    await database.close()
    listening = socket.create_server(("127.0.0.1", 0), backlog=4096)
    server = HubServer(server_config(assemble(settings).app))
    serving = asyncio.create_task(server.serve(sockets=[listening]))
    await server.serving.wait()
    print("session", talk)
    print(*(f"login {login}" for login in logins), sep="\n")
    print("ready", listening.getsockname()[1], flush=True)
    await serving


if __name__ == "__main__":
    migrate.upgrade(Settings.load({}, data_dir=Path(sys.argv[1])).database)
    uvloop.run(main())
