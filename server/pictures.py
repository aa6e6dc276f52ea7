"""Pictures people bring: told by their bytes, measured before they are opened, and drawn anew.

What comes out is our own WebP: no metadata (place, camera, name), no second file hidden behind the first, and
never larger than a page shows. A picture that is kept as it came loses what it says of where, when and by whom it
was taken; its pixels stay as they are.
"""

from __future__ import annotations

import io
import re
import struct
import warnings
import zlib
from collections.abc import Iterator

from PIL import Image, ImageOps

PICTURE_BYTES = 8 * 1024 * 1024
MOST_PIXELS = 40_000_000
SIDE = 512
PREVIEW = (960, 720)  # a cover on a wide screen, and a picture that is looked at in its card
ENDING = "webp"
ORIENTATION = 0x0112  # Exif 2.32, 4.6.4
_PNG = b"\x89PNG\r\n\x1a\n"
_EXIF = b"Exif\0\0"
# Application segments that pictures are drawn with: JFIF, colour profile, Adobe's colour transform.
_DRAWN_WITH = {0xE0: b"JFIF\0", 0xE2: b"ICC_PROFILE\0", 0xEE: b"Adobe"}
_COMMENT, _SCAN, _END = 0xFE, 0xDA, 0xD9
_BARE_MARKERS = frozenset({0x01, *range(0xD0, 0xD9)})  # without a length (ITU-T T.81, table B.1)
_AFTER_SCAN = re.compile(rb"\xff[\x01-\xcf\xd8-\xfe]")  # in a scan, FF is followed by 00 or RST (B.1.1.5)
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

    It ends where its format says that it ends: what hangs on behind, such as a second picture or a film, goes.
    What is of another format comes back as it was: it was told a picture by its first bytes alone.
    """
    if raw.startswith(b"\xff\xd8"):
        return raw[:2] + b"".join(_of_jpeg(raw, _turned(raw)))
    if raw.startswith(_PNG):
        return raw[:8] + b"".join(_of_png(raw, _turned(raw)))
    if raw[:4] == b"RIFF" and raw[8:12] == b"WEBP":
        body = b"WEBP" + b"".join(_of_webp(raw, _turned(raw)))
        return b"RIFF" + struct.pack("<I", len(body)) + body
    return raw


def _turned(raw: bytes) -> bytes:
    """Exif that holds the orientation alone, where there is one to hold, from its TIFF header on."""
    try:
        with Image.open(io.BytesIO(raw), formats=("JPEG", "PNG", "WEBP")) as opened:
            way = opened.getexif().get(ORIENTATION)
    except (OSError, ValueError, SyntaxError, LookupError, struct.error, Image.DecompressionBombError):
        return b""
    if way not in range(2, 9):
        return b""
    exif = Image.Exif()
    exif[ORIENTATION] = way
    return exif.tobytes().removeprefix(_EXIF)


def _of_jpeg(raw: bytes, turned: bytes) -> Iterator[bytes]:
    """What a JPEG is drawn with, up to its end: segments and scans, of which a progressive one has several."""
    if turned:
        yield b"\xff\xe1" + struct.pack(">H", len(_EXIF + turned) + 2) + _EXIF + turned
    at = 2
    while 0 <= (at := raw.find(b"\xff", at)) < len(raw) - 1:
        marker = raw[at + 1]
        if marker in {0x00, 0xFF}:  # fill bytes (ITU-T T.81, B.1.1.2)
            at += 1
            continue
        if marker == _END:
            yield raw[at : at + 2]
            return
        if marker in _BARE_MARKERS:
            yield raw[at : at + 2]
            at += 2
            continue
        end = at + 2 + int.from_bytes(raw[at + 2 : at + 4])
        if marker == _SCAN:
            after = _AFTER_SCAN.search(raw, end)
            end = after.start() if after else len(raw)
        if _is_drawn_with(marker, raw[at + 4 : end]):
            yield raw[at:end]
        at = end


def _is_drawn_with(marker: int, body: bytes) -> bool:
    if 0xE0 <= marker <= 0xEF:
        return marker in _DRAWN_WITH and body.startswith(_DRAWN_WITH[marker])
    return marker != _COMMENT


def _of_png(raw: bytes, turned: bytes) -> Iterator[bytes]:
    at = 8
    while at + 8 <= len(raw):
        (length,) = struct.unpack_from(">I", raw, at)
        name = raw[at + 4 : at + 8]
        if name not in _TELLING_CHUNKS:
            yield raw[at : at + 12 + length]
        if name == b"IHDR" and turned:
            told = b"eXIf" + turned
            yield struct.pack(">I", len(turned)) + told + struct.pack(">I", zlib.crc32(told))
        if name == b"IEND":
            return
        at += 12 + length


def _of_webp(raw: bytes, turned: bytes) -> Iterator[bytes]:
    """Its chunks; the flags of the first must promise what there is (WebP container specification, 2.7)."""
    at, end = 12, min(len(raw), 8 + int.from_bytes(raw[4:8], "little"))
    while at + 8 <= end:
        name, (length,) = raw[at : at + 4], struct.unpack_from("<I", raw, at + 4)
        whole = raw[at : min(end, at + 8 + length + length % 2)]
        if name == b"VP8X" and len(whole) > 8:
            whole = whole[:8] + bytes([whole[8] & ~0x0C | (0x08 if turned else 0)]) + whole[9:]
        if name not in {b"EXIF", b"XMP "}:
            yield whole
        at += 8 + length + length % 2
    if turned:
        yield b"EXIF" + struct.pack("<I", len(turned)) + turned + b"\0" * (len(turned) % 2)
