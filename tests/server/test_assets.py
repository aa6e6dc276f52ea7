"""Built files go out as the build squeezed them, to whoever can read that."""

from __future__ import annotations

import gzip
import json
import re
from pathlib import Path

import httpx
import pytest

from server.routes.pages import Assets, preload


@pytest.fixture
def dist(tmp_path: Path) -> Path:
    (tmp_path / "page-1a.js").write_text("plain()")
    (tmp_path / "page-1a.js.br").write_bytes(b"brotli bytes")
    (tmp_path / "page-1a.js.gz").write_bytes(gzip.compress(b"plain()"))
    (tmp_path / "small.css").write_text("a{}")
    (tmp_path / "letters.woff2").write_bytes(b"font")
    return tmp_path


async def fetch(dist: Path, name: str, accepts: str) -> httpx.Response:
    transport = httpx.ASGITransport(app=Assets(directory=dist))
    async with httpx.AsyncClient(transport=transport, base_url="http://test") as client:
        async with client.stream("GET", f"/{name}", headers={"Accept-Encoding": accepts}) as answer:
            body = b"".join([part async for part in answer.aiter_raw()])
        return httpx.Response(answer.status_code, headers=dict(answer.headers) | {"x-body": body.hex()})


def told(answer: httpx.Response) -> tuple[int, str | None, str, str, bytes]:
    return (
        answer.status_code,
        answer.headers.get("content-encoding"),
        answer.headers["content-type"],
        answer.headers["cache-control"],
        bytes.fromhex(answer.headers["x-body"]),
    )


FOREVER = "public, max-age=31536000, immutable"


async def test_assets_prefer_what_saves_most(dist: Path) -> None:
    answer = await fetch(dist, "page-1a.js", "gzip, deflate, br")
    assert told(answer) == (200, "br", "text/javascript; charset=utf-8", FOREVER, b"brotli bytes")
    assert answer.headers["vary"] == "Accept-Encoding"


async def test_assets_gzip_for_plain_http(dist: Path) -> None:
    answer = await fetch(dist, "page-1a.js", "gzip, deflate")
    assert told(answer)[:2] == (200, "gzip")


@pytest.mark.parametrize(("name", "kind"), [("page-1a.js", "text/javascript"), ("small.css", "text/css")])
async def test_assets_plain_when_nothing_else_fits(dist: Path, name: str, kind: str) -> None:
    answer = await fetch(dist, name, "identity" if name.endswith(".js") else "br")
    assert answer.headers.get("content-encoding") is None
    assert answer.headers["content-type"].startswith(kind)


async def test_assets_fonts_are_never_squeezed(dist: Path) -> None:
    answer = await fetch(dist, "letters.woff2", "br, gzip")
    assert (answer.headers.get("content-encoding"), answer.headers["x-body"]) == (None, b"font".hex())


def test_shell_preloads_what_an_address_and_language_need(dist: Path) -> None:
    chunks = {
        "files": ["home.js", "stage.js", "stage.css", "core-ar.js", "chat-ar.js", "core-en.js"],
        "routes": [["^/$", [0], []], ["^/s/[^/]+$", [1, 2], ["chat"]]],
        "words": {"ar": {"core": [3], "chat": [4]}, "en": {"core": [5]}},
    }
    (dist / "chunks.json").write_text(json.dumps(chunks))
    assert [re.findall(r'href="/assets/([^"]+)"', preload(dist, path, "ar")) for path in ("/s/x", "/unknown")] == [
        ["stage.js", "stage.css", "core-ar.js", "chat-ar.js"],
        ["core-ar.js"],
    ]
