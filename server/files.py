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
from pathlib import Path

_NAME = re.compile(r"[0-9a-f]{64}\.[a-z0-9]{2,5}")


class Files:
    """The stored files of an installation, under `DATA_DIR/files`."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    async def put(self, content: bytes, ending: str) -> str:
        """Store bytes; returns their name. The same bytes are kept once. Whole or not at all."""
        return await asyncio.to_thread(self._put, content, ending)

    def path(self, name: str) -> Path | None:
        """Where a name's file lies; None for what was never stored, or is no name of a stored file."""
        if not _NAME.fullmatch(name):
            return None
        path = self._place(name)
        return path if path.is_file() else None

    async def remove(self, name: str) -> None:
        """Remove a file, if it is there. Who asks made sure that no row names it."""
        path = self.path(name)
        if path is not None:
            await asyncio.to_thread(path.unlink, missing_ok=True)

    def _put(self, content: bytes, ending: str) -> str:
        name = f"{hashlib.sha256(content).hexdigest()}.{ending}"
        path = self._place(name)
        if path.is_file():
            return name
        path.parent.mkdir(parents=True, exist_ok=True)
        with tempfile.NamedTemporaryFile(dir=path.parent, delete=False) as draft:
            draft.write(content)
            draft.flush()
            os.fsync(draft.fileno())
        Path(draft.name).replace(path)
        return name

    def _place(self, name: str) -> Path:
        """In folders of two letters: no folder grows long."""
        return self._folder / name[:2] / name
