"""Pictures people bring: told by their bytes, measured before they are opened, and drawn anew.

What comes out is our own WebP: no metadata (place, camera, name), no second file hidden behind the first, and
never larger than a page shows. A picture that is kept as it came loses what it says of where, when and by whom it
was taken; its pixels stay as they are.
"""

from __future__ import annotations

import io
import struct
import warnings

from PIL import Image, ImageOps

PICTURE_BYTES = 8 * 1024 * 1024
MOST_PIXELS = 40_000_000
SIDE = 512
PREVIEW = (960, 720)  # a cover on a wide screen, and a picture that is looked at in its card
ENDING = "webp"
ORIENTATION = 0x0112  # Exif 2.32, 4.6.4
_PNG = b"\x89PNG\r\n\x1a\n"
_TELLING = frozenset({0xE1, 0xED, 0xFE})  # APP1: Exif and XMP; APP13: IPTC; comments
_TELLING_CHUNKS = frozenset({b"eXIf", b"tEXt", b"zTXt", b"iTXt", b"tIME"})
FORMATS = ("JPEG", "PNG", "WEBP", "GIF")


class NoPicture(Exception):
    """The bytes are no picture that we open."""


def square(raw: bytes) -> bytes:
    """The middle of a picture as a square WebP. Raises NoPicture. Takes up to half a second: not for a loop."""
    opened = _opened(raw, (SIDE, SIDE))
    side = min(SIDE, *opened.size)
    return _webp(ImageOps.fit(opened, (side, side)))


def preview(raw: bytes) -> bytes:
    """A picture no larger than a page shows it, as WebP. Raises NoPicture; as slow as `square`."""
    drawn = _opened(raw, PREVIEW)
    drawn.thumbnail(PREVIEW)
    return _webp(drawn)


def _opened(raw: bytes, size: tuple[int, int]) -> Image.Image:
    """The right way up, without transparency; large ones read small where the format can."""
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("error", Image.DecompressionBombWarning)
            with Image.open(io.BytesIO(raw), formats=FORMATS) as opened:
                if opened.width * opened.height > MOST_PIXELS:
                    raise NoPicture
                opened.draft("RGB", size)
                return ImageOps.exif_transpose(opened).convert("RGB")
    except (OSError, ValueError, SyntaxError, EOFError, Image.DecompressionBombError, Warning):
        raise NoPicture from None


def _webp(drawn: Image.Image) -> bytes:
    out = io.BytesIO()
    drawn.save(out, "WEBP", quality=82, method=4)
    return out.getvalue()


def without_place(raw: bytes) -> bytes:
    """A picture as it came but for its metadata: no place, camera, time or name; only which way is up.

    What is not understood comes back as it was: it was told a picture by its first bytes alone.
    """
    try:
        if raw.startswith(b"\xff\xd8"):
            return _bare_jpeg(raw)
        if raw.startswith(_PNG):
            return _bare_png(raw)
        if raw[:4] == b"RIFF" and raw[8:12] == b"WEBP":
            return _bare_webp(raw)
    except (IndexError, struct.error, ValueError, OSError, SyntaxError):
        return raw
    return raw


def _bare_jpeg(raw: bytes) -> bytes:
    """Without application segments that tell of the picture (JFIF 1.02, Exif 2.32 4.5.4): Exif, XMP and IPTC."""
    kept, at = [raw[:2]], 2
    turned = _turned(raw)
    if turned:
        kept.append(b"\xff\xe1" + struct.pack(">H", len(turned) + 2) + turned)
    while raw[at] == 0xFF and raw[at + 1] != 0xDA:  # to the start of the scan
        if raw[at + 1] == 0xFF:  # a fill byte (ITU-T T.81, B.1.1.2)
            at += 1
            continue
        (length,) = struct.unpack_from(">H", raw, at + 2)
        if raw[at + 1] not in _TELLING:
            kept.append(raw[at : at + 2 + length])
        at += 2 + length
    return b"".join([*kept, raw[at:]])


def _turned(raw: bytes) -> bytes:
    """An Exif segment that holds the orientation alone, where there is one to hold."""
    with Image.open(io.BytesIO(raw), formats=("JPEG",)) as opened:
        way = opened.getexif().get(ORIENTATION)
    if way in {None, 1}:
        return b""
    exif = Image.Exif()
    exif[ORIENTATION] = way
    told = exif.tobytes()
    return told if told.startswith(b"Exif\0\0") else b"Exif\0\0" + told


def _bare_png(raw: bytes) -> bytes:
    kept, at = [raw[:8]], 8
    while at < len(raw):
        (length,) = struct.unpack_from(">I", raw, at)
        if raw[at + 4 : at + 8] not in _TELLING_CHUNKS:
            kept.append(raw[at : at + 12 + length])
        at += 12 + length
    return b"".join(kept)


def _bare_webp(raw: bytes) -> bytes:
    kept, at = [], 12
    while at < len(raw):
        name, (length,) = raw[at : at + 4], struct.unpack_from("<I", raw, at + 4)
        whole = raw[at : at + 8 + length + length % 2]
        if name == b"VP8X":  # its flags must not promise what is gone (WebP container specification, 2.7)
            whole = whole[:8] + bytes([whole[8] & ~0x0C]) + whole[9:]
        if name not in {b"EXIF", b"XMP "}:
            kept.append(whole)
        at += 8 + length + length % 2
    body = b"WEBP" + b"".join(kept)
    return b"RIFF" + struct.pack("<I", len(body)) + body
