"""What is backed up comes back the same, from each database into each."""

from __future__ import annotations

import asyncio
import gc
import json
import tracemalloc
import zipfile
from collections.abc import Callable
from datetime import date, datetime
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st
from sqlmodel import Session

from models.base import new_id
from models.conference import Conference
from models.database import Database
from models.migrate import at_head
from models.person import Person
from models.publication import Publication
from models.tables import METADATA
from server.keeping.catalogue import kind_of
from server.keeping.copying import back_up, restore
from server.keeping.sources import source
from tests.keeping.rows_of import dump, fill, jsons, say, texts, times, words
from tests.support.services import Backend, PostgresServer

pytestmark = pytest.mark.services
Fresh = Callable[[str], str]


def quiet(line: str) -> None:
    """Progress nobody reads."""


@pytest.fixture
def fresh(tmp_path: Path, postgres_server: PostgresServer) -> Fresh:
    """A new database without tables, of the kind asked for."""

    def make(kind: str) -> str:
        if kind == "postgresql":
            return postgres_server.url(postgres_server.create())
        return f"sqlite:///{tmp_path / f'{new_id()}.sqlite'}"

    return make


@pytest.mark.parametrize("to", ["sqlite", "postgresql"])
async def test_a_backup_restores_into_either_database(
    backend: Backend, tmp_path: Path, fresh: Fresh, to: str
) -> None:
    await fill(backend.database_url, messages=["السلام عليكم", "x" * 4000, 'quote " and \\'])
    (tmp_path / "files" / "ab").mkdir(parents=True)
    (tmp_path / "files" / "ab" / "picture").write_bytes(bytes(range(256)) * 5000)
    (tmp_path / "recordings" / "r1").mkdir(parents=True)
    (tmp_path / "recordings" / "r1" / "part.m4s").write_bytes(b"")
    archive = tmp_path / "all.zip"
    made = await back_up(backend.database_url, tmp_path, archive, tell=quiet)
    assert {file.path for file in made.files} == {"files/ab/picture", "recordings/r1/part.m4s"}
    assert archive.stat().st_mode & 0o077 == 0, "a backup holds password hashes"

    url, data_dir = fresh(to), tmp_path / "other"
    await restore(url, data_dir, archive, replace=False, tell=quiet)
    assert await dump(url) == await dump(backend.database_url)
    assert await asyncio.to_thread(at_head, url)
    assert (data_dir / "files" / "ab" / "picture").read_bytes() == bytes(range(256)) * 5000
    assert (data_dir / "recordings" / "r1" / "part.m4s").read_bytes() == b""

    again = tmp_path / "again.zip"
    second = await back_up(url, data_dir, again, tell=quiet)
    assert [table.content for table in sorted(second.tables, key=lambda table: table.path)] == [
        table.content for table in sorted(made.tables, key=lambda table: table.path)
    ]


people = st.builds(
    Person, id=st.uuids(), name=words, email=st.none() | texts, created_at=times, version=st.integers(0, 2**31 - 1)
)
conferences = st.builds(
    Conference,
    id=st.uuids(),
    title=words,
    zone=words,
    starts_on=st.none() | st.dates(),
    created_at=times,
)
publications = st.builds(
    Publication,
    channel=words,
    offset=st.integers(1, 2**63 - 1),
    id=st.uuids(),
    name=words,
    at=times,
    subject_id=st.none() | st.uuids(),
    data=st.dictionaries(words, jsons, max_size=4),
)


# Each example is three databases: shrinking one would take longer than it helps.
@settings(max_examples=4, deadline=None, suppress_health_check=list(HealthCheck), phases=[Phase.generate])
@given(
    st.lists(
        people, max_size=25, unique_by=(lambda one: one.id, lambda one: one.id if one.email is None else one.email)
    ),
    st.lists(conferences, max_size=25, unique_by=lambda one: one.id),
    st.lists(publications, max_size=60, unique_by=lambda one: (one.channel, one.offset)),
)
def test_odd_rows_come_back(
    fresh: Fresh,
    sqlite_template: Path,
    tmp_path: Path,
    some_people: list[Person],
    some_conferences: list[Conference],
    some_publications: list[Publication],
) -> None:
    """Through SQLite, an archive, PostgreSQL, another archive and SQLite again; read by the models at the end."""
    rows = [*some_people, *some_conferences, *some_publications]
    meant = [row.model_dump() for row in rows]
    first, middle, last = fresh("sqlite"), fresh("postgresql"), fresh("sqlite")
    Path(first.removeprefix("sqlite:///")).write_bytes(sqlite_template.read_bytes())

    async def there_and_back() -> None:
        await _write(first, rows)
        before = await dump(first)
        for come_from, go_to in ((first, middle), (middle, last)):
            archive = tmp_path / f"{new_id()}.zip"
            await back_up(come_from, tmp_path, archive, tell=quiet)
            await restore(go_to, tmp_path, archive, replace=False, tell=quiet)
            assert await dump(go_to) == before

    asyncio.run(there_and_back())
    for url in (middle, last):
        assert asyncio.run(_read(url, meant)) == meant


async def _write(url: str, rows: list[Any]) -> None:
    database = Database(url)
    try:
        await database.write(lambda db: db.add_all(rows))
    finally:
        await database.close()


async def _read(url: str, meant: list[dict[str, Any]]) -> list[dict[str, Any]]:
    database = Database(url)

    def unit(db: Session) -> list[dict[str, Any]]:
        found: list[dict[str, Any]] = []
        for values in meant:
            if "channel" in values:
                found.append(db.get_one(Publication, (values["channel"], values["offset"])).model_dump())
            else:
                found.append(db.get_one(Person if "email" in values else Conference, values["id"]).model_dump())
        return found

    try:
        return await database.read(unit)
    finally:
        await database.close()


async def test_backup_is_of_one_moment_while_others_write(backend: Backend, tmp_path: Path, fresh: Fresh) -> None:
    talk = await fill(backend.database_url)
    database = Database(backend.database_url)
    stop = asyncio.Event()
    said = 0

    async def go_on() -> None:
        nonlocal said
        while not stop.is_set():
            await say(database, talk, f"message {said}")
            said += 1

    talking = [asyncio.create_task(go_on()) for _ in range(3)]
    archives = [tmp_path / f"{number}.zip" for number in range(3)]
    for archive in archives:
        before = said
        await back_up(backend.database_url, tmp_path, archive, tell=quiet)
        while said == before:  # noqa: ASYNC110 - the talkers tell nobody
            await asyncio.sleep(0.01)
    stop.set()
    await asyncio.gather(*talking)
    await database.close()
    for archive in archives:
        url = fresh("sqlite")
        await restore(url, tmp_path, archive, replace=False, tell=quiet)
        restored = Database(url)
        counts = await restored.read(_counts)
        await restored.close()
        assert len(set(counts)) == 1, "head, publications and messages belong to one moment"


def _counts(db: Session) -> list[int]:
    run = db.connection().exec_driver_sql
    return [
        int(run(statement).scalar_one())
        for statement in (
            "SELECT max(head) FROM channel",
            "SELECT count(*) FROM publication",
            'SELECT max("offset") FROM publication',
            "SELECT count(*) FROM message",
            "SELECT max(place) FROM message",
        )
    ]


async def test_memory_stays_bounded(backend: Backend, tmp_path: Path, fresh: Fresh) -> None:
    """A table of 30 MB passes through in pieces: it takes little more memory than an empty one."""
    other = "postgresql" if backend.name == "sqlite-memory" else "sqlite"
    empty = await _peak(backend, tmp_path, tmp_path / "small.zip", fresh(other))
    text = {"text": "ا" * 4000}  # the longest message there is
    database = Database(backend.database_url)
    for start in range(1, 1400, 200):
        rows = [Publication(channel="x", offset=start + at, id=new_id(), name="x", data=text) for at in range(200)]
        await database.write(lambda db, rows=rows: db.add_all(rows))  # type: ignore[misc]
    await database.close()
    del rows
    archive = tmp_path / "big.zip"
    peak = await _peak(backend, tmp_path, archive, fresh(other))
    with zipfile.ZipFile(archive) as zipped:
        assert zipped.getinfo("tables/publication.jsonl").file_size > 30e6
    assert peak - empty < 10e6


async def _peak(backend: Backend, folder: Path, archive: Path, url: str) -> int:
    """The most bytes held at once while everything is backed up and restored elsewhere.

    The suite's collector waits long for work; here what is let go must go, or its leavings would be measured.
    """
    seldom = gc.get_threshold()
    gc.set_threshold(700, 10, 10)
    gc.collect()
    tracemalloc.start()
    try:
        await back_up(backend.database_url, folder, archive, tell=quiet)
        await restore(url, folder, archive, replace=False, tell=quiet)
        return tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
        gc.set_threshold(*seldom)


@pytest.mark.parametrize("kind", ["sqlite", "postgresql"])
async def test_catalogue_knows_what_the_models_mean(
    kind: str, sqlite_template: Path, postgres_server: PostgresServer, postgres_template: str
) -> None:
    url = f"sqlite:///{sqlite_template}" if kind == "sqlite" else postgres_server.url(postgres_template)
    async with source(url) as place:
        found = {shape.name: {column.name: column.kind for column in shape.columns} for shape in place.shapes}
    assert found == {
        table.name: {column.name: kind_of(_impl(column.type)) for column in table.columns}
        for table in METADATA.tables.values()
    }


def _impl(kind: Any) -> Any:
    return getattr(kind, "impl_instance", kind)


def test_archive_is_readable_without_us(sqlite_template: Path, tmp_path: Path) -> None:
    file = tmp_path / "multaqa.sqlite"
    file.write_bytes(sqlite_template.read_bytes())
    archive = tmp_path / "all.zip"
    asyncio.run(fill(f"sqlite:///{file}", messages=["السلام عليكم"]))
    asyncio.run(back_up(f"sqlite:///{file}", tmp_path, archive, tell=quiet))
    with zipfile.ZipFile(archive) as zipped:
        manifest = json.loads(zipped.read("manifest.json"))
        table = next(one for one in manifest["tables"] if one["shape"]["name"] == "message")
        names = [column["name"] for column in table["shape"]["columns"]]
        row = dict(zip(names, json.loads(zipped.read("tables/message.jsonl")), strict=True))
    assert row["text"] == "السلام عليكم"
    assert datetime.fromisoformat(row["created_at"]).date() <= date.max
