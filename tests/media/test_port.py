"""Who gets which datagram on the shared port."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator

import pytest_asyncio
from aioice import stun

from realtime.media.port import Address, SharedPort

PEER: Address = ("127.0.0.1", 50_001)
OTHER: Address = ("127.0.0.1", 50_002)


class Recorder:
    """An endpoint that believes every check it is told to."""

    def __init__(self, ufrag: str, *, believes: bool = True) -> None:
        self.ufrag = ufrag
        self.believes = believes
        self.got: list[tuple[str, Address | None]] = []
        self.asked = asyncio.Event()

    def stun_request(self, data: bytes, address: Address) -> bool:
        self.got.append(("request", address))
        self.asked.set()
        return self.believes

    def stun_response(self, data: bytes, address: Address) -> None:
        self.got.append(("response", address))

    def datagram(self, data: bytes) -> None:
        self.got.append(("datagram", None))


@pytest_asyncio.fixture
async def port() -> AsyncIterator[SharedPort]:
    made = SharedPort("127.0.0.1", 0)
    yield made
    made.close()


def _request(ufrag: str) -> bytes:
    message = stun.Message(message_method=stun.Method.BINDING, message_class=stun.Class.REQUEST)
    message.attributes["USERNAME"] = f"{ufrag}:theirs"
    message.add_message_integrity(b"secret")
    return bytes(message)


async def test_request_goes_to_the_peer_it_names(port: SharedPort) -> None:
    one, two = Recorder("one1"), Recorder("two2")
    port.add(one)
    port.add(two)

    port._sort(_request("two2"), PEER)
    port._sort(b"\x80media", PEER)

    assert one.got == []
    assert two.got == [("request", PEER), ("datagram", None)]


async def test_address_of_an_unsigned_request_is_not_learned(port: SharedPort) -> None:
    peer = Recorder("one1", believes=False)
    port.add(peer)

    port._sort(_request("one1"), PEER)
    port._sort(b"\x16hello", PEER)

    assert peer.got == [("request", PEER)]
    assert port.strange == 2


async def test_address_in_use_is_not_taken_over_by_a_request(port: SharedPort) -> None:
    owner, thief = Recorder("one1"), Recorder("two2")
    port.add(owner)
    port.add(thief)
    port._sort(_request("one1"), PEER)

    port._sort(_request("two2"), PEER)
    port._sort(b"\x80media", PEER)

    assert ("datagram", None) in owner.got
    assert ("datagram", None) not in thief.got


async def test_address_that_answered_our_check_is_taken_over(port: SharedPort) -> None:
    old, new = Recorder("one1"), Recorder("two2")
    port.add(old)
    port.add(new)
    port._sort(_request("one1"), PEER)

    port.claim(PEER, new)
    port._sort(b"\x80media", PEER)

    assert new.got == [("datagram", None)]


async def test_response_goes_to_the_peer_who_asked(port: SharedPort) -> None:
    peer = Recorder("one1")
    message = stun.Message(message_method=stun.Method.BINDING, message_class=stun.Class.RESPONSE)
    port.expect(message.transaction_id, peer)

    port._sort(bytes(message), PEER)
    port.forget(message.transaction_id)
    port._sort(bytes(message), PEER)

    assert peer.got == [("response", PEER)]
    assert port.strange == 1


async def test_peer_that_left_leaves_nothing(port: SharedPort) -> None:
    peer = Recorder("one1")
    port.add(peer)
    port._sort(_request("one1"), PEER)
    port._sort(_request("one1"), OTHER)

    port.remove(peer)

    assert (port.endpoints, port.addresses) == (0, 0)


async def test_strangers_get_no_answer(port: SharedPort) -> None:
    answers: list[bytes] = []

    class Listening(asyncio.DatagramProtocol):
        def datagram_received(self, data: bytes, addr: object) -> None:
            answers.append(data)

    transport, _ = await asyncio.get_running_loop().create_datagram_endpoint(
        Listening, remote_addr=("127.0.0.1", port.number)
    )
    known = Recorder("one1")
    port.add(known)
    for data in (_request("nobody"), b"\x16hello", b"\x00" * 40, _request("one1")):
        transport.sendto(data)
    async with asyncio.timeout(5):
        await known.asked.wait()

    assert port.strange == 3
    assert answers == []
    transport.close()
