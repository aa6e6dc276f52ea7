"""One file that holds everything: a zip of the tables as lines of JSON, the stored files, and a manifest of sums.

The same for both databases, so that a backup of one can be restored into the other, and readable without us:
any zip program opens it.
"""

from __future__ import annotations

import hashlib
import os
import zipfile
import zlib
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import datetime
from itertools import islice
from pathlib import Path, PurePosixPath
from typing import IO, Literal

from pydantic import BaseModel, ConfigDict, ValidationError

from server.keeping.disk import sync_folder
from server.keeping.faults import KeepingFault
from server.keeping.rows import BATCH, Batches, Content, Shape, Sum, from_line, to_lines

FOLDERS = ("files", "films", "recordings")  # of the data folder
MANIFEST = "manifest.json"
CHUNK = 1 << 20


class TableEntry(BaseModel):
    model_config = ConfigDict(frozen=True)
    shape: Shape
    content: Content

    @property
    def path(self) -> str:
        return f"tables/{self.shape.name}.jsonl"


class FileEntry(BaseModel):
    """A stored file by its path under the data folder."""

    model_config = ConfigDict(frozen=True)
    path: str
    size: int
    sha256: str


class Manifest(BaseModel):
    """What the archive holds, and at which revision of the tables it was made."""

    model_config = ConfigDict(frozen=True)
    format: Literal[1] = 1
    version: str
    made_at: datetime
    database: str
    revision: str
    tables: list[TableEntry]
    files: list[FileEntry]


class Writer:
    """Writes an archive piece by piece; `finish` adds the manifest."""

    def __init__(self, zipped: zipfile.ZipFile) -> None:
        self._zip = zipped
        self.tables: list[TableEntry] = []
        self.files: list[FileEntry] = []

    async def add_table(self, shape: Shape, batches: Batches) -> TableEntry:
        total = Sum()
        place = _entry(f"tables/{shape.name}.jsonl", zipfile.ZIP_DEFLATED)
        with self._zip.open(place, "w", force_zip64=True) as out:
            async for rows in batches:
                lines = to_lines(rows)
                total.add(lines, len(rows))
                out.write(lines)
        entry = TableEntry(shape=shape, content=total.content)
        self.tables.append(entry)
        return entry

    def add_file(self, path: str, opened: IO[bytes]) -> None:
        """Media and pictures are compressed already: they are stored as they are."""
        digest, size = hashlib.sha256(), 0
        with self._zip.open(_entry(path, zipfile.ZIP_STORED), "w", force_zip64=True) as out:
            while chunk := opened.read(CHUNK):
                digest.update(chunk)
                size += len(chunk)
                out.write(chunk)
        self.files.append(FileEntry(path=path, size=size, sha256=digest.hexdigest()))

    def finish(self, *, version: str, made_at: datetime, database: str, revision: str) -> Manifest:
        manifest = Manifest(
            version=version,
            made_at=made_at,
            database=database,
            revision=revision,
            tables=self.tables,
            files=self.files,
        )
        with self._zip.open(_entry(MANIFEST, zipfile.ZIP_DEFLATED), "w") as out:
            out.write(manifest.model_dump_json(indent=1).encode())
        return manifest


def _entry(path: str, compression: int) -> zipfile.ZipInfo:
    info = zipfile.ZipInfo(path)
    info.compress_type = compression
    info.external_attr = 0o600 << 16
    return info


@contextmanager
def writing(path: Path) -> Iterator[Writer]:
    """Make a fresh archive. It has its name only when it is whole and on the disk; others may not read it."""
    if path.exists():
        raise KeepingFault(f"{path} exists already. Choose a new name: a backup is never overwritten.")
    path.parent.mkdir(parents=True, exist_ok=True)
    draft = path.with_name(f".{path.name}.{os.getpid()}.part")
    try:
        with open(draft, "xb", opener=lambda name, flags: os.open(name, flags, 0o600)) as file:
            with zipfile.ZipFile(file, "w", compresslevel=6) as zipped:
                yield Writer(zipped)
            file.flush()
            os.fsync(file.fileno())
        try:
            os.link(draft, path)  # unlike a rename, it never replaces a file that appeared meanwhile
        except FileExistsError:
            raise KeepingFault(f"{path} appeared while the backup was made; it was left alone.") from None
        sync_folder(path.parent)
    finally:
        draft.unlink(missing_ok=True)


class Reader:
    """Reads an archive whose manifest holds together."""

    def __init__(self, zipped: zipfile.ZipFile, manifest: Manifest) -> None:
        self._zip = zipped
        self.manifest = manifest

    def verify(self, tell: Callable[[str], None]) -> None:
        """Read all of it once and compare every sum. Raises KeepingFault at the first that differs."""
        tables, files = self.manifest.tables, self.manifest.files
        names = [MANIFEST, *(table.path for table in tables), *(file.path for file in files)]
        if sorted(names) != sorted(self._zip.namelist()):
            raise KeepingFault("The backup does not hold what its manifest says.")
        for table in tables:
            tell(f"checking {table.shape.name}")
            if self._sum(table.path) != table.content.sha256:
                raise KeepingFault(f"The backup is damaged: the table {table.shape.name} has another sum.")
        for file in files:
            if self._sum(file.path) != file.sha256:
                raise KeepingFault(f"The backup is damaged: {file.path} has another sum.")

    def _sum(self, path: str) -> str:
        digest = hashlib.sha256()
        for chunk in self.chunks(path):
            digest.update(chunk)
        return digest.hexdigest()

    def chunks(self, path: str) -> Iterator[bytes]:
        try:
            with self._zip.open(path) as entry:
                while chunk := entry.read(CHUNK):
                    yield chunk
        except _BROKEN as error:
            raise KeepingFault(f"The backup is damaged at {path}: {error}") from error

    async def rows(self, table: TableEntry) -> Batches:
        """The lines of a table, for an archive that was verified."""
        with self._zip.open(table.path) as entry:
            lines = map(from_line, entry)
            while batch := list(islice(lines, BATCH)):
                yield batch


_BROKEN = (zipfile.BadZipFile, EOFError, OSError, ValueError, NotImplementedError, zlib.error)


@contextmanager
def reading(path: Path) -> Iterator[Reader]:
    """Open an archive. Raises KeepingFault when it is none, or one of a format that is not known here."""
    if not path.is_file():
        raise KeepingFault(f"There is no backup at {path}.")
    try:
        zipped = zipfile.ZipFile(path)
    except _BROKEN as error:
        raise KeepingFault(f"{path} is no whole backup: {error}") from error
    with zipped:
        yield Reader(zipped, _manifest(zipped))


def _manifest(zipped: zipfile.ZipFile) -> Manifest:
    try:
        manifest = Manifest.model_validate_json(zipped.read(MANIFEST))
    except (KeyError, ValidationError, *_BROKEN) as error:
        raise KeepingFault("The backup has no manifest that this version of Multaqa can read.") from error
    for file in manifest.files:
        if not _is_inside(file.path):
            raise KeepingFault(f"The backup names a file outside the data folder: {file.path}")
    return manifest


def _is_inside(path: str) -> bool:
    """Under one of our folders, and not out of it again."""
    pure = PurePosixPath(path)
    clean = not pure.is_absolute() and ".." not in pure.parts and "\\" not in path and str(pure) == path
    return clean and len(pure.parts) > 1 and pure.parts[0] in FOLDERS
