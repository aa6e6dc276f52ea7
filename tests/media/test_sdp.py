"""Offers and fragments: what is taken, what is refused with which code, and that nothing else escapes."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from realtime.media.codecs import H264, OPUS, VP8, choose
from realtime.media.errors import SdpError
from realtime.media.sdp import MAX_BYTES, parse_fragment, parse_offer

FINGERPRINT = ":".join(["AB"] * 32)

AUDIO = """m=audio 9 UDP/TLS/RTP/SAVPF 111 0
c=IN IP4 0.0.0.0
a=mid:0
a=ice-ufrag:abcd
a=ice-pwd:abcdefghijklmnopqrstuvwx
a=setup:actpass
a=sendonly
a=rtcp-mux
a=extmap:1 urn:ietf:params:rtp-hdrext:ssrc-audio-level
a=rtpmap:111 opus/48000/2
a=fmtp:111 minptime=10;useinbandfec=1
"""

VIDEO = """m=video 9 UDP/TLS/RTP/SAVPF 96 97 102 103 127
c=IN IP4 0.0.0.0
a=mid:1
a=sendonly
a=rtcp-mux
a=rtcp-rsize
a=rtpmap:96 VP8/90000
a=rtcp-fb:96 nack pli
a=rtpmap:97 rtx/90000
a=fmtp:97 apt=96
a=rtpmap:102 H264/90000
a=fmtp:102 level-asymmetry-allowed=1;packetization-mode=1;profile-level-id=42001f
a=rtpmap:103 rtx/90000
a=fmtp:103 apt=102
a=rtpmap:127 H264/90000
a=fmtp:127 level-asymmetry-allowed=1;packetization-mode=1;profile-level-id=42e01f
"""

SESSION = f"""v=0
o=- 1 1 IN IP4 127.0.0.1
s=-
t=0 0
a=group:BUNDLE 0 1
a=fingerprint:sha-256 {FINGERPRINT}
"""

OFFER = SESSION + AUDIO + VIDEO


def _refusal(text: str) -> tuple[int, str]:
    with pytest.raises(SdpError) as refused:
        parse_offer(text)
    return refused.value.status, refused.value.code


@pytest.mark.parametrize("end", ["\n", "\r\n"])
def test_offer_is_read(end: str) -> None:
    offer = parse_offer(OFFER.replace("\n", end))

    assert (offer.ufrag, offer.password) == ("abcd", "abcdefghijklmnopqrstuvwx")
    assert (offer.fingerprint, offer.setup) == (FINGERPRINT, "actpass")
    assert [(s.kind, s.mid, s.direction) for s in offer.sections] == [
        ("audio", "0", "sendonly"),
        ("video", "1", "sendonly"),
    ]
    assert offer.sections[0].extensions == {"urn:ietf:params:rtp-hdrext:ssrc-audio-level": 1}


def test_constrained_baseline_is_chosen_before_baseline() -> None:
    audio, video = parse_offer(OFFER).sections

    chosen = {name: choose(video, name) for name in (H264, VP8)}

    assert {name: choice and choice.codec.payload_type for name, choice in chosen.items()} == {H264: 127, VP8: 96}
    vp8 = chosen[VP8]
    assert vp8 is not None
    assert vp8.retransmission is not None
    assert vp8.retransmission.payload_type == 97
    opus = choose(audio, OPUS)
    assert opus is not None
    assert opus.codec.payload_type == 111


@pytest.mark.parametrize("profile", ["64001f", "4d001f", "zz", "-1", "42001f\u0660"])
def test_h264_that_does_not_play_everywhere_is_not_chosen(profile: str) -> None:
    text = OFFER.replace("42e01f", profile).replace("42001f", profile)
    try:
        offer = parse_offer(text)
    except SdpError:
        return

    assert choose(offer.sections[1], H264) is None


@pytest.mark.parametrize(
    ("text", "refusal"),
    [
        ("", (400, "sdp.malformed")),
        ("garbage", (400, "sdp.malformed")),
        (SESSION, (400, "sdp.malformed")),
        (OFFER.replace("a=fingerprint", "a=x"), (400, "sdp.malformed")),
        (OFFER.replace(FINGERPRINT, "AB:CD"), (400, "sdp.malformed")),
        (OFFER.replace("sha-256", "sha-512"), (422, "sdp.unacceptable")),
        (OFFER.replace("a=ice-ufrag:abcd", "a=ice-ufrag:abc"), (400, "sdp.malformed")),
        (OFFER.replace("a=ice-pwd:", "a=ice-pwd:!"), (400, "sdp.malformed")),
        (OFFER.replace("a=setup:actpass", "a=setup:holdconn"), (400, "sdp.malformed")),
        (OFFER.replace("a=group:BUNDLE 0 1", "a=group:BUNDLE 0"), (422, "sdp.unacceptable")),
        (OFFER.replace("a=rtcp-mux\n", ""), (422, "sdp.unacceptable")),
        (OFFER.replace("a=mid:1", "a=mid:0"), (400, "sdp.malformed")),
        (OFFER.replace("m=video", "m=application"), (422, "sdp.unacceptable")),
        (OFFER.replace("UDP/TLS/RTP/SAVPF", "RTP/AVP"), (422, "sdp.unacceptable")),
        (OFFER.replace("rtpmap:96 VP8/90000", "rtpmap:96 VP8"), (400, "sdp.malformed")),
        (OFFER.replace("111 0", "111 ١"), (400, "sdp.malformed")),
        (OFFER + "a=x:" + "y" * MAX_BYTES, (413, "sdp.too_large")),
        (OFFER + "م" * (MAX_BYTES // 2), (413, "sdp.too_large")),
        (OFFER + VIDEO * 15, (413, "sdp.too_large")),
        (OFFER + "a=candidate:1 1 udp 1 10.0.0.1 9 typ host\n" * 21, (413, "sdp.too_large")),
        (OFFER + "a=x:\ud800\n" + "a", (400, "sdp.malformed")),
    ],
)
def test_bad_offer_is_refused(text: str, refusal: tuple[int, str]) -> None:
    assert _refusal(text) == refusal


@given(st.text())
def test_any_text_is_read_or_refused(text: str) -> None:
    for parse in (parse_offer, parse_fragment):
        try:
            parse(text)
        except SdpError:
            continue


@settings(max_examples=3 * settings().max_examples)
@given(st.data())
def test_any_damage_to_a_good_offer_is_read_or_refused(data: st.DataObject) -> None:
    lines = OFFER.split("\n")
    for _ in range(data.draw(st.integers(1, 4))):
        at = data.draw(st.integers(0, len(lines) - 1))
        what = data.draw(st.sampled_from(["drop", "double", "replace", "cut", "insert"]))
        if what == "drop" and len(lines) > 1:
            del lines[at]
        elif what == "double":
            lines.insert(at, lines[at])
        elif what == "cut":
            lines[at] = lines[at][: data.draw(st.integers(0, 20))]
        else:
            lines.insert(at, lines[at][: data.draw(st.integers(0, 12))] + data.draw(st.text(max_size=20)))
    try:
        offer = parse_offer("\n".join(lines))
    except SdpError:
        return
    for section in offer.sections:
        for name in (OPUS, H264, VP8):
            choose(section, name)


def test_fragment_tells_the_ice_session_it_belongs_to() -> None:
    fragment = parse_fragment(
        "a=ice-ufrag:abcd\r\na=ice-pwd:abcdefghijklmnopqrstuvwx\r\nm=audio 9 UDP/TLS/RTP/SAVPF 0\r\na=mid:0\r\n"
        "a=candidate:1 1 udp 1 name.local 9 typ host\r\n"
    )

    assert fragment.ufrag == "abcd"
