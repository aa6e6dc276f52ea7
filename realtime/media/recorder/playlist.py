"""HLS playlists (RFC 8216): EVENT ones, so that all of the session stays and a late comer can go back."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import UTC, datetime

from .folder import Beginnings, Piece

MASTER = "live.m3u8"
PICTURES = "programme.m3u8"
SOUND = "sound.m3u8"
SOUND_BEGINNING = "a.mp4"

TARGET_S = 4
"""No piece is longer, rounded (RFC 8216 4.3.3.1); with keyframes on time they are half as long."""

_PICTURE_BITS = 3_000_000
_SOUND_BITS = 120_000


def master(codecs: str | None, sound_codecs: str) -> str:
    """The two renditions: pictures with sound (where there are any that HLS can carry), and the sound alone."""
    lines = ["#EXTM3U", "#EXT-X-VERSION:7"]
    if codecs is not None:
        lines += [f'#EXT-X-STREAM-INF:BANDWIDTH={_PICTURE_BITS},CODECS="{codecs}"', PICTURES]
    lines += [f'#EXT-X-STREAM-INF:BANDWIDTH={_SOUND_BITS},CODECS="{sound_codecs}"', SOUND]
    return "\n".join(lines) + "\n"


def pictures(pieces: Sequence[Piece], beginnings: dict[str, Beginnings], *, ended: bool) -> str:
    """Only pieces with pictures: a stage that changes to a codec HLS cannot carry goes on in sound alone."""
    shown = [piece for piece in pieces if piece.video]
    return _playlist(((piece, beginnings[piece.video].name, piece.picture_name) for piece in shown), ended=ended)


def sound(pieces: Sequence[Piece], *, ended: bool) -> str:
    return _playlist(((piece, SOUND_BEGINNING, piece.sound_name) for piece in pieces), ended=ended)


def _playlist(rows: Iterator[tuple[Piece, str, str]], *, ended: bool) -> str:
    lines = [
        "#EXTM3U",
        "#EXT-X-VERSION:7",
        f"#EXT-X-TARGETDURATION:{TARGET_S}",
        "#EXT-X-MEDIA-SEQUENCE:1",
        "#EXT-X-PLAYLIST-TYPE:EVENT",
    ]
    before: Piece | None = None
    beginning = ""
    for piece, needs, name in rows:
        broken = before is not None and (piece.gap or piece.video != before.video)
        if broken:
            lines.append("#EXT-X-DISCONTINUITY")
        if needs != beginning:
            lines.append(f'#EXT-X-MAP:URI="{needs}"')
        if before is None or broken:
            lines.append(f"#EXT-X-PROGRAM-DATE-TIME:{_wall(piece.wall)}")
        lines += [f"#EXTINF:{piece.duration:.3f},", name]
        before, beginning = piece, needs
    if ended:
        lines.append("#EXT-X-ENDLIST")
    return "\n".join(lines) + "\n"


def _wall(moment: float) -> str:
    return datetime.fromtimestamp(moment, UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")
