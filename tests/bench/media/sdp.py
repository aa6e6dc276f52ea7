"""The session descriptions of the benchmark's peers: one sound, one picture, as Chromium would offer them."""

from __future__ import annotations

from tests.bench.media.peer import Peer

OPUS, H264, RTX = 111, 96, 97


def offer(peer: Peer, direction: str) -> str:
    """What a publisher (`sendonly`) or a viewer (`recvonly`) offers."""
    return "\r\n".join([*_head(), *_audio(peer, direction, "actpass"), *_video(peer, direction, "actpass"), ""])


def answer(peer: Peer, theirs: str, host: str) -> str:
    """A viewer's answer to Janus: its payload types and names, our transport, and where we are."""
    sections = theirs.replace("\r\n", "\n").split("\nm=")[1:]
    lines = _head([_value(section, "a=mid:") for section in sections])
    for section in sections:
        kept = [
            line
            for line in section.splitlines()[1:]
            if line.startswith(("a=rtpmap", "a=fmtp", "a=rtcp-fb", "a=mid", "a=extmap"))
        ]
        candidate = f"a=candidate:1 1 udp 2130706431 {host} {peer.port} typ host"
        lines += [f"m={section.splitlines()[0]}", "c=IN IP4 0.0.0.0", "a=recvonly", "a=rtcp-mux", *kept]
        lines += [*_transport(peer, "active"), candidate, "a=end-of-candidates"]
    return "\r\n".join([*lines, ""])


def _value(section: str, name: str) -> str:
    return next(line.removeprefix(name) for line in section.splitlines() if line.startswith(name))


def _head(mids: list[str] | None = None) -> list[str]:
    bundle = " ".join(mids or ["0", "1"])
    return ["v=0", "o=- 1 1 IN IP4 127.0.0.1", "s=-", "t=0 0", f"a=group:BUNDLE {bundle}"]


def _transport(peer: Peer, setup: str) -> list[str]:
    return [
        f"a=ice-ufrag:{peer.ufrag}",
        f"a=ice-pwd:{peer.password}",
        f"a=fingerprint:sha-256 {peer.fingerprint}",
        f"a=setup:{setup}",
    ]


def _audio(peer: Peer, direction: str, setup: str) -> list[str]:
    return [
        f"m=audio 9 UDP/TLS/RTP/SAVPF {OPUS}",
        "c=IN IP4 0.0.0.0",
        *_transport(peer, setup),
        "a=mid:0",
        f"a={direction}",
        "a=rtcp-mux",
        f"a=rtpmap:{OPUS} opus/48000/2",
    ]


def _video(peer: Peer, direction: str, setup: str) -> list[str]:
    return [
        f"m=video 9 UDP/TLS/RTP/SAVPF {H264} {RTX}",
        "c=IN IP4 0.0.0.0",
        *_transport(peer, setup),
        "a=mid:1",
        f"a={direction}",
        "a=rtcp-mux",
        f"a=rtpmap:{H264} H264/90000",
        f"a=rtcp-fb:{H264} goog-remb",
        f"a=rtcp-fb:{H264} nack",
        f"a=rtcp-fb:{H264} nack pli",
        f"a=fmtp:{H264} level-asymmetry-allowed=1;packetization-mode=1;profile-level-id=42e01f",
        f"a=rtpmap:{RTX} rtx/90000",
        f"a=fmtp:{RTX} apt={H264}",
    ]
