"""Every code a media process may answer with has a sentence here."""

from __future__ import annotations

import re
from pathlib import Path

from server.messages import known

MEDIA = Path(__file__).parents[2] / "realtime" / "media"
CODE = re.compile(r'"((?:sdp|ice|stage|peer|etag)\.[a-z_]+)"')


def test_every_code_of_media_has_a_sentence() -> None:
    codes = {code for file in MEDIA.glob("*.py") for code in CODE.findall(file.read_text())}
    assert len(codes) >= 8
    assert not {code for code in codes if not known(code)}
