"""What somebody is given to check their own network with."""

from __future__ import annotations

from pydantic import Field

from server.domain.session import IceServer
from server.domain.view import View

RELAY_LIFE_S = 120
RELAY_NAMES = 4
"""coturn counts relays by name: whoever comes without a login can hold so many times its quota, no more."""

BYTES = 1024 * 1024
"""What is fetched to judge the line: a second on 8 Mbit/s, cut off by the page on a slow one."""


class CheckStart(View):
    """The server's time in milliseconds since 1970, and a key to the relay that soon expires."""

    now_ms: int
    ice_servers: list[IceServer]


class CheckOffer(View):
    offer: str = Field(max_length=48 * 1024)


class CheckAnswer(View):
    answer: str
