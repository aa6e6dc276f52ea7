"""Who may send and watch on a stage, and the time-limited key to the relay for those behind closed networks."""

from __future__ import annotations

import base64
import hashlib
import hmac
from uuid import UUID

from server.domain.errors import Conflict
from server.domain.session import OPEN, IceServer

RELAY_LIFE_S = 12 * 3600  # pages ask for a new one every 3 h
RETRY_S = 5
FEEDS = {"air": "stage.watch", "backstage": "stage.backstage"}


def check_open(state: str) -> None:
    """Media flows backstage and live; before and after, WHEP answers 409 and the page asks again later."""
    if state not in OPEN:
        raise Conflict("session.closed", retry_after_s=RETRY_S)


def ice_servers(
    url: str, secret: str, who: UUID | str, *, now_s: int, life_s: int = RELAY_LIFE_S
) -> list[IceServer]:
    """TURN with credentials that expire (draft-uberti-behave-turn-rest-00, as coturn reads them).

    coturn counts the relays of one `who` together, whenever their keys were made.
    """
    urls = [part.strip() for part in url.split(",") if part.strip()]
    if not urls:
        return []
    username = f"{now_s + life_s}:{who}"
    digest = hmac.new(secret.encode(), username.encode(), hashlib.sha1).digest()
    return [IceServer(urls=urls, username=username, credential=base64.b64encode(digest).decode())]
