"""The kinds of polls: each is one file here with a `KIND`, and one component in `web/src/features/polls/kinds`.

A new file is a new kind: nothing else names them.
"""

from __future__ import annotations

from importlib import import_module
from pkgutil import iter_modules
from typing import Any

from server.domain.polls.kind import Kind

KINDS: dict[str, Kind[Any, Any]] = {}


def register(kind: Kind[Any, Any]) -> None:
    KINDS[kind.name] = kind


for _found in iter_modules(__path__):
    if _found.name != "kind":
        register(import_module(f"{__name__}.{_found.name}").KIND)
