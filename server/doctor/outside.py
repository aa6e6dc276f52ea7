"""How people come: the name, the certificate, and what the proxy lets through."""

from __future__ import annotations

import asyncio
import ipaddress
import socket
import ssl
import time
from urllib.parse import urlsplit

import httpx
import ifaddr
from websockets.asyncio.client import connect
from websockets.exceptions import WebSocketException
from websockets.typing import Origin, Subprotocol

from config.settings import LOOPBACK_NAMES, Settings
from server.doctor.finding import Finding, bad, good, unsure, warn

WAIT_S = 8.0
RENEWED_BY = 0.2  # of its life left: proxies that renew by themselves do so with a third left
DAY_S = 24 * 3600
HELD_S = 2.0
"""The first of four lines, a second apart, must come before the third."""


async def resolve(host: str) -> list[str]:
    """The IPv4 addresses of a name; media has no other."""
    found = await asyncio.get_running_loop().getaddrinfo(host, None, family=socket.AF_INET, type=socket.SOCK_DGRAM)
    return list(dict.fromkeys(str(address[0]) for *_, address in found))


def own_addresses(settings: Settings) -> set[str]:
    own = {str(ip.ip) for adapter in ifaddr.get_adapters() for ip in adapter.ips if isinstance(ip.ip, str)}
    return own | set(settings.media_addresses)


async def address(settings: Settings) -> list[Finding]:
    """Where the public name leads."""
    host = urlsplit(settings.url).hostname or ""
    if host in LOOPBACK_NAMES:
        return [warn("address", "local", url=settings.url)]
    try:
        leads = await resolve(host)
    except OSError:
        return [bad("address", "unresolved", host=host)]
    ours = [one for one in leads if one in own_addresses(settings)]
    if ours:
        return [good("address", host=host, address=ours[0])]
    if any(not ipaddress.ip_address(one).is_global for one in leads):
        return [bad("address", "elsewhere", host=host, address=leads[0])]
    return [warn("address", "foreign", host=host, address=leads[0])]


async def certificate(settings: Settings) -> list[Finding]:
    """HTTPS, and for how long. `SSL_CERT_FILE` names an authority of one's own (RFC 5280 validity)."""
    parts = urlsplit(settings.url)
    host = parts.hostname or ""
    if parts.scheme != "https":
        return [] if host in LOOPBACK_NAMES else [bad("certificate", "plain", url=settings.url)]
    try:
        async with asyncio.timeout(WAIT_S):
            _, writer = await asyncio.open_connection(host, parts.port or 443, ssl=ssl.create_default_context())
    except ssl.SSLCertVerificationError as error:
        return [bad("certificate", "untrusted", host=host, reason=error.verify_message)]
    except (OSError, TimeoutError):
        return [bad("certificate", "away", host=host, port=parts.port or 443)]
    shown = writer.get_extra_info("peercert")
    writer.close()
    begins, ends = (ssl.cert_time_to_seconds(shown[name]) for name in ("notBefore", "notAfter"))
    days = max(0, int((ends - time.time()) // DAY_S))
    late = ends - time.time() < (ends - begins) * RENEWED_BY
    return [warn("certificate", "soon", days=days) if late else good("certificate", days=days)]


async def server(settings: Settings) -> list[Finding]:
    """The server itself, past every proxy."""
    host = {"0.0.0.0": "127.0.0.1", "::": "::1"}.get(settings.host, settings.host)
    near = f"http://[{host}]:{settings.port}" if ":" in host else f"http://{host}:{settings.port}"
    return [good("server", address=near) if await _is_ours(near) else bad("server", "away", address=near)]


async def proxy(settings: Settings) -> list[Finding]:
    """The public address, as a browser uses it: a request, a socket, an answer that takes its time."""
    if not await _is_ours(settings.url):
        return [bad("proxy", "away", url=settings.url)]
    socket_passes, passes = await asyncio.gather(_socket_passes(settings.url), _passes_slowly(settings.url))
    found: list[Finding] = []
    if not socket_passes:
        found.append(bad("proxy", "socket"))
    if passes is not True:
        found.append(unsure("proxy", "cut") if passes is None else bad("proxy", "held"))
    return found or [good("proxy", url=settings.url)]


async def _is_ours(url: str) -> bool:
    try:
        async with httpx.AsyncClient(trust_env=False, timeout=WAIT_S, verify=ssl.create_default_context()) as http:
            return "loop_lag_s" in (await http.get(f"{url}/livez")).json()
    except (httpx.HTTPError, ValueError, TypeError):
        return False


async def _socket_passes(url: str) -> bool:
    """The server accepts everybody and closes then; what matters is that the handshake came through."""
    parts = urlsplit(url)
    wished = f"{'wss' if parts.scheme == 'https' else 'ws'}://{parts.netloc}/ws"
    try:
        async with connect(
            wished,
            origin=Origin(url),
            subprotocols=[Subprotocol("multaqa.1")],
            open_timeout=WAIT_S,
            proxy=None,
        ):
            return True
    except (OSError, TimeoutError, WebSocketException):
        return False


async def _passes_slowly(url: str) -> bool | None:
    """Whether what is sent bit by bit comes bit by bit; None when it did not come at all."""
    began = time.monotonic()
    try:
        async with (
            httpx.AsyncClient(trust_env=False, timeout=WAIT_S, verify=ssl.create_default_context()) as http,
            http.stream("GET", f"{url}/api/check/drip") as answer,
        ):
            if answer.status_code != 200:
                return None
            async for _ in answer.aiter_raw():
                return time.monotonic() - began < HELD_S
    except httpx.HTTPError:
        return None
    return None
