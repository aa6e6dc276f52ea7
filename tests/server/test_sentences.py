"""What the server says: in every language, for every code."""

from __future__ import annotations

import ast
import string
from datetime import UTC, datetime
from pathlib import Path

from server import app, messages
from server.actions.letter import moment
from server.api.problem import FIELD_CODES
from server.domain.errors import Fault

ROOT = Path(app.__file__).parents[1]


def test_languages_say_the_same_things() -> None:
    ar, en = (messages.catalogue(locale) for locale in messages.LOCALES)
    assert ar.keys() == en.keys()
    for code in ar:
        assert ar[code].strip(), code
        assert places(ar[code]) == places(en[code]), code


def test_a_letter_names_a_clock_in_its_own_script() -> None:
    at = datetime(2027, 3, 1, 10, tzinfo=UTC)
    assert moment(at, "Africa/Cairo", "ar") == "يوم 1 مارس، الساعة 12:00 (بتوقيت القاهرة)"
    assert moment(at, None, "ar") == "يوم 1 مارس، الساعة 10:00 (بتوقيت غرينتش)"
    assert moment(at, "America/New_York", "en") == "on 1 March at 05:00 (New York time)"
    assert moment(at, "Asia/Ust-Nera", "ar").endswith("(بتوقيت Ust-Nera)")


def places(text: str) -> set[str]:
    return {name for _, name, _, _ in string.Formatter().parse(text) if name}


def test_every_code_has_its_sentences() -> None:
    known = messages.catalogue("en").keys()
    used = {code for path in (ROOT / "server").rglob("*.py") for code in codes_in(path)}
    assert {"not_found", "key.reused", "ice.restart_unsupported", "away.database"} <= used | known
    assert used - known == set()
    assert set(FIELD_CODES.values()) <= known


def faults() -> set[str]:
    found: set[type[Fault]] = set()
    waiting = [Fault]
    while waiting:
        kind = waiting.pop()
        found.add(kind)
        waiting += kind.__subclasses__()
    return {kind.__name__ for kind in found}


def codes_in(path: Path) -> set[str]:
    """The literal codes with which a file makes faults, names fields, and asks for sentences."""
    names, codes = faults(), set()
    for node in ast.walk(ast.parse(path.read_text("utf-8"))):
        if not isinstance(node, ast.Call):
            continue
        called = ast.unparse(node.func).rpartition(".")[2]
        if called in names or called == "Refusal":
            codes |= {node.args[0].value for _ in node.args[:1] if isinstance(node.args[0], ast.Constant)}
            for word in node.keywords:
                if word.arg == "fields" and isinstance(word.value, ast.Dict):
                    codes |= {one.value for one in word.value.values if isinstance(one, ast.Constant)}
        if called == "sentence" and len(node.args) > 1 and isinstance(node.args[1], ast.Constant):
            codes.add(node.args[1].value)
    return {str(code) for code in codes}
