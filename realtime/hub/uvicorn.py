"""The one file that knows uvicorn's protocol classes (pinned; tests/hub/test_uvicorn_contract.py holds the seam).

A WebSocket's ASGI call ends once the hub has accepted it: from then on this protocol object hands whole messages
to the hub's connection and the hub writes ready frames to the transport, with no task and no queue in between.
Plain HTTP gets read deadlines, which uvicorn does not have, and strangers' garbage stays out of the log.
"""

import asyncio
import logging
import socket
from collections.abc import Callable, Sequence
from enum import Enum, auto
from typing import Any, Literal, cast

import httptools
import uvicorn
from uvicorn.protocols.http.httptools_impl import STATUS_LINE, HttpToolsProtocol
from uvicorn.protocols.utils import ClientDisconnected
from uvicorn.protocols.websockets.websockets_sansio_impl import WebSocketsSansIOProtocol
from uvicorn.server import ServerState
from websockets.frames import Frame
from websockets.http11 import Request
from websockets.protocol import State

from realtime.hub.admission import LINK
from realtime.hub.connection import Connection
from realtime.hub.deflate import SHARED_DEFLATE
from realtime.hub.frames import MAX_MESSAGE_BYTES

logger = logging.getLogger("multaqa.hub.wire")
_quiet = logging.getLogger("multaqa.hub.wire.strangers")
_quiet.setLevel(logging.ERROR)

# The kernel would hide about 4 MB per stalled socket before we notice (measured).
SEND_BUFFER_BYTES = 128 << 10
HIGH_WATER_BYTES = 64 << 10
CLOSE_WAIT_S = 3.0
FRAGMENTS_AT_MOST = 1024  # of one message; empty ones would cost us more than the sender
HEAD_WAIT_S = 10.0
HEAD_BYTES = 64 << 10
BODY_WINDOW_S = 10.0
BODY_WINDOW_BYTES = 10 << 10
KEEP_ALIVE_S = 65
DRAIN_S = 15


class HubWebSocketProtocol(WebSocketsSansIOProtocol):
    """A socket of the hub once `attach` was called; until then, and without it, uvicorn's ordinary one."""

    def __init__(
        self,
        config: uvicorn.Config,
        server_state: ServerState,
        app_state: dict[str, Any],
        _loop: asyncio.AbstractEventLoop | None = None,
    ) -> None:
        super().__init__(config, server_state, app_state, _loop)
        self.session: Connection | None = None
        self.hung_up = False  # nothing is read or written any more
        self.conn.logger = _quiet
        self.conn.available_extensions = [SHARED_DEFLATE]

    # What the hub calls

    @property
    def write(self) -> Callable[[bytes], None]:
        return self.transport.write

    @property
    def deflates(self) -> bool:
        return bool(self.conn.extensions)

    def unsent(self) -> int:
        return self.transport.get_write_buffer_size()

    def attach(self, session: Connection) -> None:
        """Hand over: messages that came early first, then all later ones."""
        if self.disconnected or self.close_sent or self.transport.is_closing():
            session.lost()
            return
        self.session = session
        self.transport.set_write_buffer_limits(high=HIGH_WATER_BYTES)
        while not self.queue.empty():
            event = self.queue.get_nowait()
            if event["type"] == "websocket.receive":
                text = event.get("text")
                session.received(None if text is None else text.encode())
        if self.read_paused:
            self.read_paused = False
            self.transport.resume_reading()

    def close(self, code: int, reason: str) -> None:
        """Send a close frame; the socket ends with the peer's answer, or soon without it."""
        if self.close_sent or self.transport.is_closing():
            return
        if self.conn.state is not State.OPEN:
            self.transport.close()
            return
        self.conn.send_close(code, reason)
        self._flush()
        self.close_sent = True
        self.close_timer = self.loop.call_later(CLOSE_WAIT_S, self.transport.abort)

    def _flush(self) -> None:
        self.transport.write(b"".join(self.conn.data_to_send()))

    # The handshake

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        sock = transport.get_extra_info("socket")
        if sock is not None:
            sock.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, SEND_BUFFER_BYTES)
        super().connection_made(transport)

    def data_received(self, data: bytes) -> None:
        if self.hung_up:
            return
        self.conn.receive_data(data)
        if self.conn.parser_exc is not None:
            self.handle_parser_exception()
        elif self.conn.handshake_exc is not None and not self.handshake_initiated:
            self._refuse_handshake()
        else:
            self.handle_events()

    def _refuse_handshake(self) -> None:
        """A request httptools could read and websockets cannot; uvicorn would leave it hanging."""
        self.transport.write(b"".join(self.conn.data_to_send()) or _bare_response(400))
        self.transport.close()

    def handle_connect(self, event: Request) -> None:
        super().handle_connect(event)
        if self.response.status_code == 101:
            # The task that runs the app was made but has not begun.
            cast(dict[str, Any], self.scope)["state"][LINK] = self

    async def run_asgi(self) -> None:
        """Run the app; where uvicorn would take its return for the end, an attached socket lives on."""
        try:
            await self.app(self.scope, self.receive, self.send)
        except ClientDisconnected:
            pass
        except BaseException:
            self.logger.exception("Exception in ASGI application\n")
            self.send_500_response()
        if self.session is None:
            if self.close_timer is None:
                self.transport.close()
            return
        self._drop_asgi()

    def _drop_asgi(self) -> None:
        """Let go of what only ASGI needs: more than half of an idle connection's memory."""
        del self.scope, self.request, self.response, self.queue, self.writable, self.app_state
        self.default_headers = []
        self.app = None

    # Messages

    def handle_cont(self, event: Frame) -> None:
        if self.hung_up:
            return
        if len(self.frames) < FRAGMENTS_AT_MOST:
            super().handle_cont(event)
        else:
            self._break(1009)

    def handle_ping(self) -> None:
        if self.session is None or self.session.controlled():
            super().handle_ping()

    def handle_pong(self, event: Frame) -> None:
        if self.session is not None:
            self.session.controlled()

    def send_receive_event_to_app(self) -> None:
        data = self.frames[0] if len(self.frames) == 1 else b"".join(self.frames)
        self.frames = []
        if self.close_sent:
            return
        text = self.curr_msg_data_type == "text"
        if text and not _is_utf8(data):
            self._break(1007)
        elif self.session is not None:
            self.session.received(bytes(data) if text else None)
        else:
            self._queue_for_app(bytes(data), text=text)

    def _queue_for_app(self, data: bytes, *, text: bool) -> None:
        if text:
            self.queue.put_nowait({"type": "websocket.receive", "text": data.decode()})
        else:
            self.queue.put_nowait({"type": "websocket.receive", "bytes": data})
        if not self.read_paused:
            self.read_paused = True
            self.transport.pause_reading()

    def pause_writing(self) -> None:
        if self.session is None:
            super().pause_writing()
        else:
            self.session.paused()

    def resume_writing(self) -> None:
        if self.session is None:
            super().resume_writing()
        else:
            self.session.resumed()

    # The end

    def _break(self, code: int) -> None:
        """End a connection over what websockets would have let pass."""
        self.conn.fail(code, "")
        self.handle_parser_exception()

    def handle_parser_exception(self) -> None:
        """The peer broke the WebSocket protocol: websockets has chosen the close code."""
        if self.session is not None:
            self.session.lost()
        elif hasattr(self, "queue"):
            self.queue.put_nowait({"type": "websocket.disconnect", "code": 1006})
        self._hang_up()

    def handle_close(self, event: Frame) -> None:
        if self.session is None or self.close_sent:
            super().handle_close(event)
            return
        self.session.lost()
        self._hang_up()

    def _hang_up(self) -> None:
        """Send what is left and our end, and let the peer end next.

        To close at once with something still unread would reset the connection, and the peer might never see the
        close code (RFC 6455 7.1.1).
        """
        self.hung_up = self.close_sent = True
        if self.transport.is_closing():
            return
        self._flush()
        self.transport.write_eof()
        if self.close_timer is None:
            self.close_timer = self.loop.call_later(CLOSE_WAIT_S, self.transport.abort)

    def connection_lost(self, exc: Exception | None) -> None:
        if self.session is None:
            super().connection_lost(exc)
            return
        self.connections.discard(self)
        self.disconnected = True
        if self.close_timer is not None:
            self.close_timer.cancel()
            self.close_timer = None
        self.session.lost()
        if exc is None:
            self.transport.close()

    def shutdown(self) -> None:
        """The server stops: an attached peer is told when to come back."""
        if self.session is None:
            super().shutdown()
        elif not self.close_sent:
            self.session.restarting()


def _is_utf8(data: bytes) -> bool:
    try:
        data.decode()
    except UnicodeDecodeError:
        return False
    return True


class _Reading(Enum):
    """What we wait for a client to send."""

    HEAD = auto()
    BODY = auto()
    NOTHING = auto()


class HubServerState(ServerState):
    def __init__(self) -> None:
        super().__init__()
        self.readers: set[HubHttpProtocol] = set()
        self.garbage = 0  # requests that were not HTTP
        self.late = 0  # requests that did not arrive in time


class HubHttpProtocol(HttpToolsProtocol):
    """uvicorn's HTTP with deadlines: a head within seconds, a body that keeps moving."""

    server_state: HubServerState

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]  # as uvicorn's own
        super().connection_made(transport)
        self.head_bytes = 0
        self._await(_Reading.HEAD)
        self.server_state.readers.add(self)

    def connection_lost(self, exc: Exception | None) -> None:
        self.server_state.readers.discard(self)
        super().connection_lost(exc)

    def data_received(self, data: bytes) -> None:
        self._unset_keepalive_if_required()
        if self.reading is _Reading.HEAD:
            self.head_bytes += len(data)
        try:
            self.parser.feed_data(data)
        except httptools.HttpParserUpgrade as upgrade:
            if self._should_upgrade():
                self.server_state.readers.discard(self)
                self.handle_websocket_upgrade()
                self._pass_on(data[upgrade.args[0] :])
        except httptools.HttpParserError:
            self.server_state.garbage += 1
            self.send_400_response("Invalid HTTP request received.")
        else:
            if self.reading is _Reading.HEAD and self.head_bytes > HEAD_BYTES:
                self.server_state.garbage += 1
                self._refuse(431)

    def _pass_on(self, rest: bytes) -> None:
        """Bytes right behind the handshake, which uvicorn would lose."""
        if rest and not self.transport.is_closing():
            cast(asyncio.Protocol, self.transport.get_protocol()).data_received(rest)

    def on_message_begin(self) -> None:
        super().on_message_begin()
        self._await(_Reading.HEAD)

    def on_headers_complete(self) -> None:
        super().on_headers_complete()
        self.head_bytes = 0
        self._await(_Reading.BODY)

    def on_body(self, body: bytes) -> None:
        super().on_body(body)
        self.body_bytes += len(body)

    def on_message_complete(self) -> None:
        super().on_message_complete()
        self._await(_Reading.NOTHING)

    def _await(self, reading: _Reading) -> None:
        self.reading = reading
        self.reading_since = self.loop.time()
        self.body_bytes = 0

    def check_deadline(self, now: float) -> None:
        """Called every second: end the connection of a client that sends too little for too long."""
        waited = now - self.reading_since
        if self.reading is _Reading.HEAD and waited > HEAD_WAIT_S:
            self._refuse_late()
        elif self.reading is _Reading.BODY and self.flow.read_paused:
            self._await(_Reading.BODY)  # we are slow, not the client
        elif self.reading is _Reading.BODY and waited > BODY_WINDOW_S:
            if self.body_bytes < BODY_WINDOW_BYTES:
                self._refuse_late()
            else:
                self._await(_Reading.BODY)

    def _refuse_late(self) -> None:
        self.server_state.late += 1
        self._refuse(408)

    def _refuse(self, status: int) -> None:
        self.server_state.readers.discard(self)
        if self.transport.is_closing():
            return
        if self.cycle is None or self.cycle.response_complete or not self.cycle.response_started:
            self.transport.write(_bare_response(status))
        self.transport.close()


def _bare_response(status: int) -> bytes:
    return STATUS_LINE[status] + b"content-length: 0\r\nconnection: close\r\n\r\n"


class HubServer(uvicorn.Server):
    """uvicorn's server that enforces the deadlines and drains: SIGTERM ends in exit code 0.

    In order: `on_drain` (readiness off), `notice_s` more of normal service for a load balancer to notice, then no
    new connections, sockets sent away with 1012, running requests finished within the drain time, lifespan end.
    """

    server_state: HubServerState

    def __init__(
        self, config: uvicorn.Config, *, on_drain: Callable[[], None] | None = None, notice_s: float = 0.0
    ) -> None:
        super().__init__(config)
        self.server_state = HubServerState()
        self.serving = asyncio.Event()  # set once connections are accepted
        self._on_drain = on_drain
        self._notice_s = notice_s

    async def serve(self, sockets: list[socket.socket] | None = None) -> None:
        with self.capture_signals():
            await self._serve(sockets)
            self._captured_signals.clear()  # uvicorn would raise them again and die by signal

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        await super().startup(sockets)
        if self.started:
            self.serving.set()

    async def on_tick(self, counter: int) -> bool:
        if counter % 10 == 0:  # uvicorn ticks ten times a second
            now = asyncio.get_running_loop().time()
            for reader in list(self.server_state.readers):
                reader.check_deadline(now)
        return await super().on_tick(counter)

    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
        if self._on_drain is not None:
            self._on_drain()
        if self._notice_s and not self.force_exit:
            await asyncio.sleep(self._notice_s)
        await super().shutdown(sockets)


def server_config(
    app: Any,
    *,
    host: str = "127.0.0.1",
    port: int = 8000,
    uds: str | None = None,
    fd: int | None = None,
    trusted_proxies: Sequence[str] = (),
    drain_s: int = DRAIN_S,
    lifespan: Literal["auto", "on", "off"] = "on",
) -> uvicorn.Config:
    """How every server process of Multaqa runs uvicorn; logging is left as the process has set it."""
    return uvicorn.Config(
        app,
        host=host,
        port=port,
        uds=uds,
        fd=fd,
        loop="uvloop",
        http=HubHttpProtocol,
        ws=HubWebSocketProtocol,
        ws_max_size=MAX_MESSAGE_BYTES,
        ws_per_message_deflate=False,  # one compressor a connection (measured: 34 KB each); see deflate.py
        ws_ping_interval=None,  # the hub's beat does it, without a timer per connection
        lifespan=lifespan,
        log_config=None,
        access_log=False,
        server_header=False,
        proxy_headers=bool(trusted_proxies),
        forwarded_allow_ips=list(trusted_proxies),
        backlog=4096,
        timeout_keep_alive=KEEP_ALIVE_S,
        timeout_graceful_shutdown=drain_s,
    )
