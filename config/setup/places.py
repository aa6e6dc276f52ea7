"""Where the set-up keeps things, and stamps that tell whether a step must be done again."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
BUILD = ROOT / "build"
VENV = ROOT / ".venv"
VENV_PYTHON = VENV / "bin" / "python"
WEB = ROOT / "web"

LOCK = ROOT / "requirements.lock"
TEST_LOCK = ROOT / "tests" / "requirements.lock"
NODE_LOCK = ROOT / "config" / "setup" / "node.lock"


class SetupFault(Exception):
    """The set-up cannot go on; the text tells a person what to do next."""


@dataclass(frozen=True)
class Stamp:
    """A file that holds the digest of a step's inputs, written only after the step has succeeded."""

    path: Path
    digest: str

    @property
    def current(self) -> bool:
        return self.path.is_file() and self.path.read_text() == self.digest

    def write(self) -> None:
        self.path.parent.mkdir(parents=True, exist_ok=True)
        self.path.write_text(self.digest)


def digest(files: Iterable[Path], *words: str) -> str:
    """One digest over the words and over the names and contents of the files, in order of name."""
    sums = hashlib.sha256("\0".join(words).encode())
    for file in sorted(files):
        content = hashlib.sha256(file.read_bytes()).hexdigest()
        sums.update(f"\0{file.relative_to(ROOT)}\0{content}".encode())
    return sums.hexdigest()
