"""What a seat gets: a beginning a decoder can use, everything after it in order, and what it asks for again."""

from __future__ import annotations

import asyncio
import socket
from collections.abc import AsyncIterator
from typing import Any, cast

import pytest
import pytest_asyncio
from pylibsrtp import Policy, Session

from realtime.media.cohort import MAX_FAULTS, Seat
from realtime.media.lane import SHORT_GROUP_PACKETS, WRAP_GUARD
from realtime.media.layer import Layer, Track
from realtime.media.port import Address, SharedPort
from realtime.media.rtp import RtpPacket, parse_rtp
from realtime.media.seams import Arena, PeerTransport
from realtime.media.slot import Slot

KEY = bytes(range(30))
KEYFRAME, DELTA = b"\x65picture", b"\x41picture"


class Viewer:
    """A transport with a real cipher, whose far end is a socket of the test."""

    connected = True
    profile = "SRTP_AES128_CM_SHA1_80"

    def __init__(self, port: SharedPort) -> None:
        self._socket = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self._socket.bind(("127.0.0.1", 0))
        self._socket.setblocking(False)
        self._port = port
        self._sending = _session(Policy.SSRC_ANY_OUTBOUND)
        self._receiving = _session(Policy.SSRC_ANY_INBOUND)

    @property
    def address(self) -> Address:
        return cast(Address, self._socket.getsockname())

    @property
    def srtp(self) -> Any:
        return self._sending._srtp[0]

    def send_rtp(self, plain: bytes) -> bool:
        return self._port.send(self._sending.protect(plain), self.address)

    def refuse_everything(self) -> None:
        """Spend the cipher on a far later packet, so that it takes the stream's for replays."""
        self._sending = Session()

    def seat(self, *, rtx: bool = False) -> Seat:
        return Seat(
            cast(PeerTransport, self),
            payload_types={"H264": 96},
            rtx_payload_types={"H264": 97} if rtx else {},
        )

    def received(self) -> list[RtpPacket]:
        packets = []
        while True:
            try:
                packets.append(parse_rtp(self._receiving.unprotect(self._socket.recv(2048))))
            except BlockingIOError:
                return packets

    def close(self) -> None:
        self._socket.close()


class Source:
    """A publisher's picture: packets with running numbers, and the keyframes it was asked for."""

    def __init__(self, *, sequence: int = 0) -> None:
        self.wishes = 0
        self.layer = Layer("video", "H264", wish=self._wished)
        self.track = Track([self.layer])
        self._sequence = sequence

    def _wished(self, ssrc: int) -> None:
        self.wishes += 1

    def sends(self, *payloads: bytes, ssrc: int = 1) -> None:
        for payload in payloads:
            self._sequence = (self._sequence + 1) & 0xFFFF
            packet = RtpPacket(
                payload_type=96,
                marker=True,
                sequence=self._sequence,
                timestamp=self._sequence * 3000,
                ssrc=ssrc,
                payload=payload,
            )
            self.layer.receive(packet, asyncio.get_running_loop().time())


def _session(kind: int) -> Session:
    policy = Policy(key=KEY, ssrc_type=kind)
    policy.allow_repeat_tx = True
    return Session(policy)


@pytest_asyncio.fixture
async def port() -> AsyncIterator[SharedPort]:
    made = SharedPort("127.0.0.1", 0)
    yield made
    made.close()


@pytest_asyncio.fixture
async def slot(port: SharedPort) -> Slot:
    return Slot("video", 0, port=port, arena=Arena(), clock=asyncio.get_running_loop().time)


@pytest_asyncio.fixture
async def viewer(port: SharedPort) -> AsyncIterator[Viewer]:
    made = Viewer(port)
    yield made
    made.close()


async def test_viewer_gets_nothing_before_a_keyframe(slot: Slot, viewer: Viewer) -> None:
    source = Source()
    slot.assign(source.track)
    slot.join(viewer.seat())

    source.sends(DELTA, DELTA, KEYFRAME, DELTA)

    assert [packet.payload for packet in viewer.received()] == [KEYFRAME, DELTA]


async def test_one_who_joins_soon_after_a_keyframe_gets_it_replayed(slot: Slot, viewer: Viewer) -> None:
    source = Source()
    slot.assign(source.track)
    source.sends(KEYFRAME, DELTA, DELTA)

    slot.join(viewer.seat())
    source.sends(DELTA)

    packets = viewer.received()
    assert [packet.payload for packet in packets] == [KEYFRAME, DELTA, DELTA, DELTA]
    first = packets[0].sequence
    assert [packet.sequence for packet in packets] == [first + offset for offset in range(4)]
    assert source.wishes == 0


async def test_source_that_ignores_wishes_is_replayed_however_old(slot: Slot, viewer: Viewer) -> None:
    source = Source()
    slot.assign(source.track)
    source.sends(KEYFRAME, DELTA)
    source.layer.group_began -= 60
    source.layer.ignores_wishes = True

    slot.join(viewer.seat())

    assert [packet.payload for packet in viewer.received()] == [KEYFRAME, DELTA]


async def test_source_that_answers_late_is_waited_for(slot: Slot, viewer: Viewer) -> None:
    """A busy browser: half a minute of pictures at once would stop its viewers for seconds."""
    source = Source()
    slot.assign(source.track)
    source.sends(KEYFRAME, *[DELTA] * SHORT_GROUP_PACKETS)
    source.layer.group_began -= 30

    slot.join(viewer.seat())
    source.layer.judge(asyncio.get_running_loop().time() + 1.5)
    slot.lanes[0]._seek(patient=True)
    assert viewer.received() == []
    source.sends(KEYFRAME, DELTA)

    assert [packet.payload for packet in viewer.received()] == [KEYFRAME, DELTA]


async def test_keyframe_is_asked_for_once_however_many_join(slot: Slot, port: SharedPort) -> None:
    source = Source()
    slot.assign(source.track)
    source.sends(KEYFRAME, DELTA)
    source.layer.group_began -= 60
    viewers = [Viewer(port) for _ in range(5)]

    for viewer in viewers:
        slot.join(viewer.seat())

    assert source.wishes == 1
    for viewer in viewers:
        viewer.close()


async def test_next_source_goes_on_where_the_last_one_ended(slot: Slot, viewer: Viewer) -> None:
    first, second = Source(sequence=7), Source(sequence=60_000)
    slot.assign(first.track)
    slot.join(viewer.seat())
    first.sends(KEYFRAME, DELTA)

    slot.assign(second.track)
    second.sends(DELTA, KEYFRAME, DELTA)

    packets = viewer.received()
    start = packets[0].sequence
    assert [packet.sequence - start for packet in packets] == [0, 1, 2, 3]
    assert len({packet.ssrc for packet in packets}) == 1


async def test_source_already_running_is_shown_from_its_last_keyframe(slot: Slot, viewer: Viewer) -> None:
    slot.join(viewer.seat())
    running = Source()
    running.sends(KEYFRAME, DELTA)
    running.layer.ignores_wishes = True

    slot.assign(running.track)

    assert [packet.payload for packet in viewer.received()] == [KEYFRAME, DELTA]


async def test_source_that_begins_anew_is_followed(slot: Slot, viewer: Viewer) -> None:
    source = Source()
    slot.assign(source.track)
    slot.join(viewer.seat())
    source.sends(KEYFRAME, DELTA)

    source.sends(DELTA, KEYFRAME, ssrc=2)

    assert [packet.payload for packet in viewer.received()] == [KEYFRAME, DELTA, KEYFRAME]


@pytest.mark.parametrize("rtx", [False, True])
async def test_packet_asked_for_is_sent_again(slot: Slot, viewer: Viewer, rtx: bool) -> None:
    source = Source()
    slot.assign(source.track)
    seat = viewer.seat(rtx=rtx)
    slot.join(seat)
    source.sends(KEYFRAME, DELTA)
    first, _ = viewer.received()
    viewer._receiving = _session(Policy.SSRC_ANY_INBOUND)  # as if the first one had been lost

    assert slot.retransmit(seat, first.sequence)

    (again,) = viewer.received()
    if rtx:
        assert (again.ssrc, again.payload_type) == (slot.rtx_ssrc, 97)
        assert again.payload == first.sequence.to_bytes(2, "big") + KEYFRAME
    else:
        assert again == first


async def test_packet_never_sent_is_not_made_up(slot: Slot, viewer: Viewer) -> None:
    seat = viewer.seat(rtx=True)
    source = Source()
    slot.assign(source.track)
    slot.join(seat)
    source.sends(KEYFRAME)
    (packet,) = viewer.received()

    assert not slot.retransmit(seat, packet.sequence + 1)
    assert not slot.retransmit(seat, packet.sequence - 1)


async def test_nobody_begins_just_before_the_sequence_wraps(slot: Slot, viewer: Viewer) -> None:
    source = Source()
    slot.assign(source.track)
    slot.lanes[0]._normaliser._next = 0x10000 - WRAP_GUARD
    source.sends(KEYFRAME)

    slot.join(viewer.seat())
    source.sends(*[DELTA] * WRAP_GUARD, KEYFRAME)

    assert [packet.payload for packet in viewer.received()] == [KEYFRAME]


async def test_viewer_whose_cipher_fails_hurts_nobody_else(slot: Slot, port: SharedPort) -> None:
    source = Source()
    slot.assign(source.track)
    good, broken, last = Viewer(port), Viewer(port), Viewer(port)
    broken.refuse_everything()
    seats = [viewer.seat() for viewer in (good, broken, last)]
    for seat in seats:
        slot.join(seat)

    source.sends(KEYFRAME, *[DELTA] * MAX_FAULTS)

    assert [seat.lost for seat in seats] == [False, True, False]
    assert len(good.received()) == len(last.received()) == MAX_FAULTS + 1
    for viewer in (good, broken, last):
        viewer.close()


async def test_seats_that_leave_make_room_without_disorder(slot: Slot, port: SharedPort) -> None:
    source = Source()
    slot.assign(source.track)
    viewers = [Viewer(port) for _ in range(70)]  # more than one chunk of the arena
    seats = [viewer.seat() for viewer in viewers]
    for seat in seats:
        slot.join(seat)
    source.sends(KEYFRAME)

    for seat in seats[::2]:
        slot.leave(seat)
    source.sends(DELTA)

    assert [len(viewer.received()) for viewer in viewers] == [1, 2] * 35
    for viewer in viewers:
        viewer.close()
