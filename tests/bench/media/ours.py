"""The media process, told what to do over its control link as the server would."""

from __future__ import annotations

import asyncio
import itertools
from pathlib import Path

import httpx

from tests.bench.media import sdp
from tests.bench.media.peer import Peer, read_remote
from tests.bench.media.source import Source

ROOM = "talk"


class Ours:
    """`code` is what starts it on its core."""

    name = "Multaqa"

    def __init__(self, folder: Path, host: str) -> None:
        self._socket = folder / "media.sock"
        self._host = host
        self._http = httpx.AsyncClient(
            transport=httpx.AsyncHTTPTransport(uds=str(self._socket)), base_url="http://media", timeout=30
        )
        self._numbers = itertools.count()
        self._publisher: Peer | None = None

    def command(self) -> list[str]:
        code = (
            "from pathlib import Path\nimport sys\nfrom realtime.media.process import run\n"
            "import logging\nlogging.basicConfig(level=logging.INFO)\n"
            "run(socket_path=Path(sys.argv[1]), udp_port=0)"
        )
        return ["-c", code, str(self._socket)]

    ready = r"media is ready on UDP port (\d+)"

    async def open(self) -> Source:
        """Open the stage with a publisher on air."""
        wish = {"revision": 1, "open": True, "on_air": "all"}
        (await self._http.put(f"/rooms/{ROOM}", json=wish)).raise_for_status()
        self._publisher = await self._negotiated("publishers", "sendonly", {"label": "camera"})
        return Source(self._publisher.send_rtp, self._publisher.send_rtp)

    async def join(self) -> Peer:
        return await self._negotiated("viewers", "recvonly", {"feed": "air"})

    async def _negotiated(self, kind: str, direction: str, more: dict[str, str]) -> Peer:
        peer = Peer(self._host, controlling=True)
        number = next(self._numbers)
        body = {"id": f"{number}", "owner": f"person{number}/login", "offer": sdp.offer(peer, direction)} | more
        answered = await self._http.post(f"/rooms/{ROOM}/{kind}", json=body)
        while answered.status_code == 503:  # joins are admitted at a measured rate
            await asyncio.sleep(0.3)
            answered = await self._http.post(f"/rooms/{ROOM}/{kind}", json=body)
        answered.raise_for_status()
        await peer.connect(read_remote(answered.json()["answer"], self._host))
        return peer

    async def close(self) -> None:
        if self._publisher is not None:
            await self._publisher.close()
        await self._http.aclose()
