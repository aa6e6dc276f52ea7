"""The set-up behind `make`: does a thing once, says what is missing, counts honestly."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from config.setup import debian, downloads, python, suite, web
from config.setup.places import LOCK, NODE_LOCK, ROOT, TEST_LOCK, SetupFault, Stamp, digest
from config.setup.progress import step

REPORT = """<testsuites><testsuite>
<testcase classname="tests.hub.test_log" name="a" time="1.5" />
<testcase classname="tests.hub.test_log" name="b" time="0.5"><failure>no</failure></testcase>
<testcase classname="tests.test_house" name="c" time="0.5"><skipped /></testcase>
<testcase classname="tests.test_house.TestX" name="d" time="0.25"><error>no</error></testcase>
</testsuite></testsuites>"""


def test_stamp_is_current_until_an_input_changes(tmp_path: Path) -> None:
    stamp = Stamp(tmp_path / "deep" / "stamp", digest([LOCK], "3.11.2"))
    assert not stamp.current
    stamp.write()
    assert stamp.current
    assert not Stamp(stamp.path, digest([LOCK], "3.11.3")).current
    assert not Stamp(stamp.path, digest([TEST_LOCK], "3.11.2")).current


@pytest.mark.parametrize("lock", [LOCK, TEST_LOCK, NODE_LOCK])
def test_locks_carry_hashes_and_name_no_index(lock: Path) -> None:
    text = lock.read_text()
    pins = [line for line in text.splitlines() if line[:1].isalnum()]
    assert pins
    assert all("==" in pin and pin.endswith("\\") for pin in pins)
    assert "://" not in text
    assert "--index-url" not in text


def test_tests_run_on_the_versions_that_are_served() -> None:
    served, tested = (
        {line.split(" ")[0] for line in lock.read_text().splitlines() if line[:1].isalnum()}
        for lock in (LOCK, TEST_LOCK)
    )
    assert served <= tested


def test_failing_step_shows_its_output(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SetupFault, match="exit code 3"):
        step("Trying", [sys.executable, "-c", "print('no room left'); raise SystemExit(3)"])
    assert "no room left" in capsys.readouterr().out


@pytest.mark.parametrize(
    ("modules", "expected"),
    [
        ({"venv", "ensurepip", "pip"}, ["-m", "venv"]),
        ({"venv", "pip"}, ["-m", "venv", "--without-pip"]),
        ({"virtualenv", "pip"}, ["-m", "virtualenv"]),
        ({"venv", "virtualenv"}, ["-m", "virtualenv"]),
    ],
)
def test_environment_is_made_with_what_is_there(
    modules: set[str], expected: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(python, "_has", modules.__contains__)
    assert python._maker()[1:-1] == expected


def test_missing_venv_package_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(python, "_has", {"venv"}.__contains__)
    monkeypatch.setattr(debian, "_may_install", lambda: False)
    name = f"python{sys.version_info[0]}.{sys.version_info[1]}-venv"
    with pytest.raises(SetupFault, match=f"sudo apt-get install --no-install-recommends {name}"):
        python._maker()


def test_downloads_are_told_first_and_only_when_there_are_any(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    missing = Stamp(tmp_path / "none", "")
    monkeypatch.setattr(python, "packages", lambda lock: missing)
    monkeypatch.setattr(web, "installed", lambda: missing)
    monkeypatch.setattr(web, "system_node", lambda: None)
    monkeypatch.setattr(web, "wheel_node", lambda: None)
    downloads.announce(tests=False, front_end=True)
    told = capsys.readouterr().out
    assert "Node 24" in told
    assert str(downloads.PYTHON_MB + downloads.NODE_MB + downloads.WEB_MB) in told
    monkeypatch.setattr(python, "packages", lambda lock: _written(missing))
    downloads.announce(tests=True, front_end=False)
    assert capsys.readouterr().out == ""


@pytest.mark.parametrize(
    ("text", "enough"),
    [("v22.12.0\n", True), ("v24.1.3", True), ("v22.9.0", False), ("v20.20.2", False), ("", False)],
)
def test_node_is_judged_by_its_version(text: str, enough: bool) -> None:
    assert (web._version(text) >= web.NEEDED) is enough


def test_broken_npm_is_passed_by(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """A link to npm whose files are gone is found on the path, and fails."""
    own = tmp_path / "lib" / "node_modules" / "npm" / "bin" / "npm-cli.js"
    own.parent.mkdir(parents=True)
    own.touch()
    (tmp_path / "bin").mkdir()
    for name, script in (("node", "echo v24.1.0"), ("npm", "exit 1")):
        program = tmp_path / "bin" / name
        program.write_text(f"#!/bin/sh\n{script}\n")
        program.chmod(0o755)
    monkeypatch.setenv("PATH", str(tmp_path / "bin"))
    web.system_node.cache_clear()
    try:
        node = web.system_node()
        assert node is not None
        assert node.npm == (str(tmp_path / "bin" / "node"), str(own))
        own.unlink()
        web.system_node.cache_clear()
        assert web.system_node() is None
    finally:
        web.system_node.cache_clear()


def test_counts_come_from_the_report(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    report = tmp_path / "pytest.xml"
    report.write_text(REPORT)
    counts = suite.read_counts(report)
    assert counts == suite.Counts(1, 2, 1, {"tests/hub": 2.0, "tests": 0.75})
    suite.tell_counts(counts)
    assert capsys.readouterr().out.splitlines()[-1] == "1 passed, 2 failed, 1 skipped"


def test_run_without_a_report_is_a_failure(tmp_path: Path) -> None:
    assert suite.read_counts(tmp_path / "none.xml").failed == 1


def test_all_parts_run_whatever_fails(capsys: pytest.CaptureFixture[str]) -> None:
    parts = [
        suite.Part(name, [sys.executable, "-c", f"raise SystemExit({code})"])
        for name, code in (("a", 2), ("b", 0))
    ]
    outcomes = suite.run(parts)
    assert [(outcome.name, outcome.code) for outcome in outcomes] == [("a", 2), ("b", 0)]
    assert not suite.tell(outcomes)
    assert "FAILED (exit code 2)" in capsys.readouterr().out


def test_make_says_which_python_is_needed() -> None:
    answer = subprocess.run(["make", "quick", "PYTHON="], cwd=ROOT, capture_output=True, text=True, check=False)
    assert answer.returncode != 0
    assert "Multaqa needs Python 3.11 or newer" in answer.stdout


def _written(stamp: Stamp) -> Stamp:
    stamp.write()
    return stamp
