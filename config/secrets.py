"""Secrets nobody has to think of: a setting may say `file:/path`, and the file is made at the first start."""

from __future__ import annotations

import contextlib
import os
import secrets
import tempfile
from pathlib import Path

PREFIX = "file:"
BYTES = 32


def resolve(value: str) -> str:
    """The secret itself, or what stands in the file it names.

    A missing file is made with 256 random bits, readable for its owner only. Processes that start
    at the same moment agree on one: a file never appears half written.
    """
    if not value.startswith(PREFIX):
        return value
    path = Path(value.removeprefix(PREFIX))
    if not path.exists():
        _make(path)
    return path.read_text().strip()


def _make(path: Path) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    descriptor, draft = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}.")  # mode 0600
    with os.fdopen(descriptor, "w") as file:
        file.write(f"{secrets.token_urlsafe(BYTES)}\n")
    with contextlib.suppress(FileExistsError):
        os.link(draft, path)  # fails when another process was first; a rename would replace its file
    os.unlink(draft)
