"""`file:` secrets: made once, kept private, the same for everybody."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from config.secrets import resolve


def test_plain_secret_is_itself() -> None:
    assert resolve("swordfish") == "swordfish"


def test_missing_file_is_made_and_read_again(tmp_path: Path) -> None:
    value = f"file:{tmp_path / 'deep' / 'turn'}"
    first = resolve(value)
    assert len(first) >= 43
    assert resolve(value) == first
    assert (tmp_path / "deep" / "turn").stat().st_mode & 0o777 == 0o600
    assert [file.name for file in (tmp_path / "deep").iterdir()] == ["turn"]


def test_file_of_an_operator_is_taken_as_it_is(tmp_path: Path) -> None:
    (tmp_path / "mine").write_text("of my own\n")
    assert resolve(f"file:{tmp_path / 'mine'}") == "of my own"


def test_starts_at_the_same_moment_agree(tmp_path: Path) -> None:
    for round_number in range(20):
        value = f"file:{tmp_path / str(round_number)}"
        with ThreadPoolExecutor(1) as other:
            answer = other.submit(resolve, value)
            assert resolve(value) == answer.result()
