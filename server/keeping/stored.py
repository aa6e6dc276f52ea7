"""The files beside the database: what people uploaded, and recordings."""

from __future__ import annotations

import hashlib
import os
from collections.abc import Iterable, Iterator
from pathlib import Path

from server.keeping.archive import FOLDERS, FileEntry, Reader, Writer
from server.keeping.disk import sync_folder


def keep(data_dir: Path, writer: Writer) -> None:
    """Add every stored file. One that goes away meanwhile was deleted by somebody: it is left out."""
    for path in _stored(data_dir):
        try:
            opened = (data_dir / path).open("rb")
        except FileNotFoundError:
            continue
        with opened:
            writer.add_file(path, opened)


def put_back(data_dir: Path, reader: Reader) -> None:
    """Write the archive's files, each whole or not at all. What is there with the same bytes stays."""
    for entry in reader.manifest.files:
        place = data_dir / entry.path
        if place.is_file() and _same(place, entry):
            continue
        place.parent.mkdir(parents=True, exist_ok=True)
        draft = place.with_name(f".{place.name}.restoring")
        with draft.open("wb") as out:
            out.writelines(reader.chunks(entry.path))
            out.flush()
            os.fsync(out.fileno())
        os.replace(draft, place)
        sync_folder(place.parent)


def forget_others(data_dir: Path, wanted: Iterable[FileEntry]) -> int:
    """Remove stored files that no row of a restored database can name; returns how many."""
    kept = {entry.path for entry in wanted}
    others = [path for path in _stored(data_dir) if path not in kept]
    for path in others:
        (data_dir / path).unlink(missing_ok=True)
    return len(others)


def _stored(data_dir: Path) -> Iterator[str]:
    for folder in FOLDERS:
        for place, folders, names in os.walk(data_dir / folder):
            folders.sort()
            for name in sorted(names):
                file = Path(place, name)
                if file.is_file() and not file.is_symlink() and not name.startswith("."):
                    yield file.relative_to(data_dir).as_posix()


def _same(place: Path, entry: FileEntry) -> bool:
    if place.stat().st_size != entry.size:
        return False
    with place.open("rb") as opened:
        return hashlib.file_digest(opened, "sha256").hexdigest() == entry.sha256
