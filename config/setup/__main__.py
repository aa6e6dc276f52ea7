"""`python3 -m config.setup COMMAND`, called by the Makefile with any Python from 3.11 on."""

from __future__ import annotations

import contextlib
import fcntl
import os
import sys
import time
from collections.abc import Callable, Iterator

from config.setup import bench as peers
from config.setup import debian, downloads, locks, python, reload, suite, web
from config.setup.places import BUILD, LOCK, TEST_LOCK, SetupFault
from config.setup.progress import say


def run() -> None:
    """Everything a fresh machine needs, then the demo."""
    with _alone():
        _prepare_demo()
    python.start("-m", "server", "demo")


def dev() -> None:
    """The demo, which starts again when a source changes."""
    with _alone():
        _prepare_demo()
        node = web.ensure_packages()
    reload.watch(node)


def test() -> None:
    """All checks and all tests, with real services and a real browser."""
    started = time.monotonic()
    with _alone():
        debian.install_for_tests()
        node = _prepare_tests()
        web.ensure_built()
    suite.REPORT.unlink(missing_ok=True)
    outcomes = [suite.Outcome("set-up", time.monotonic() - started, 0)]
    outcomes += suite.run(
        [
            *suite.python_parts(),
            suite.web_part(node, "check", "svelte-check"),
            suite.web_part(node, "test", "vitest"),
            suite.web_part(node, "budget", "budget"),
            suite.pytest_part(),
        ]
    )
    passed = suite.tell(outcomes)
    suite.tell_counts(suite.read_counts(suite.REPORT))
    sys.exit(0 if passed else 1)


def quick() -> None:
    """The tests that need nothing but Python."""
    with _alone():
        downloads.announce(tests=True, front_end=False)
        python.install(LOCK)
        python.install(TEST_LOCK)
    (outcome,) = suite.run([suite.quick_part()])
    sys.exit(outcome.code)


def check() -> None:
    """Style and types of both languages, without running anything."""
    with _alone():
        node = _prepare_tests()
    passed = suite.tell(suite.run([*suite.python_parts(), suite.web_part(node, "check", "svelte-check")]))
    sys.exit(0 if passed else 1)


def bench() -> None:
    """The design's figures, measured beside their peers; BENCH=short for a quick look, PART=hub for one part."""
    with _alone():
        downloads.announce(tests=True, front_end=not web.is_built())
        python.install(LOCK)
        python.install(TEST_LOCK)
        peers.ensure_peers()
        web.ensure_built()
    python.start("-m", "tests.bench", *os.environ.get("PART", "").split())


def chaos() -> None:
    """Faults under load on each kind of database; everything promised is compared at the end."""
    with _alone():
        debian.install_for_tests()
        downloads.announce(tests=True, front_end=False)
        python.install(LOCK)
        python.install(TEST_LOCK)
    python.start("-m", "tests.chaos", *os.environ.get("CHAOS", "").split())


def fuzz() -> None:
    """The tests that make up their own examples, again and again for FUZZ minutes (10), or until one fails."""
    with _alone():
        debian.install_for_tests()
        downloads.announce(tests=True, front_end=False)
        python.install(LOCK)
        python.install(TEST_LOCK)
    until = time.monotonic() + 60 * float(os.environ.get("FUZZ", "10"))
    code = 0
    while code == 0 and time.monotonic() < until:
        (outcome,) = suite.run([suite.fuzz_part()])
        code = outcome.code
    sys.exit(code)


def screenshots() -> None:
    """The pages of the demo as pictures, for the README and for whoever changes them."""
    with _alone():
        debian.install_for_tests()
        _prepare_tests()
        web.ensure_built()
    python.start("-m", "tests.e2e.screenshots")


def lock() -> None:
    """Renew the locks after a change of pyproject.toml."""
    with _alone():
        locks.renew()


COMMANDS: dict[str, Callable[[], None]] = {
    command.__name__: command for command in (run, dev, test, quick, check, bench, chaos, fuzz, screenshots, lock)
}


def _prepare_demo() -> None:
    downloads.announce(tests=False, front_end=not web.is_built())
    python.install(LOCK)
    web.ensure_built()


def _prepare_tests() -> web.Node:
    downloads.announce(tests=True, front_end=True)
    python.install(LOCK)
    python.install(TEST_LOCK)
    return web.ensure_packages()


@contextlib.contextmanager
def _alone() -> Iterator[None]:
    """One set-up at a time in a checkout; a second one waits for the first."""
    BUILD.mkdir(exist_ok=True)
    with (BUILD / "setup.lock").open("w") as file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            say("Another set-up is at work in this checkout; waiting for it.")
            fcntl.flock(file, fcntl.LOCK_EX)
        yield


def main() -> None:
    try:
        COMMANDS[sys.argv[1]]()
    except SetupFault as fault:
        say(f"\n{fault}")
        sys.exit(1)
    except KeyboardInterrupt:
        say("\nStopped.")
        sys.exit(130)


if __name__ == "__main__":
    main()
