"""`make test` and `make check`: every part runs, is timed, and appears in a table at the end."""

from __future__ import annotations

import os
import subprocess
import time
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from itertools import takewhile
from pathlib import Path
from xml.etree import ElementTree

from config.setup.places import BUILD, ROOT, VENV_PYTHON, WEB
from config.setup.progress import say
from config.setup.web import Node

REPORT = BUILD / "pytest.xml"
NO_SERVICES = "not services and not browser and not media and not whole"


@dataclass(frozen=True)
class Part:
    """One command of the suite; its output goes straight to the terminal."""

    name: str
    command: Sequence[str | Path]
    cwd: Path = ROOT
    env: Mapping[str, str] | None = None


@dataclass(frozen=True)
class Outcome:
    name: str
    seconds: float
    code: int


@dataclass(frozen=True)
class Counts:
    """What pytest reported: tests, and seconds for each folder of `tests/`."""

    passed: int
    failed: int
    skipped: int
    seconds: Mapping[str, float]


def python_parts() -> list[Part]:
    return [
        Part("ruff", [VENV_PYTHON, "-m", "ruff", "check", "."]),
        Part("mypy", [VENV_PYTHON, "-m", "mypy"]),
    ]


def web_part(node: Node, script: str, name: str) -> Part:
    return Part(name, [*node.npm, "run", "--silent", script], WEB, node.env)


def pytest_part() -> Part:
    report = ["--durations=15", "--durations-min=1", f"--junit-xml={REPORT}"]
    options = [*report, "--dist=loadscope", "--no-loadscope-reorder", "-n", _workers()]
    return Part("pytest", [VENV_PYTHON, "-m", "pytest", *options])


def _workers() -> str:
    """One more than there are cores, up to four: each waits half its time for what it started."""
    return str(min(4, (os.cpu_count() or 1) + 1))


def quick_part() -> Part:
    return Part("pytest", [VENV_PYTHON, "-m", "pytest", "--quiet", "-m", NO_SERVICES])


def fuzz_part() -> Part:
    """Every test that makes up its own examples, with many times as many, and others each time.

    What strangers' bytes reach first gets a minute for each parser.
    """
    options = ["--quiet", "-m", "hypothesis or fuzz", "--hypothesis-profile=fuzz", "--timeout=3600", "--maxfail=1"]
    return Part("fuzz", [VENV_PYTHON, "-m", "pytest", *options], env={"FUZZ_SECONDS": "60", **os.environ})


def run(parts: Iterable[Part]) -> list[Outcome]:
    """Run all parts one after the other, whatever fails: one run shows everything there is to mend."""
    return [_run(part) for part in parts]


def _run(part: Part) -> Outcome:
    say(f"\n== {part.name}")
    started = time.monotonic()
    command = [str(word) for word in part.command]
    code = subprocess.run(command, cwd=part.cwd, env=part.env, check=False).returncode
    return Outcome(part.name, time.monotonic() - started, code)


def tell(outcomes: Sequence[Outcome]) -> bool:
    """Print the table of parts; True when all went well."""
    say(f"\n{'part':32} {'seconds':>8}  result")
    for outcome in outcomes:
        result = "ok" if outcome.code == 0 else f"FAILED (exit code {outcome.code})"
        say(f"{outcome.name:32} {outcome.seconds:8.1f}  {result}")
    return all(outcome.code == 0 for outcome in outcomes)


def tell_counts(counts: Counts) -> None:
    """Print pytest's seconds by folder, and as the last line its sums."""
    say("\nof pytest, by folder")
    for folder, seconds in sorted(counts.seconds.items(), key=lambda item: -item[1]):
        say(f"{folder:32} {seconds:8.1f}")
    say(f"\n{counts.passed} passed, {counts.failed} failed, {counts.skipped} skipped")


def read_counts(report: Path) -> Counts:
    """Read pytest's report; a run that wrote none counts as one failure."""
    if not report.is_file():
        return Counts(passed=0, failed=1, skipped=0, seconds={})
    cases = list(ElementTree.parse(report).getroot().iter("testcase"))
    seconds: dict[str, float] = defaultdict(float)
    for case in cases:
        seconds[_folder(case.get("classname", ""))] += float(case.get("time", "0"))
    failed = sum(1 for case in cases if case.find("failure") is not None or case.find("error") is not None)
    skipped = sum(1 for case in cases if case.find("skipped") is not None)
    return Counts(len(cases) - failed - skipped, failed, skipped, dict(seconds))


def _folder(classname: str) -> str:
    """`tests.realtime.hub.test_log` -> `tests/realtime/hub`."""
    return "/".join(takewhile(lambda word: not word.startswith("test_"), classname.split(".")))
