"""Whatever bytes a stranger sends: only our own refusal escapes, and nobody gets an answer who proved nothing.

Each parser is fed for FUZZ_SECONDS (a moment in `make test`, a minute in `make fuzz`) with damaged real input.
"""

from __future__ import annotations

import os
import random
import time
from collections.abc import Callable, Iterator, Sequence

import pytest
from aioice import stun

from realtime.media import keyframe, port, reach, rtcp
from realtime.media.engine import Engine
from realtime.media.errors import SdpError
from realtime.media.rtp import RtpError, build_rtp, parse_rtp
from realtime.media.sdp import parse_fragment, parse_offer
from realtime.media.seams import PeerTransport

from .test_sdp import OFFER

pytestmark = pytest.mark.fuzz
SECONDS = float(os.environ.get("FUZZ_SECONDS", "0.4"))
SEED = int(os.environ.get("FUZZ_SEED") or random.SystemRandom().randrange(1 << 32))
STRANGER = ("127.0.0.1", 9)

FRAGMENT = b"a=ice-ufrag:abcd\na=ice-pwd:abcdefghijklmnopqrstuvwx\na=candidate:1 1 udp 1 10.0.0.1 9 typ host\n"
RTP = build_rtp(payload_type=96, marker=True, sequence=7, timestamp=9, ssrc=3, payload=b"\x67\x42\x00\x1f" * 20)
ONE_BYTE = bytes.fromhex("b1e0 0001 00000002 00000003 00000009 bede 0002 10aa 2201 0203 0000") + b"data\0\0\0\4"
TWO_BYTE = bytes.fromhex("90e0 0001 00000002 00000003 1000 0002 0101 aa02 0201 0200") + b"data"
RTCP = (
    rtcp.sender_report(ssrc=1, ntp=2, timestamp=3, packets=4, octets=5)
    + rtcp.nack(sender=1, ssrc=2, sequences=[5, 6, 40])
    + rtcp.pli(sender=1, ssrc=2)
    + rtcp.remb(sender=1, bitrate=10**6, ssrcs=[2, 3])
)
PAYLOADS = [bytes.fromhex(text) for text in ("7c85aa", "78000567420010aa000268ce", "90e0123456000000", "0a0b00")]


def damaged(seeds: Sequence[bytes]) -> Iterator[bytes]:
    """Real input with a few bytes changed, cut, doubled or joined, until the time is up."""
    chance = random.Random(SEED)
    until = time.monotonic() + SECONDS
    while time.monotonic() < until:
        for _ in range(50):
            data = bytearray(chance.choice(seeds))
            for _ in range(chance.randrange(6)):
                _damage(data, seeds, chance)
            yield bytes(data)


def _damage(data: bytearray, seeds: Sequence[bytes], chance: random.Random) -> None:
    at = chance.randrange(len(data) + 1)
    match chance.randrange(6):
        case 0 if at < len(data):
            data[at] = chance.randrange(256)
        case 1 if at < len(data):
            data[at] ^= 1 << chance.randrange(8)
        case 2:
            del data[at:]
        case 3:
            del data[at : at + chance.randrange(1, 9)]
        case 4:
            data[at:at] = chance.randbytes(chance.randrange(1, 9))
        case _:
            other = chance.choice(seeds)
            data[at:] = other[chance.randrange(len(other)) :]


def _text(parse: Callable[[str], object]) -> Callable[[bytes], object]:
    return lambda data: parse(data.decode("utf-8", "replace"))


def _every_keyframe(data: bytes) -> None:
    for codec in ("H264", "VP8", "VP9", "AV1", "opus"):
        keyframe.starts_keyframe(codec, data)


PARSERS: dict[str, tuple[Callable[[bytes], object], type[Exception] | tuple[()], list[bytes]]] = {
    "SDP": (_text(parse_offer), SdpError, [OFFER.encode(), OFFER.replace("\n", "\r\n").encode()]),
    "sdpfrag": (_text(parse_fragment), SdpError, [FRAGMENT]),
    "RTP": (parse_rtp, RtpError, [RTP, ONE_BYTE]),
    "header extensions": (parse_rtp, RtpError, [ONE_BYTE, TWO_BYTE]),
    "RTCP": (rtcp.parse_rtcp, rtcp.RtcpError, [RTCP]),
    "payloads": (_every_keyframe, (), PAYLOADS),
    "STUN names": (port._named, (), [bytes(stun.Message(stun.Method.BINDING, stun.Class.REQUEST)), RTP]),
}


@pytest.mark.parametrize("name", PARSERS)
def test_damaged_input_is_read_or_refused(name: str) -> None:
    parse, refusal, seeds = PARSERS[name]
    for data in damaged(seeds):
        try:
            parse(data)
        except refusal:
            continue
        except Exception as error:
            raise AssertionError(f"{name}, seed {SEED}: {data!r}") from error


async def test_damaged_datagrams_reach_nobody_and_are_not_answered(engine: Engine) -> None:
    """STUN of somebody who knows a peer's name but not its password, and whatever else, by the real port."""
    probe = engine.probe("p1", reach.OFFER)
    hello = b"\x16\xfe\xff" + bytes(40)
    for data in damaged([bytes(_request(probe.transport, "a guess")), bytes(_response()), RTP, RTCP, hello]):
        probe.network.port._sort(data, STRANGER)
    stats = engine.stats()
    assert (stats["datagrams_sent"], stats["addresses"]) == (0, 0)
    assert stats["datagrams_strange"] > 0


async def test_strange_attributes_rightly_signed_break_nothing(engine: Engine) -> None:
    """The peer itself sends nonsense: every attribute of its check is damaged before it is signed."""
    chance = random.Random(SEED)
    probe = engine.probe("p1", reach.OFFER)
    seeds = [bytes(_request(probe.transport, None))]
    for number, data in enumerate(damaged(seeds)):
        signed = _signed(data, probe.transport.password)
        source = ("127.0.0.1", 1024 + chance.randrange(40) if number % 2 else 1024)
        probe.network.port._sort(signed, source)
    assert probe.network.port.endpoints == 1


def _request(peer: PeerTransport, password: str | None) -> stun.Message:
    message = stun.Message(message_method=stun.Method.BINDING, message_class=stun.Class.REQUEST)
    message.attributes["USERNAME"] = f"{peer.ufrag}:doctor"
    message.attributes["PRIORITY"] = 1
    message.attributes["ICE-CONTROLLING"] = 1
    message.attributes["USE-CANDIDATE"] = None
    if password is not None:
        message.add_message_integrity(password.encode())
    return message


def _response() -> stun.Message:
    message = stun.Message(message_method=stun.Method.BINDING, message_class=stun.Class.RESPONSE)
    message.attributes["XOR-MAPPED-ADDRESS"] = STRANGER
    return message


def _signed(data: bytes, password: str) -> bytes:
    """These attributes with the right signature, where they can be read as a message at all."""
    try:
        message = stun.parse_message(data)
        message.attributes.pop("FINGERPRINT", None)
        message.attributes.pop("MESSAGE-INTEGRITY", None)
        message.add_message_integrity(password.encode())
        return bytes(message)
    except Exception:  # the library's many kinds, for what is no message
        return data
