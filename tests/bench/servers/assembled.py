"""A whole server process as `multaqa serve` assembles it, on a fresh SQLite file, with people who may talk.

`python -m tests.bench.servers.assembled FOLDER [PEOPLE]` prints `session ID`, the logins of the usual 60 people as
lines `login TOKEN`, and `ready PORT`. All logins are in the folder's file `logins`; the first is a moderator's.
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

LOGINS = "logins"  # of however many: in the folder
PEOPLE = 60  # so many that nobody talks too often


def lay_out(db: Session, count: int) -> tuple[UUID, list[str]]:
    """One live session and its attendees; returns its id and their login tokens."""
    conference = Conference(id=new_id(), title="ملتقى", zone="Asia/Amman")
    talk = ConferenceSession(
        id=new_id(), conference_id=conference.id, title="حديث", state="live", ends_at=now() + timedelta(hours=1)
    )
    people = [Person(id=new_id(), name=f"متطوّع {number}") for number in range(count)]
    db.add(conference)
    db.add_all(people)
    db.flush()
    db.add(talk)
    roles = ["moderator", *["attendee"] * (count - 1)]
    db.add_all(
        ConferenceRole(conference_id=conference.id, person_id=one.id, role=role)
        for one, role in zip(people, roles, strict=True)
    )
    return talk.id, [ledger.log_in(db, one, device="bench") for one in people]


async def main() -> None:
    configure("json")
    settings = Settings.load({}, data_dir=Path(sys.argv[1]), metrics_port=0)
    database = Database(settings.database)
    count = int(sys.argv[2]) if len(sys.argv) > 2 else PEOPLE
    talk, logins = await database.write(lambda db: lay_out(db, count))
    await database.close()
    listening = socket.create_server(("127.0.0.1", 0), backlog=4096)
    server = HubServer(server_config(assemble(settings).app))
    serving = asyncio.create_task(server.serve(sockets=[listening]))
    await server.serving.wait()
    print("session", talk)
    (Path(sys.argv[1]) / LOGINS).write_text("\n".join(logins))
    if count == PEOPLE:
        print(*(f"login {login}" for login in logins), sep="\n")
    print("ready", listening.getsockname()[1], flush=True)
    await serving


if __name__ == "__main__":
    migrate.upgrade(Settings.load({}, data_dir=Path(sys.argv[1])).database)
    uvloop.run(main())
