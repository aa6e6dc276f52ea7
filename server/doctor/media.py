"""Live talks: the media process, its UDP port, and the relay in front of it."""

from __future__ import annotations

import asyncio
import ipaddress
import secrets
import ssl
import time
from urllib.parse import urlsplit

from config.settings import LOOPBACK_NAMES, Settings
from realtime.media.reach import OFFER, Door, RelayRefused, door_of, relayed, straight
from server.doctor.finding import Finding, bad, good, unsure, warn
from server.doctor.outside import resolve
from server.domain import stage
from server.domain.errors import Fault
from server.domain.session import IceServer
from server.live.media import MediaClient

LIFE_S = 120
FORBIDDEN_PEER = 403  # RFC 8656 section 18.3
QUOTA = 486


async def media(settings: Settings, client: MediaClient) -> list[Finding]:
    """Everything about live talks: what comes later needs what comes before."""
    try:
        door = door_of(await client.probe(id=secrets.token_urlsafe(16), offer=OFFER))
    except Fault:
        return [bad("media", "away")]
    udp, relays = await asyncio.gather(_udp(settings, door), _relays(settings, door))
    return [good("media", port=door.port), udp, *relays]


async def _udp(settings: Settings, door: Door) -> Finding:
    """A check to the address people are told. It starts on this machine, and so proves no firewall further out."""
    host = urlsplit(settings.url).hostname or ""
    if host in LOOPBACK_NAMES:
        if await straight(door, "127.0.0.1"):
            return good("udp", "local", port=door.port)
        return bad("udp", "silent", address=host, port=door.port)
    outer = [one for one in door.addresses if ipaddress.ip_address(one).is_global]
    try:
        named = await resolve(host)
    except OSError:
        named = []
    public = [one for one in named if ipaddress.ip_address(one).is_global]
    if public and not outer:
        return bad("udp", "inside", address=public[0], told=", ".join(door.addresses))
    wanted = next((one for one in door.addresses if one in named), (outer or list(door.addresses))[0])
    if await straight(door, wanted):
        return good("udp", address=wanted, port=door.port)
    # Behind NAT many routers do not lead a packet of ours back to ourselves.
    if wanted in settings.media_addresses and any([await straight(door, one) for one in door.addresses[1:]]):
        return unsure("udp", "unseen", address=wanted, port=door.port)
    return bad("udp", "silent", address=wanted, port=door.port)


async def _relays(settings: Settings, door: Door) -> list[Finding]:
    """A real allocation by every way, and through it a check to media."""
    secret = settings.turn_secret.get_secret_value()
    servers = stage.ice_servers(settings.turn, secret, "doctor", now_s=int(time.time()), life_s=LIFE_S)
    if not servers:
        return [warn("relay", "none")]
    return list(await asyncio.gather(*(_relay(url, servers[0], door) for url in servers[0].urls)))


async def _relay(url: str, server: IceServer, door: Door) -> Finding:
    scheme, _, rest = url.partition(":")
    place, _, query = rest.partition("?")
    host, _, port = place.rpartition(":") if ":" in place else (place, "", "")
    tls = scheme == "turns"
    refused: RelayRefused | None = None
    for address in door.addresses:
        if address in LOOPBACK_NAMES:
            continue
        try:
            reached = await relayed(
                door,
                address,
                relay=(host, int(port or (5349 if tls else 3478))),
                username=server.username or "",
                credential=server.credential or "",
                transport="tcp" if tls or "transport=tcp" in query else "udp",
                tls=ssl.create_default_context() if tls else None,
            )
        except RelayRefused as error:
            refused = error
            if error.code != FORBIDDEN_PEER:
                return bad("relay", "full" if error.code == QUOTA else "refused", url=url)
        except ssl.SSLCertVerificationError as error:
            return bad("relay", "untrusted", url=url, reason=error.verify_message)
        except (OSError, TimeoutError):
            return bad("relay", "away", url=url)
        else:
            if reached:
                return good("relay", url=url)
    return bad("relay", "forbidden" if refused else "shut", url=url)
