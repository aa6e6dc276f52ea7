"""The front end is compiled against the shapes this server really answers with."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from server.api.openapi import openapi
from tests.support.app import Server

pytestmark = pytest.mark.asyncio(loop_scope="module")

ROOT = Path(__file__).parents[2]
KEPT = ROOT / "web/src/net/openapi.json"
FRESH = ROOT / "build/openapi.json"


def shapes(document: dict[str, Any]) -> str:
    """Only the shapes, in one order: what TypeScript needs, and little to read in a change."""
    kept = {
        "openapi": document["openapi"],
        "info": {"title": document["info"]["title"], "version": ""},
        "paths": {},
        "components": {"schemas": document["components"]["schemas"]},
    }
    return json.dumps(kept, indent=1, sort_keys=True, ensure_ascii=False) + "\n"


async def test_web_shapes_are_those_of_the_endpoints(server: Server) -> None:
    fresh = shapes(openapi(server.assembled.endpoints, version=""))
    if KEPT.read_text("utf-8") != fresh:
        FRESH.parent.mkdir(exist_ok=True)
        FRESH.write_text(fresh, "utf-8")
        pytest.fail(f"copy {FRESH} to {KEPT}, then run `npm run types` and `npm run check` in web/")
