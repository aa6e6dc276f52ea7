"""The example's recordings: of the talk that is over, made small and quickly, and of the one on air."""

from __future__ import annotations

import shutil
from dataclasses import asdict
from datetime import timedelta
from pathlib import Path

from sqlmodel import Session

from models.base import now
from models.conference import ConferenceSession
from models.recording import Recording
from realtime.media.recorder.depacketise import Picture
from realtime.media.recorder.finish import PROGRAMME, Made, finish
from realtime.media.recorder.folder import Folder
from realtime.media.recorder.mixer import BLOCK, Ear, Mixer
from realtime.media.recorder.segmenter import Segmenter
from server.actions import recording
from server.demo.people import LIVE_SESSION, fixed
from server.demo.talk import Talk, video_encoder
from server.queries import recording as queries

OPENING = fixed("session:opening")
RECORDING = fixed("recording:opening")
FOLDER = "the-opening-of-the-example"
SECONDS = 30
PICTURES_PER_S = 2
"""Slides do not move: two pictures a second cost a twelfth of a film's."""

_FILM_RATE = 25


def make(data_dir: Path) -> list[Made]:
    """Half a minute of the demo's film as a recording; the files that are there already stay."""
    path = data_dir / "recordings" / FOLDER
    whole = path / PROGRAMME
    if whole.exists():
        return [Made(PROGRAMME, "programme", "", "video/mp4", whole.stat().st_size, SECONDS * 1000)]
    shutil.rmtree(path, ignore_errors=True)
    _write(path)
    made = finish(path)
    for file in path.iterdir():
        if file.name != PROGRAMME:
            file.unlink()
    return made


def _write(path: Path) -> None:
    talk, encoder, folder = Talk(), video_encoder(), Folder(path)
    segmenter, ear, mixer = Segmenter(folder, kept=True), Ear(), Mixer()
    for number in range(SECONDS * 50):
        for planes in ear.decode(talk.sound(number).data):
            mixer.add(number * BLOCK, planes)
    for number in range(SECONDS * PICTURES_PER_S):
        frame = talk.draw(number * _FILM_RATE // PICTURES_PER_S)
        frame.pts = number
        (packet,) = encoder.encode(frame)
        units = bytes(packet).replace(b"\0\0\0\1", b"\0\0\1").split(b"\0\0\1")
        picture = Picture(tuple(unit for unit in units if unit), packet.is_keyframe)
        at = number / PICTURES_PER_S
        for heard in mixer.pull(int((at + 1 / PICTURES_PER_S) * 48_000)):
            segmenter.sound(heard)
        segmenter.picture(at, "H264", picture)
    segmenter.close(ended=True)
    folder.close()


def lay_out(db: Session, made: list[Made]) -> None:
    """What was recorded of the opening, and a fresh beginning for the talk that is on air."""
    if db.get(Recording, RECORDING) is None:
        db.add(
            Recording(
                id=RECORDING,
                session_id=OPENING,
                folder=FOLDER,
                state="ready",
                kept=True,
                started_at=now() - timedelta(minutes=110),
                ended_at=now() - timedelta(minutes=65),
                files=[asdict(one) for one in made],
                size=sum(one.bytes for one in made),
                duration_ms=sum(one.duration_ms for one in made if one.kind == "programme"),
            )
        )
    earlier = queries.running(db, LIVE_SESSION)
    if earlier is not None:
        earlier.state = "deleted"
    db.flush()
    recording.follow(db, db.get_one(ConferenceSession, LIVE_SESSION))
