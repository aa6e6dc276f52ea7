"""What we use of private members, held against the pinned versions: an upgrade that moves one fails here."""

from __future__ import annotations

import inspect
from importlib.metadata import version

import pytest
from aioice import Connection, stun
from aioice.ice import CandidatePair, StunProtocol
from aiortc import RTCCertificate, RTCDtlsTransport
from aiortc.rtcdtlstransport import SRTP_PROFILES
from pylibsrtp import Policy, Session, _binding

from realtime.media.frame import Frame
from realtime.media.rtp import MAX_PLAIN_BYTES, build_rtp
from realtime.media.seams import OVERHEAD, Arena, Certificate

KEY = bytes(range(30))


@pytest.mark.parametrize(
    ("package", "pinned"), [("aiortc", "1.16.0"), ("aioice", "0.13.0"), ("pylibsrtp", "1.0.0")]
)
def test_versions_are_the_ones_this_was_written_for(package: str, pinned: str) -> None:
    assert version(package) == pinned


async def test_connection_has_the_members_we_stand_in_for() -> None:
    connection = Connection(ice_controlling=False)

    for name in (
        "_local_candidates_start",
        "_local_candidates_end",
        "_nominated",
        "_protocols",
        "_queue",
    ):
        assert hasattr(connection, name), name
    for method in ("check_state", "check_complete", "query_consent", "request_received", "data_received"):
        assert callable(getattr(Connection, method)), method
    assert {"SUCCEEDED", "FAILED"} <= set(CandidatePair.State.__members__)


def test_stun_protocol_sends_through_the_methods_we_override() -> None:
    for method in ("close", "request", "send_data", "send_stun"):
        assert callable(getattr(StunProtocol, method)), method
    assert "transactions" in inspect.getsource(StunProtocol.__init__)
    assert list(inspect.signature(stun.Transaction.response_received).parameters) == ["self", "message", "addr"]


def test_dtls_transport_uses_of_ice_only_what_we_provide() -> None:
    source = inspect.getsource(RTCDtlsTransport)
    used = {
        name
        for name in ("_recv", "_send", "role", "_connection", "iceGatherer", "state")
        if f"transport.{name}" in source
    }

    assert used == {"_recv", "_send", "role"}
    for name in ("_rx_srtp", "_tx_srtp", "_ssl", "_set_role", "_srtp_profiles"):
        assert name in source, name


def test_certificate_makes_its_context_through_the_method_we_cache() -> None:
    assert "_create_ssl_context" in inspect.getsource(RTCDtlsTransport.start)
    assert callable(RTCCertificate._create_ssl_context)
    certificate = Certificate.generateCertificate()
    assert certificate._create_ssl_context(SRTP_PROFILES) is certificate._create_ssl_context(SRTP_PROFILES)


def test_arena_encrypts_what_each_session_itself_would() -> None:
    packets = [_packet(7), _packet(8), _packet(9, b"end")]
    sessions = [_session(bytes([number]) * 30) for number in range(3)]
    alone = [b"".join(map(_session(bytes([number]) * 30).protect, packets)) for number in range(3)]

    frame = Arena().protect(packets, [_handle(session) for session in sessions], overhead=10)

    assert [_place(frame, number) for number in range(3)] == alone
    assert frame.refused == []
    assert frame.segment == len(packets[0]) + 10


def test_arena_serves_the_next_viewer_when_one_session_refuses() -> None:
    good, bad, next_one = _session(), _session(), _session()
    bad.protect(_packet(20_000))  # far ahead: an old packet is refused as a replay

    frame = Arena().protect([_packet(5)], [_handle(session) for session in (good, bad, next_one)], overhead=10)

    assert frame.refused == [1]
    assert _place(frame, 2) == _session().protect(_packet(5))


def test_arena_holds_the_largest_frame() -> None:
    arena = Arena()
    packets = [_packet(number, bytes(MAX_PLAIN_BYTES - 12)) for number in range(Arena.MAX_PACKETS)]
    places = arena.chunk(len(packets) * (MAX_PLAIN_BYTES + max(OVERHEAD.values())))

    sessions = [_session() for _ in range(places)]

    frame = arena.protect(packets, [_handle(session) for session in sessions], overhead=10)

    assert frame.total == len(packets) * (MAX_PLAIN_BYTES + 10)


def test_overhead_is_known_for_every_profile() -> None:
    assert {profile.openssl_profile.decode() for profile in SRTP_PROFILES} == set(OVERHEAD)


def _place(frame: Frame, place: int) -> bytes:
    start = place * frame.tray.stride
    return bytes(frame.tray.view[start : start + frame.total])


def _session(key: bytes = KEY) -> Session:
    policy = Policy(key=key, ssrc_type=Policy.SSRC_ANY_OUTBOUND)
    policy.allow_repeat_tx = True
    return Session(policy)


def _handle(session: Session) -> object:
    assert _binding.lib.srtp_protect is not None
    return session._srtp[0]


def _packet(sequence: int, payload: bytes = b"picture") -> bytes:
    return build_rtp(payload_type=96, marker=False, sequence=sequence, timestamp=1, ssrc=2, payload=payload)
