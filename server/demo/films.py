"""The example's films: two talks that begin anew for ever, and one that waits on the desk to be put on air.

`python -m server.demo.films DATA_DIR` makes their files, once: the server starts meanwhile, and a film comes on
air when its file is there.
"""

from __future__ import annotations

import io
import math
import os
import subprocess
import sys
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from uuid import UUID

import av
from av.audio.frame import AudioFrame
from av.video.frame import PictureType, VideoFrame
from PIL import Image, ImageDraw
from sqlmodel import Session

from models.base import now
from models.film import Film
from server.demo.people import BESIDE, LIVE_SESSION, ON_AIR, Someone, fixed
from server.demo.talk import (
    CARD_S,
    FRAMES_PER_S,
    GROUP_S,
    HEIGHT,
    SAMPLE_RATE,
    WIDTH,
    Planes,
    Talk,
    hum,
    video_options,
)
from server.domain.film import FILE

NICENESS = 5
BESIDE_SIZE = (640, 360)
CLIP_S = 20
CLIP_RATE = 5


@dataclass(frozen=True)
class Example:
    """A film as the example knows it. `by` is seen as speaking; without one it is a film to show."""

    key: str
    name: str
    width: int
    height: int
    seconds: int
    by: Someone
    loop: bool

    @property
    def id(self) -> UUID:
        return fixed(f"film:{self.key}")

    @property
    def folder(self) -> str:
        return f"the-film-of-the-example-{self.key}"


BESIDE_FILM = Example("beside", "كلمة مسجّلة", *BESIDE_SIZE, CARD_S, BESIDE, loop=True)
TALK = Example("talk", "شرائح الكلمة", WIDTH, HEIGHT, 60, ON_AIR, loop=True)
CLIP = Example("clip", "ثلاث عادات تنجح", WIDTH, HEIGHT, CLIP_S, ON_AIR, loop=False)
FILMS = (BESIDE_FILM, TALK, CLIP)


def lay_out(db: Session) -> None:
    """The rows; the two that run began with a full minute, so that the clock in one shows the true second."""
    began = datetime.fromtimestamp(now().timestamp() // 60 * 60, UTC)
    for one in FILMS:
        film = db.get(Film, one.id)
        if film is None:
            film = Film(id=one.id, name=one.name, folder=one.folder, announced=0)
            film.session_id, film.person_id, film.state = LIVE_SESSION, one.by.id, "ready"
            film.duration_ms, film.width, film.height, film.sound = one.seconds * 1000, one.width, one.height, True
            film.speaks = film.loop = one.loop
            db.add(film)
        film.shown_in, film.shown_since = (LIVE_SESSION, began) if one.loop else (None, None)
    db.flush()


def make_beside(data_dir: Path) -> None:
    """Let a process of its own make what is not there yet."""
    if all((data_dir / "films" / one.folder / FILE).exists() for one in FILMS):
        return
    subprocess.Popen(
        [sys.executable, "-m", __name__, str(data_dir)], stdin=subprocess.DEVNULL, start_new_session=True
    )


def make(data_dir: Path) -> None:
    for one in FILMS:
        path = data_dir / "films" / one.folder / FILE
        if path.exists():
            continue
        path.parent.mkdir(parents=True, exist_ok=True)
        draft = path.with_suffix(".part")
        rate, pictures = _pictures(one)
        write(draft, pictures, _sounds(one), rate=rate)
        draft.replace(path)


def write(path: Path, pictures: Iterable[VideoFrame], sounds: Iterator[AudioFrame], *, rate: int) -> None:
    """A film as the stage sends it, cheaply: what is drawn hardly moves."""
    with av.open(str(path), "w", format="mp4", options={"movflags": "+faststart"}) as made:
        sound = made.add_stream("libopus", rate=SAMPLE_RATE, layout="stereo")
        sound.bit_rate = 48_000
        sound.codec_context.format = "s16"
        video = None
        heard = 0
        for number, frame in enumerate(pictures):
            if video is None:
                video = made.add_stream("libx264", rate=rate, width=frame.width, height=frame.height)
                video.pix_fmt = "yuv420p"
                video.codec_context.gop_size = GROUP_S * rate
                video.codec_context.thread_count = 1
                video.options = dict(video_options("ultrafast"))
            frame.pts = number
            frame.pict_type = PictureType.I if number % (GROUP_S * rate) == 0 else PictureType.NONE
            made.mux(video.encode(frame))
            while heard * rate <= number * 50:  # 20 ms each
                made.mux(sound.encode(next(sounds)))
                heard += 1
        assert video is not None
        made.mux(video.encode())
        for frame_of_sound in sounds:
            made.mux(sound.encode(frame_of_sound))
        made.mux(sound.encode())


def _pictures(one: Example) -> tuple[int, Iterator[VideoFrame]]:
    if one is BESIDE_FILM:
        return FRAMES_PER_S, _face()
    talk = Talk()
    if one is TALK:
        return FRAMES_PER_S, (talk.draw(number) for number in range(one.seconds * FRAMES_PER_S))
    first = 2 * CARD_S * FRAMES_PER_S  # the card that the clip is named after
    return CLIP_RATE, (
        talk.draw(first + number * FRAMES_PER_S // CLIP_RATE) for number in range(CLIP_S * CLIP_RATE)
    )


def _sounds(one: Example) -> Iterator[AudioFrame]:
    """The two take turns: one speaks for eight seconds of each card, the other answers."""
    if one is BESIDE_FILM:
        return hum(one.seconds, tones=((392.00, 493.88, 587.33),), begins=8, lasts=4)
    return hum(one.seconds, begins=0, lasts=8)


def _face() -> Iterator[VideoFrame]:
    """Somebody drawn, with rings of sound round them while they speak."""
    steps = [_drawn(step) for step in range(9)]
    for number in range(CARD_S * FRAMES_PER_S):
        at = number / FRAMES_PER_S
        loud = math.sin(math.pi * (at - 8) / 4) * abs(math.sin(at * 5)) if at > 8 else 0.0
        yield steps[round(8 * max(0.0, loud))]


def _drawn(step: int) -> VideoFrame:
    width, height = BESIDE_SIZE
    image = Image.new("RGB", BESIDE_SIZE, "#dfeceb")
    draw = ImageDraw.Draw(image)
    middle = width // 2
    for ring in range(3):
        reach = 74 + (ring + 1) * step * 5
        draw.ellipse((middle - reach, 130 - reach, middle + reach, 130 + reach), outline="#2a7f7a", width=4)
    draw.ellipse((middle - 190, 220, middle + 190, 600), fill="#6a3d7c")
    draw.ellipse((middle - 72, 58, middle + 72, 202), fill="#4a2a57")
    open_px = 4 + 2 * step
    draw.ellipse((middle - 22, 160 - open_px // 2, middle + 22, 160 + open_px), fill="#f2e9f5")
    draw.rectangle((0, height - 12, width, height), fill="#2a7f7a")
    out = io.BytesIO()
    image.save(out, "PNG")
    return Planes.of(out.getvalue()).frame()


if __name__ == "__main__":
    os.nice(NICENESS)
    make(Path(sys.argv[1]))
