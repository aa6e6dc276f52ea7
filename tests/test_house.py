"""The house keeps its order: who may import whom, one home for each seam, nothing else at the top."""

from __future__ import annotations

import re
import subprocess
import sys
from collections.abc import Iterable, Iterator
from importlib.metadata import packages_distributions
from pathlib import Path

import pytest

from tests.support.imports import Module, cycles, is_private, module_of, read_modules

ROOT = Path(__file__).resolve().parents[1]
ROOMS = ("config", "models", "server", "realtime")
EVERYTHING = ("config", "models", "realtime", "server")

# Who may import whom, besides itself. A part not named here needs a line of its own.
TABLE: dict[str, tuple[str, ...]] = {
    "config": (),
    "config.setup": (),
    "models": ("config",),
    "realtime": ("config",),
    "server": (),
    "server.domain": ("models",),
    # An action asks the same scope that a query asks, and answers with the same view: both are reads.
    "server.actions": ("models", "server.domain", "server.queries", "server.messages", "server.templates"),
    "server.queries": ("models", "server.domain", "server.messages"),
    "server.jobs": ("models", "server.actions", "server.queries", "server.domain", "server.messages"),
    "server.messages": (),
    "server.templates": (),
    "server.api": ("server.domain", "server.messages"),
    "server.files": (),
    "server.pictures": (),
    "server.xlsx": (),
    "server.sheets": ("server.domain", "server.xlsx"),
    # Copies whole databases by their catalogue, at any revision: it needs no action and no query.
    "server.keeping": ("config", "models", "server.domain"),
    "server.live": ("models", "realtime", "server.actions", "server.queries", "server.domain", "server.messages"),
    "server.routes": (
        "models",
        "server.actions",
        "server.queries",
        "server.domain",
        "server.api",
        "server.live",
        "server.files",
        "server.pictures",
        "server.sheets",
        "server.messages",
        "server.templates",
    ),
    # Looks at everything from outside; changes nothing.
    "server.doctor": ("config", "models", "realtime", "server.domain", "server.live", "server.messages"),
    "server.demo": ("models", "realtime", "server.actions", "server.queries", "server.domain", "server.api"),
    "server.metrics": ("realtime", "server.domain", "server.routes"),
    "server.hearing": (),
    "server.ports": ("config",),
    "server.supervisor": (),
    "server.worker": ("config", "realtime", "server.assembly"),
    # Turns faults of the domain and of the database into answers.
    "server.app": (
        "config",
        "models",
        "server.api",
        "server.routes",
        "server.live",
        "server.hearing",
        "server.domain",
    ),
    "server.assembly": EVERYTHING,
    "server.__main__": EVERYTHING,
}

# Foreign modules that have one home.
HOMES = {
    "redis": "realtime.broker.redis",
    "hiredis": "realtime.broker.redis",
    "uvicorn.protocols": "realtime.hub.uvicorn",
}
MEDIA_LIBRARIES = ("aiortc", "aioice", "pylibsrtp")
MEDIA_SEAMS = "realtime.media.seams"

TOP = {
    *("config", "models", "server", "realtime", "web", "tests", ".ci", ".gitignore", "LICENSE", "Makefile"),
    *("README.md", "docker-compose.yml", "pyproject.toml", "requirements.lock"),
}

MODULES = read_modules(ROOT, ROOMS)


def test_imports_follow_the_table() -> None:
    expect_none(fault for module in MODULES.values() for fault in table_faults(module, MODULES))


def test_seams_have_one_home() -> None:
    expect_none(fault for module in MODULES.values() for fault in home_faults(module))


def test_nobody_imports_in_a_circle() -> None:
    expect_none(" -> ".join(circle) for circle in cycles(MODULES))


def test_set_up_needs_nothing_but_the_standard_library() -> None:
    foreign = [
        f"{module.path}:{item.line} imports {item.name}"
        for module in MODULES.values()
        if part_of(module.name) == "config.setup"
        for item in module.imports
        if not within(item.name, "config.setup") and item.name.split(".")[0] not in sys.stdlib_module_names
    ]
    expect_none(foreign)


def test_what_is_imported_is_locked() -> None:
    provided = packages_distributions()
    lock = (ROOT / "requirements.lock").read_text().splitlines()
    locked = {spelled(line.partition("==")[0]) for line in lock if "==" in line}
    foreign = {
        (item.name.split(".")[0], module.path)
        for module in MODULES.values()
        for item in module.imports
        if item.name.split(".")[0] not in {*sys.stdlib_module_names, *ROOMS}
    }
    unlocked = [
        f"{path} imports {name}, which no package of requirements.lock provides"
        for name, path in sorted(foreign)
        if not locked.intersection(map(spelled, provided.get(name, [])))
    ]
    expect_none(unlocked)


def test_front_end_holds_no_python() -> None:
    assert not read_modules(ROOT, ["web"])


def test_top_level_holds_nothing_else() -> None:
    listing = subprocess.run(["git", "ls-files"], cwd=ROOT, capture_output=True, text=True, check=True)
    assert {line.split("/")[0] for line in listing.stdout.splitlines()} <= TOP


@pytest.mark.parametrize(
    ("name", "source", "fault"),
    [
        ("server.domain.vote", "from server.actions import ask", "server.domain may not import server.actions"),
        ("realtime.hub.log", "import models.channel", "realtime may not import models"),
        ("config.logging", "from config.setup import web", "config may not import config.setup"),
        ("server.mail", "import json", "has no line in the table"),
        ("server.live.socket", "from redis.asyncio import Redis", "redis belongs to realtime.broker.redis"),
        ("realtime.media.room", "import aiortc\naiortc.x._start", "_start belongs to realtime.media.seams"),
        ("realtime.media.room", "from aioice.stun import _x", "aioice.stun._x belongs to realtime.media.seams"),
        ("realtime.media.room", "import aiortc\nclass A(aiortc.B): ...", "class A is built on aiortc"),
    ],
)
def test_breach_is_told(name: str, source: str, fault: str) -> None:
    module = Module(name, f"{name.replace('.', '/')}.py", source)
    faults = [*table_faults(module, MODULES | {name: module}), *home_faults(module)]
    assert [text for text in faults if fault in text]


def test_circle_is_told() -> None:
    first = Module("models.a", "models/a.py", "from models import b")
    second = Module("models.b", "models/b.py", "from models.a import Thing")
    assert cycles({"models.a": first, "models.b": second}) == [["models.a", "models.b", "models.a"]]


def expect_none(faults: Iterable[str]) -> None:
    """Fail with one line for each fault."""
    if told := "\n".join(faults):
        pytest.fail(told, pytrace=False)


def table_faults(module: Module, modules: dict[str, Module]) -> Iterator[str]:
    """A sentence for every import of ours that the table does not allow."""
    part = part_of(module.name)
    if part is None:
        yield f"{module.path} has no line in the table of tests/test_house.py"
        return
    for item in module.imports:
        target = module_of(item.name, modules)
        other = None if target is None else part_of(target)
        if other is None or other == part or other == "server":
            continue
        if not any(within(other, allowed) and other != "config.setup" for allowed in TABLE[part]):
            allowed_text = ", ".join(TABLE[part]) or "nothing of ours"
            yield f"{module.path}:{item.line} {part} may not import {other} ({item.name}), only {allowed_text}"


def home_faults(module: Module) -> Iterator[str]:
    """A sentence for every foreign thing that is used outside its one home."""
    for item in module.imports:
        for foreign, home in HOMES.items():
            if within(item.name, foreign) and module.name != home:
                yield f"{module.path}:{item.line} {foreign} belongs to {home}"
    if not within(module.name, MEDIA_SEAMS):
        yield from media_faults(module)


def media_faults(module: Module) -> Iterator[str]:
    """Private members of the media libraries, told from their imports and from uses beside them."""
    used = [item for item in module.imports if item.name.split(".")[0] in MEDIA_LIBRARIES]
    for item in used:
        if any(is_private(word) for word in item.name.split(".")):
            yield f"{module.path}:{item.line} {item.name} belongs to {MEDIA_SEAMS}"
    if not used:
        return
    for name, line in module.private_members():
        yield f"{module.path}:{line} {name} belongs to {MEDIA_SEAMS}"
    for name, base, line in module.built_on(MEDIA_LIBRARIES):
        yield f"{module.path}:{line} class {name} is built on {base}, which belongs to {MEDIA_SEAMS}"


def part_of(name: str) -> str | None:
    """The part of the house a module belongs to: the longest line of the table that holds it."""
    parts = [part for part in TABLE if within(name, part)]
    best = max(parts, key=len, default=None)
    # `server` itself is only the package; whatever lies in it has a line of its own.
    return None if best == "server" and name != "server" else best


def spelled(distribution: str) -> str:
    """A distribution's one name, whatever way it is written."""
    return re.sub(r"[-_.]+", "-", distribution).lower()


def within(name: str, part: str) -> bool:
    return name == part or name.startswith(f"{part}.")


# A question about many sessions says which it means: one of these words stands in it or just above it.
SESSIONS_ASKED = re.compile(r"(?:select|join)\(ConferenceSession\b")
MEANT = re.compile(
    r"PLANNED|STANDING|deleted_at|# every session|\bmine\b"
    r"|rehearsal_of\) ==|ConferenceSession\.id\) ==|ConferenceSession\.id\)\.in_\("
)


def test_questions_about_sessions_say_which_they_mean() -> None:
    """Deleted sessions stay as rows: who forgets them shows them (`server/queries/programme.py: PLANNED`)."""
    silent = []
    for path in sorted((ROOT / "server").rglob("*.py")):
        lines = path.read_text("utf-8").splitlines()
        for at, line in enumerate(lines):
            if SESSIONS_ASKED.search(line) and not MEANT.search("\n".join(lines[max(0, at - 3) : at + 12])):
                silent.append(f"{path.relative_to(ROOT)}:{at + 1}")
    assert silent == []
