"""Janus from the Debian package, its streaming plugin fed by plain RTP, driven over its Unix socket."""

from __future__ import annotations

import asyncio
import itertools
import json
import socket
from pathlib import Path
from typing import Any

from tests.bench.media import sdp
from tests.bench.media.peer import Peer, read_remote
from tests.bench.media.source import Send, Source
from tests.support.processes import free_port

_KEPT = {
    "plugins": ("libjanus_streaming.so",),
    "transports": ("libjanus_pfunix.so",),
}
_LIBRARIES = "/usr/lib/x86_64-linux-gnu/janus"
_KEEPALIVE_S = 20.0


class Janus:
    """`loops`: event loops shared by all viewers; None is the default, a thread for each viewer."""

    ready = r"Unix Sockets server started|Joining Janus requests|Creating new.*Unix|Setup of MBUF|Streaming plugin"

    def __init__(self, folder: Path, host: str, *, loops: int | None) -> None:
        self.name = "Janus" if loops is None else f"Janus, event_loops={loops}"
        self._folder = folder
        self._host = host
        self._path = folder / "janus.sock"
        self._ports = (free_port(socket.SOCK_DGRAM), free_port(socket.SOCK_DGRAM))
        self._transactions = itertools.count()
        self._replies: dict[str, asyncio.Future[dict[str, Any]]] = {}
        self._offers: dict[int, asyncio.Future[str]] = {}
        self._session = 0
        self._api: socket.socket | None = None
        self._feeding: socket.socket | None = None
        self._keeping: asyncio.Task[None] | None = None
        self._configure(loops)

    def _configure(self, loops: int | None) -> None:
        several = f"event_loops = {loops}" if loops else ""
        libraries = Path(_LIBRARIES)
        disabled = {
            kind: ",".join(sorted(file.name for file in (libraries / kind).glob("*.so") if file.name not in kept))
            for kind, kept in _KEPT.items()
        }
        (self._folder / "janus.jcfg").write_text(
            f'general: {{ configs_folder = "{self._folder}"; plugins_folder = "{_LIBRARIES}/plugins"; '
            f'transports_folder = "{_LIBRARIES}/transports"; debug_level = 4; {several} }}\n'
            "media: { ipv6 = false }\n"
            'nat: { nice_debug = false; ice_ignore_list = "vmnet" }\n'
            f'plugins: {{ disable = "{disabled["plugins"]}" }}\n'
            f'transports: {{ disable = "{disabled["transports"]}" }}\n'
        )
        (self._folder / "janus.transport.pfunix.jcfg").write_text(
            f'general: {{ enabled = true; json = "compact"; path = "{self._path}"; type = "SOCK_SEQPACKET" }}\n'
            "admin: { admin_enabled = false }\n"
        )
        audio, video = self._ports
        (self._folder / "janus.plugin.streaming.jcfg").write_text(
            'talk: { type = "rtp"; id = 1; audio = true; video = true; '
            f'audioport = {audio}; audiopt = {sdp.OPUS}; audiocodec = "opus"; '
            f'videoport = {video}; videopt = {sdp.H264}; videocodec = "h264"; '
            'videofmtp = "level-asymmetry-allowed=1;packetization-mode=1;profile-level-id=42e01f" }\n'
        )

    def command(self) -> list[str]:
        return ["janus", "-F", str(self._folder)]

    async def open(self) -> Source:
        self._api = socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        for _ in range(100):
            try:
                self._api.connect(str(self._path))
                break
            except (FileNotFoundError, ConnectionRefusedError):
                await asyncio.sleep(0.05)
        self._api.setblocking(False)
        asyncio.get_running_loop().add_reader(self._api.fileno(), self._readable)
        self._session = (await self._ask({"janus": "create"}))["data"]["id"]
        self._keeping = asyncio.create_task(self._keep())
        feeding = self._feeding = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        audio, video = self._ports

        def feed(port: int) -> Send:
            def send(plain: bytes) -> None:
                feeding.sendto(plain, ("127.0.0.1", port))

            return send

        return Source(feed(video), feed(audio))

    async def join(self) -> Peer:
        handle = (await self._ask({"janus": "attach", "plugin": "janus.plugin.streaming"}))["data"]["id"]
        self._offers[handle] = asyncio.get_running_loop().create_future()
        await self._ask({"janus": "message", "handle_id": handle, "body": {"request": "watch", "id": 1}})
        async with asyncio.timeout(20):
            offer = await self._offers[handle]
        peer = Peer(self._host, controlling=False)
        remote = read_remote(offer, self._host)
        jsep = {"type": "answer", "sdp": sdp.answer(peer, offer, self._host)}
        await self._ask({"janus": "message", "handle_id": handle, "body": {"request": "start"}, "jsep": jsep})
        await peer.connect(remote)
        return peer

    async def _ask(self, request: dict[str, Any]) -> dict[str, Any]:
        transaction = str(next(self._transactions))
        reply = self._replies[transaction] = asyncio.get_running_loop().create_future()
        session = {"session_id": self._session} if self._session else {}
        assert self._api is not None
        self._api.send(json.dumps(request | session | {"transaction": transaction}).encode())
        async with asyncio.timeout(20):
            answer: dict[str, Any] = await reply
        if answer["janus"] == "error":
            raise RuntimeError(f"Janus refused: {answer}")
        return answer

    def _readable(self) -> None:
        assert self._api is not None
        try:
            raw = self._api.recv(1 << 20)
        except BlockingIOError:
            return
        if not raw:
            asyncio.get_running_loop().remove_reader(self._api.fileno())
            return
        told = json.loads(raw)
        if "jsep" in told and told["jsep"]["type"] == "offer":
            self._offers[told["sender"]].set_result(told["jsep"]["sdp"])
        elif told["janus"] in ("success", "ack", "error"):
            reply = self._replies.pop(told.get("transaction", ""), None)
            if reply is not None:
                reply.set_result(told)

    async def _keep(self) -> None:
        while True:
            await asyncio.sleep(_KEEPALIVE_S)
            await self._ask({"janus": "keepalive"})

    async def close(self) -> None:
        if self._keeping is not None:
            self._keeping.cancel()
        if self._api is not None:
            asyncio.get_running_loop().remove_reader(self._api.fileno())
            self._api.close()
        if self._feeding is not None:
            self._feeding.close()
