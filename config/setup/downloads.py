"""Said before anything is fetched: what, and how much of it."""

from __future__ import annotations

from collections.abc import Iterator

from config.setup import python, web
from config.setup.places import LOCK, TEST_LOCK
from config.setup.progress import say

# Megabytes that came over the wire on Linux x86-64 with empty caches.
PYTHON_MB = 95
TEST_MB = 81
NODE_MB = 61
WEB_MB = 90


def announce(*, tests: bool, front_end: bool) -> None:
    """Tell what will be downloaded; says nothing when everything is there already."""
    missing = [*_python(tests=tests), *(_web() if front_end else ())]
    if not missing:
        return
    total = sum(size for _, size in missing)
    say(f"To be downloaded now, up to {total} MB in all (later starts download nothing):")
    for name, size in missing:
        say(f"    {name:44} {size:4} MB")
    say("")


def _python(*, tests: bool) -> Iterator[tuple[str, int]]:
    if not python.packages(LOCK).current:
        yield "Python packages (requirements.lock)", PYTHON_MB
    if tests and not python.packages(TEST_LOCK).current:
        yield "Python packages for tests", TEST_MB


def _web() -> Iterator[tuple[str, int]]:
    if not (web.system_node() or web.wheel_node()):
        yield "Node 24, as no Node >= 22.12 was found", NODE_MB
    if not web.installed().current:
        yield "web packages (web/package-lock.json)", WEB_MB
