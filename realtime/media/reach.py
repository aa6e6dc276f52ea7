"""Asking as a peer would whether media answers, straight or through a relay: for `multaqa doctor` alone."""

from __future__ import annotations

import asyncio
import re
import ssl
from collections.abc import Callable
from dataclasses import dataclass
from typing import Protocol

from aioice import stun, turn

from .port import Address

OFFER = "\r\n".join(
    [
        *("v=0", "o=- 1 1 IN IP4 127.0.0.1", "s=-", "t=0 0"),
        "a=fingerprint:sha-256 " + ":".join(["00"] * 32),
        *("a=ice-ufrag:doctor", "a=ice-pwd:thedoctorsknockonthedoor", "a=setup:active"),
        *("m=audio 9 UDP/TLS/RTP/SAVPF 111", "c=IN IP4 0.0.0.0", "a=mid:0", "a=recvonly", "a=rtcp-mux"),
        *("a=rtpmap:111 opus/48000/2", ""),
    ]
)
"""What a probe is asked for with: only its connectivity checks are used."""

_ANSWER_S = 3.0
_AGAIN_S = 0.5
_CANDIDATE = re.compile(r"^a=candidate:\S+ 1 udp \d+ (\S+) (\d+) ", re.MULTILINE)


class RelayRefused(Exception):
    """The relay answered, and would not have us; `code` is of RFC 8656 section 18.3."""

    def __init__(self, code: int) -> None:
        super().__init__(f"refused with {code}")
        self.code = code


@dataclass(frozen=True)
class Door:
    """What an answer says of media: where it is, and how a check is signed."""

    addresses: tuple[str, ...]
    port: int
    ufrag: str
    password: str


def door_of(answer: str) -> Door:
    found = _CANDIDATE.findall(answer)
    return Door(
        addresses=tuple(address for address, _ in found),
        port=int(found[0][1]),
        ufrag=_value(answer, "ice-ufrag"),
        password=_value(answer, "ice-pwd"),
    )


def _value(answer: str, name: str) -> str:
    return next(line.partition(":")[2] for line in answer.splitlines() if line.startswith(f"a={name}:"))


class _Way(Protocol):
    """What carries datagrams: a socket, or an allocation of a relay."""

    def sendto(self, data: bytes, addr: Address) -> None: ...

    def close(self) -> None: ...


class _Ear(asyncio.DatagramProtocol):
    def __init__(self) -> None:
        self.heard: asyncio.Queue[bytes | Exception] = asyncio.Queue()

    def datagram_received(self, data: bytes, addr: object) -> None:
        self.heard.put_nowait(data)

    def error_received(self, exc: Exception) -> None:
        self.heard.put_nowait(exc)


async def straight(door: Door, address: str) -> bool:
    """Whether a signed check to media at this address is answered."""
    way, ear = await asyncio.get_running_loop().create_datagram_endpoint(_Ear, local_addr=("0.0.0.0", 0))
    return await _answers(way, ear, door, address)


async def relayed(
    door: Door,
    address: str,
    *,
    relay: Address,
    username: str,
    credential: str,
    transport: str,
    tls: ssl.SSLContext | None,
) -> bool:
    """Whether a relay takes us, and leads to media at this address.

    Raises RelayRefused when it will not, OSError and TimeoutError when it does not answer.
    """
    try:
        async with asyncio.timeout(_ANSWER_S):
            way, ear = await turn.create_turn_endpoint(
                _Ear, relay, username, credential, lifetime=60, ssl=tls, transport=transport
            )
    except stun.TransactionFailed as error:
        raise RelayRefused(error.response.error_code or 0) from None
    except stun.TransactionTimeout as error:
        raise TimeoutError from error
    return await _answers(way, ear, door, address)


async def _answers(way: _Way, ear: _Ear, door: Door, address: str) -> bool:
    check = stun.Message(message_method=stun.Method.BINDING, message_class=stun.Class.REQUEST)
    check.attributes["USERNAME"] = f"{door.ufrag}:doctor"
    check.attributes["PRIORITY"] = 1
    check.attributes["ICE-CONTROLLING"] = 1
    check.add_message_integrity(door.password.encode())
    sending = asyncio.create_task(_keep_sending(lambda: way.sendto(bytes(check), (address, door.port))))
    try:
        async with asyncio.timeout(_ANSWER_S):
            while True:
                heard = await ear.heard.get()
                if isinstance(heard, stun.TransactionFailed):
                    raise RelayRefused(heard.response.error_code or 0)
                if isinstance(heard, bytes) and heard[8:20] == check.transaction_id:
                    return True
    except TimeoutError:
        return False
    finally:
        sending.cancel()
        way.close()


async def _keep_sending(send: Callable[[], None]) -> None:
    while True:
        send()
        await asyncio.sleep(_AGAIN_S)
