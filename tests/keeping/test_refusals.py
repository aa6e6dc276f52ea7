"""What a backup, a restore and a move refuse; and that a refusal changes nothing."""

from __future__ import annotations

import hashlib
import json
import sqlite3
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from models.base import now
from models.database import Database
from models.person import Person
from server.keeping.copying import back_up, move, restore
from server.keeping.faults import KeepingFault
from tests.keeping.rows_of import dump, fill
from tests.support.services import Backend, PostgresServer

pytestmark = pytest.mark.services
Entries = dict[str, bytes]


def quiet(line: str) -> None:
    """Progress nobody reads."""


@pytest.fixture
async def archive(sqlite_template: Path, tmp_path: Path) -> Path:
    """A good archive of a small conference with one stored file."""
    folder = tmp_path / "made"
    (folder / "files").mkdir(parents=True)
    (folder / "files" / "picture").write_bytes(b"picture")
    file = folder / "multaqa.sqlite"
    file.write_bytes(sqlite_template.read_bytes())
    await fill(f"sqlite:///{file}")
    await back_up(f"sqlite:///{file}", folder, folder / "all.zip", tell=quiet)
    return folder / "all.zip"


def changed(archive: Path, change: Callable[[Entries], object]) -> Path:
    """A copy of an archive with other entries."""
    with zipfile.ZipFile(archive) as zipped:
        entries = {name: zipped.read(name) for name in zipped.namelist()}
    change(entries)
    copy = archive.with_name("changed.zip")
    with zipfile.ZipFile(copy, "w") as zipped:
        for name, data in entries.items():
            zipped.writestr(name, data)
    return copy


def with_manifest(entries: Entries, change: Callable[[dict[str, Any]], object]) -> None:
    manifest = json.loads(entries["manifest.json"])
    change(manifest)
    entries["manifest.json"] = json.dumps(manifest).encode()


def with_table(entries: Entries, name: str, lines: bytes) -> None:
    """Other rows, with sums that fit them."""
    entries[f"tables/{name}.jsonl"] = lines

    def fit(manifest: dict[str, Any]) -> None:
        table = next(one for one in manifest["tables"] if one["shape"]["name"] == name)
        table["content"] = {"rows": lines.count(b"\n"), "sha256": hashlib.sha256(lines).hexdigest()}

    with_manifest(entries, fit)


async def refused(url: str, data_dir: Path, archive: Path, words: str, *, replace: bool = True) -> None:
    """The restore is refused with these words, and what was there is there."""
    before = await dump(url)
    with pytest.raises(KeepingFault, match=words):
        await restore(url, data_dir, archive, replace=replace, tell=quiet)
    assert await dump(url) == before
    assert not (data_dir / "files").exists()
    assert not list(data_dir.glob("*.restoring*"))


async def test_a_full_database_is_replaced_only_when_told(
    backend: Backend, archive: Path, tmp_path: Path, postgres_server: PostgresServer
) -> None:
    await fill(backend.database_url, messages=["to be replaced"])
    await refused(backend.database_url, tmp_path, archive, "--replace", replace=False)
    (tmp_path / "files").mkdir()
    (tmp_path / "files" / "old").write_bytes(b"of before")
    await restore(backend.database_url, tmp_path, archive, replace=True, tell=quiet)
    assert await dump(backend.database_url) == await dump(f"sqlite:///{archive.parent / 'multaqa.sqlite'}")
    assert [file.name for file in (tmp_path / "files").iterdir()] == ["picture"]
    if backend.name == "postgres-redis":
        name = backend.database_url.rpartition("/")[2]
        assert "multaqa_restoring" not in postgres_server.run_sql("\\dn", name)


async def test_damage_is_found_before_anything_is_touched(backend: Backend, archive: Path, tmp_path: Path) -> None:
    await fill(backend.database_url)
    whole = archive.read_bytes()
    broken = archive.with_name("broken.zip")
    for place in range(40, len(whole), len(whole) // 60):
        broken.write_bytes(whole[:place] + bytes([whole[place] ^ 0x55]) + whole[place + 1 :])
        with pytest.raises(KeepingFault):  # some bytes mean nothing (a date): then it is refused as not empty
            await restore(backend.database_url, tmp_path, broken, replace=False, tell=quiet)
    for length in (0, 10, len(whole) // 2, len(whole) - 1):
        broken.write_bytes(whole[:length])
        await refused(backend.database_url, tmp_path, broken, "no whole backup|no manifest")


@pytest.mark.parametrize(
    ("change", "words"),
    [
        (lambda entries: entries.pop("tables/message.jsonl"), "does not hold"),
        (lambda entries: entries.update({"tables/more.jsonl": b""}), "does not hold"),
        (lambda entries: entries.update({"tables/person.jsonl": b"[]\n"}), "person has another sum"),
        (lambda entries: entries.update({"files/picture": b"other"}), "files/picture has another sum"),
        (lambda entries: entries.pop("manifest.json"), "no manifest"),
        (lambda entries: with_manifest(entries, lambda manifest: manifest.update(format=2)), "no manifest"),
        (
            lambda entries: with_manifest(entries, lambda manifest: manifest.update(revision="9999")),
            "newer Multaqa",
        ),
        (lambda entries: with_manifest(entries, lambda manifest: manifest["tables"].pop()), "does not hold"),
        (
            lambda entries: with_manifest(
                entries, lambda manifest: manifest["files"][0].update(path="files/../../x")
            ),
            "outside the data folder",
        ),
    ],
)
async def test_wrong_archives_are_refused(
    backend: Backend, archive: Path, tmp_path: Path, change: Callable[[Entries], object], words: str
) -> None:
    await fill(backend.database_url)
    await refused(backend.database_url, tmp_path, changed(archive, change), words)


@pytest.mark.parametrize(
    "lines",
    [
        lambda lines: lines + lines,  # the same keys twice
        lambda lines: lines.replace(b"session:", b"\\u0000ession:") + b"[1]\n",  # not a row of this table
        lambda lines: b"",  # messages whose author is missing
    ],
)
async def test_what_does_not_fit_together_leaves_all_as_it_was(
    backend: Backend, archive: Path, tmp_path: Path, lines: Callable[[bytes], bytes]
) -> None:
    await fill(backend.database_url)

    def change(entries: Entries) -> None:
        with_table(entries, "person", lines(entries["tables/person.jsonl"]))

    await refused(backend.database_url, tmp_path, changed(archive, change), "could not be filled|hold together")


async def test_a_backup_is_never_overwritten(backend: Backend, tmp_path: Path) -> None:
    taken = tmp_path / "taken.zip"
    taken.write_text("mine")
    with pytest.raises(KeepingFault, match="exists already"):
        await back_up(backend.database_url, tmp_path, taken, tell=quiet)
    assert taken.read_text() == "mine"


async def test_a_backup_that_fails_leaves_nothing(tmp_path: Path, sqlite_template: Path) -> None:
    broken = tmp_path / "multaqa.sqlite"
    broken.write_bytes(sqlite_template.read_bytes())
    await fill(f"sqlite:///{broken}", messages=["x" * 4000] * 50)
    with sqlite3.connect(broken) as connection:
        connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    connection.close()
    data = bytearray(broken.read_bytes())
    data[len(data) // 3 : len(data) // 3 + 9000] = bytes(9000)
    broken.write_bytes(data)
    with pytest.raises(KeepingFault, match="damaged"):
        await back_up(f"sqlite:///{broken}", tmp_path, tmp_path / "out" / "all.zip", tell=quiet)
    assert not list((tmp_path / "out").iterdir())


async def test_a_broken_database_can_be_replaced(archive: Path, tmp_path: Path) -> None:
    """That is what a backup is for."""
    broken = tmp_path / "multaqa.sqlite"
    broken.write_bytes(b"no database at all" * 500)
    Path(f"{broken}-wal").write_bytes(b"rubbish")
    await restore(f"sqlite:///{broken}", tmp_path, archive, replace=True, tell=quiet)
    assert (await dump(f"sqlite:///{broken}"))["message"]


async def test_nothing_there_is_said(tmp_path: Path, empty_database_url: str) -> None:
    with pytest.raises(KeepingFault, match=r"no database|no tables"):
        await back_up(empty_database_url, tmp_path, tmp_path / "all.zip", tell=quiet)
    with pytest.raises(KeepingFault, match="no backup"):
        await restore(empty_database_url, tmp_path, tmp_path / "all.zip", replace=False, tell=quiet)


async def test_a_running_server_keeps_postgresql_from_being_replaced(
    archive: Path, tmp_path: Path, postgres_server: PostgresServer
) -> None:
    url = postgres_server.url(postgres_server.create())
    await restore(url, tmp_path, archive, replace=False, tell=quiet)
    server = Database(url)
    await server.ping()
    with pytest.raises(KeepingFault, match="still running"):
        await restore(url, tmp_path, archive, replace=True, tell=quiet)
    await server.close()


async def test_a_move_refuses_what_is_not_empty(
    archive: Path, tmp_path: Path, postgres_server: PostgresServer
) -> None:
    name = postgres_server.create()
    url, old = postgres_server.url(name), f"sqlite:///{archive.parent / 'multaqa.sqlite'}"
    postgres_server.run_sql("CREATE TABLE invoice (id int)", name)
    with pytest.raises(KeepingFault, match="something else"):
        await move(old, url, tell=quiet)
    assert postgres_server.run_sql("SELECT count(*) FROM invoice", name) == "0"
    postgres_server.run_sql("DROP TABLE invoice", name)
    moved = await move(old, url, tell=quiet)
    assert moved["message"].rows == 1
    database = Database(url)
    await database.write(lambda db: db.add(Person(name="new", created_at=now())))
    await database.close()
    before = await dump(url)
    with pytest.raises(KeepingFault, match="already holds people"):
        await move(old, url, tell=quiet)
    assert await dump(url) == before
