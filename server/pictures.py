"""Pictures people bring: told by their bytes, measured before they are opened, and drawn anew.

What comes out is our own WebP: no metadata (place, camera, name), no second file hidden behind the first, and
never larger than a page shows.
"""

from __future__ import annotations

import io
import warnings

from PIL import Image, ImageOps

PICTURE_BYTES = 8 * 1024 * 1024
MOST_PIXELS = 40_000_000
SIDE = 512
PREVIEW = (960, 720)  # a cover on a wide screen, and a picture that is looked at in its card
ENDING = "webp"
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
