"""The seam to uvicorn 0.54 and websockets: every attribute our protocol classes lean on is still there."""

from __future__ import annotations

import inspect
from importlib.metadata import version

import httptools
import pytest
import uvicorn
from uvicorn.protocols.http.flow_control import FlowControl
from uvicorn.protocols.http.httptools_impl import STATUS_LINE, HttpToolsProtocol, RequestResponseCycle
from uvicorn.protocols.websockets.websockets_sansio_impl import WebSocketsSansIOProtocol
from uvicorn.server import ServerState
from websockets.protocol import State
from websockets.server import ServerProtocol

from realtime.hub.uvicorn import HubHttpProtocol, HubServer, HubWebSocketProtocol, server_config


async def no_app(scope: object, receive: object, send: object) -> None: ...


def test_uvicorn_is_the_version_the_seam_was_made_for() -> None:
    assert version("uvicorn") == "0.54.0"


@pytest.mark.parametrize(
    "method",
    [
        "connection_made",
        "connection_lost",
        "data_received",
        "handle_events",
        "handle_connect",
        "handle_close",
        "handle_cont",
        "handle_ping",
        "handle_pong",
        "handle_parser_exception",
        "pause_writing",
        "resume_writing",
        "run_asgi",
        "send_500_response",
        "send_receive_event_to_app",
        "shutdown",
    ],
)
def test_websocket_protocol_has_the_methods_we_override_or_call(method: str) -> None:
    ours, theirs = getattr(HubWebSocketProtocol, method), getattr(WebSocketsSansIOProtocol, method)
    assert list(inspect.signature(ours).parameters) == list(inspect.signature(theirs).parameters)


async def test_websocket_protocol_has_the_attributes_we_use() -> None:
    protocol = HubWebSocketProtocol(server_config(no_app), ServerState(), {})
    for name in (
        "app",
        "app_state",
        "close_sent",
        "close_timer",
        "conn",
        "connections",
        "curr_msg_data_type",
        "default_headers",
        "disconnected",
        "frames",
        "handshake_complete",
        "handshake_initiated",
        "loop",
        "queue",
        "read_paused",
        "transport",
        "writable",
    ):
        assert hasattr(protocol, name), name


def test_websockets_protocol_has_what_we_use() -> None:
    conn = ServerProtocol(max_size=1)
    assert (conn.available_extensions, conn.extensions) == (None, [])
    for name in ("data_to_send", "events_received", "fail", "receive_data", "send_close", "send_response"):
        assert callable(getattr(conn, name))
    assert (conn.parser_exc, conn.handshake_exc, conn.state) == (None, None, State.CONNECTING)


@pytest.mark.parametrize(
    "method",
    [
        "_should_upgrade",
        "_unset_keepalive_if_required",
        "connection_lost",
        "connection_made",
        "data_received",
        "handle_websocket_upgrade",
        "on_body",
        "on_headers_complete",
        "on_message_begin",
        "on_message_complete",
        "send_400_response",
    ],
)
def test_http_protocol_has_the_methods_we_override_or_call(method: str) -> None:
    ours, theirs = getattr(HubHttpProtocol, method), getattr(HttpToolsProtocol, method)
    assert list(inspect.signature(ours).parameters) == list(inspect.signature(theirs).parameters)


async def test_http_protocol_has_the_attributes_we_use() -> None:
    config = server_config(no_app)
    config.load()
    protocol = HubHttpProtocol(config, ServerState(), {})
    for name in ("cycle", "flow", "loop", "parser", "server_state", "transport"):
        assert hasattr(protocol, name), name
    cycle = inspect.signature(RequestResponseCycle).parameters
    assert {"transport", "flow", "on_response"} <= cycle.keys()
    assert "read_paused" in inspect.getsource(FlowControl)
    assert STATUS_LINE[408] == b"HTTP/1.1 408 Request Timeout\r\n"
    assert issubclass(httptools.HttpParserUpgrade, Exception)


def test_server_has_what_we_override() -> None:
    for name in ("startup", "on_tick", "shutdown", "serve", "_serve", "capture_signals"):
        assert callable(getattr(uvicorn.Server, name))
    server = HubServer(server_config(no_app))
    assert server._captured_signals == []
    assert (server.force_exit, server.started) == (False, False)


def test_production_config_has_no_deflate_of_uvicorn_and_small_messages() -> None:
    config = server_config(no_app, trusted_proxies=["10.0.0.1"])
    assert (config.ws_per_message_deflate, config.ws_max_size, config.ws_ping_interval) == (False, 65536, None)
    assert (config.proxy_headers, config.forwarded_allow_ips) == (True, ["10.0.0.1"])
    assert server_config(no_app).proxy_headers is False
