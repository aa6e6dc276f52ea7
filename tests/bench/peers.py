"""The servers that are compared."""

from __future__ import annotations

import os
import shutil
import sys
from dataclasses import replace
from pathlib import Path

from config.setup.web import NODE_WHEEL, system_node
from tests.bench.compiler import program
from tests.bench.places import NODE_MODULES, NODE_SCRIPTS
from tests.bench.rig import Server

FLOOR = "C send() loop"
HUB = "Multaqa's hub"
NAIVE = "Starlette, send_text"
NODE_WS = "Node ws"
SOCKET_IO = "Socket.IO"
NODE_WS_DEFLATE = "Node ws, deflate"


def subscribe(channel: str, number: int = 1) -> str:
    return f'{{"do":"subscribe","id":{number},"channel":"{channel}","position":null}}'


def floor() -> Server:
    return Server(FLOOR, [program("floor")], subscribe=(), replies=0)


def hub() -> Server:
    return Server(
        HUB,
        [sys.executable, "-m", "tests.bench.servers.hub"],
        path="/ws",
        subprotocol="multaqa.1",
        subscribe=(subscribe("session:bench"),),
        replies=2,  # the hello and the answer
        answer='{"type":"beat"={"do":"beat"}',
    )


def naive() -> Server:
    return Server(NAIVE, [sys.executable, "-m", "tests.bench.servers.naive"], path="/ws")


def node_ws() -> Server:
    return _node(NODE_WS, "ws.cjs")


def node_ws_deflating() -> Server:
    """Compression for each connection apart, which is what `ws` offers."""
    return replace(_node(NODE_WS_DEFLATE, "ws.cjs"), arguments=("deflate",))


def socket_io() -> Server:
    """`40` joins the default namespace; the server's open packet, its answer and the reply come back."""
    path = "/socket.io/?EIO=4&transport=websocket"
    return _node(SOCKET_IO, "socketio.cjs", path=path, subscribe=("40",), replies=3, answer="2=3")


def _node(
    name: str,
    script: str,
    *,
    path: str = "/",
    subscribe: tuple[str, ...] = ('{"do":"subscribe"}',),
    replies: int = 1,
    answer: str | None = None,
) -> Server:
    env = {**os.environ, "NODE_PATH": str(NODE_MODULES), "NODE_ENV": "production"}
    return Server(name, [_node_program(), NODE_SCRIPTS / script], env, path, None, subscribe, replies, answer)


def _node_program() -> Path:
    """The Node that builds the front end."""
    system = shutil.which("node")
    return Path(system) if system and system_node() else NODE_WHEEL / "bin" / "node"
