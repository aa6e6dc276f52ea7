"""What the benchmarks need besides the tests' packages: Node and the two servers written for it."""

from __future__ import annotations

import shutil

from config.setup import web
from config.setup.places import BUILD, ROOT, Stamp, digest
from config.setup.progress import step

SOURCE = ROOT / "tests" / "bench" / "node"
TARGET = BUILD / "bench"
NAMES = ("package.json", "package-lock.json", ".npmrc")


def ensure_peers() -> None:
    """Install the peers' packages under `build/bench`, so that no source folder holds what is installed."""
    node = web.ensure_node()
    files = [SOURCE / name for name in NAMES]
    stamp = Stamp(TARGET / "node_modules" / ".multaqa-installed", digest(files))
    if stamp.current:
        return
    TARGET.mkdir(parents=True, exist_ok=True)
    for file in files:
        shutil.copy(file, TARGET)
    step("Installing Node's ws and Socket.IO for comparison", [*node.npm, "ci"], cwd=TARGET, env=node.env)
    stamp.write()
