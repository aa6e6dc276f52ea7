"""Stored files by their content's hash: written once, never changed, safe to give out.

A name is `<sha256>.<ending>`. Whoever stores a file decides its ending from what the bytes are, never from what
they were called.
"""

from __future__ import annotations

import asyncio
import hashlib
import os
import re
import tempfile
import time
from pathlib import Path

YOUNG_S = 3600.0  # far longer than an upload takes from its bytes to its row
_NAME = re.compile(r"[0-9a-f]{64}\.[a-z0-9]{2,5}")


class Files:
    """The stored files of an installation, under `DATA_DIR/files`."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    async def put(self, content: bytes, ending: str) -> str:
        """Store bytes; returns their name. The same bytes are kept once. Whole or not at all.

        For an hour no `remove` takes them away: time enough for the row that names them.
        """
        return await asyncio.to_thread(self._put, content, ending)

    def path(self, name: str) -> Path | None:
        """Where a name's file lies; None for what was never stored, or is no name of a stored file."""
        if not _NAME.fullmatch(name):
            return None
        path = self._place(name)
        return path if path.is_file() else None

    async def remove(self, name: str) -> bool:
        """Remove a file that no row names; False for one whose bytes somebody brought within the last hour."""
        path = self.path(name)
        return path is None or await asyncio.to_thread(_remove, path)

    def _put(self, content: bytes, ending: str) -> str:
        name = f"{hashlib.sha256(content).hexdigest()}.{ending}"
        path = self._place(name)
        try:
            os.utime(path)  # young again
        except FileNotFoundError:
            path.parent.mkdir(parents=True, exist_ok=True)
        else:
            return name
        with tempfile.NamedTemporaryFile(dir=path.parent, delete=False) as draft:
            draft.write(content)
            draft.flush()
            os.fsync(draft.fileno())
        Path(draft.name).replace(path)
        return name

    def _place(self, name: str) -> Path:
        """In folders of two letters: no folder grows long."""
        return self._folder / name[:2] / name


def _remove(path: Path) -> bool:
    aside = path.with_name(f"{path.name}.{os.getpid()}")
    try:
        if _young(path):
            return False
        path.rename(aside)
        if _young(aside):  # brought between the look and the move; from then on it is written anew
            aside.replace(path)
            return False
        aside.unlink()
    except FileNotFoundError:
        pass  # another process removes it
    return True


def _young(path: Path) -> bool:
    return time.time() - path.stat().st_mtime < YOUNG_S
