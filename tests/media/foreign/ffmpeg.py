"""FFmpeg's own WHIP client as a foreign peer: it sends the example's talk, and comes back whenever it is cut off.

`python -m tests.media.foreign.ffmpeg --url http://127.0.0.1:8000/whip/SESSION --key KEY`
"""

from __future__ import annotations

import argparse
import contextlib
import datetime
import io
import logging
import os
import random
import signal
import sys
import tempfile
import threading
import time
from collections.abc import Iterator
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path

import av
from av.container import OutputContainer
from av.stream import Stream
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec

from server.demo.talk import FRAMES_PER_S, GROUP_S, SAMPLE_RATE, SOUND_S, Encoded, Talk

logger = logging.getLogger(__name__)

_FIRST_PAUSE_S = 0.5
_LONGEST_PAUSE_S = 8.0
_STEADY_S = 10.0
"""After so long on air the next pause begins short again."""

_LAST_WORD_S = 3.0
"""How long FFmpeg may take to say good-bye before the process ends without it."""

_STUCK_S = 10.0
"""FFmpeg waits for ever, and deaf to signals, on a server that closed the stream (seen with 8.1)."""

_VIDEO_TIME = Fraction(1, 90_000)
_AUDIO_TIME = Fraction(1, SAMPLE_RATE)


class Progress:
    """When something last went forward; a thread may look at it while FFmpeg holds the main one."""

    def __init__(self) -> None:
        self._moment = time.monotonic()

    def made(self) -> None:
        self._moment = time.monotonic()

    @property
    def stuck(self) -> bool:
        return time.monotonic() - self._moment > _STUCK_S


def push(talk: Talk, *, url: str, key: str, stop: threading.Event, progress: Progress) -> None:
    """Publish until `stop` is set; every failure is followed by a pause, never by an end."""
    pause = _FIRST_PAUSE_S
    with _certificate() as (certificate, private_key), _templates(talk) as templates:
        options = {
            "authorization": key,
            "cert_file": str(certificate),
            "key_file": str(private_key),
            "whip_flags": "dtls_active",
        }
        while not stop.is_set():
            began = time.monotonic()
            progress.made()
            try:
                with av.open(url, "w", format="whip", options=options) as container:
                    _play(talk, container, templates, stop, progress)
            except (av.FFmpegError, OSError) as error:
                logger.info("it is off air: %s", error)
            progress.made()
            if time.monotonic() - began > _STEADY_S:
                pause = _FIRST_PAUSE_S
            stop.wait(pause * random.uniform(0.7, 1.3))
            pause = min(_LONGEST_PAUSE_S, pause * 2)


@dataclass(frozen=True)
class _Templates:
    video: Stream
    audio: Stream


def _play(
    talk: Talk,
    container: OutputContainer,
    templates: _Templates,
    stop: threading.Event,
    progress: Progress,
) -> None:
    video = container.add_stream_from_template(templates.video)
    audio = container.add_stream_from_template(templates.audio)
    container.start_encoding()
    began, first = _beginning()
    picture = sound = 0
    while not stop.is_set():
        due = began + picture / FRAMES_PER_S
        stop.wait(max(0.0, due - time.monotonic()))
        _mux(container, video, talk.picture(first + picture), Fraction(picture, FRAMES_PER_S), _VIDEO_TIME)
        while sound * SOUND_S <= Fraction(picture, FRAMES_PER_S):
            _mux(container, audio, talk.sound(sound), sound * SOUND_S, _AUDIO_TIME)
            sound += 1
        picture += 1
        progress.made()


def _beginning() -> tuple[float, int]:
    """When to start and with which picture, so that the clock in it shows the true second."""
    now = time.time()
    start = (now // GROUP_S + 1) * GROUP_S
    return time.monotonic() + (start - now), int(start) % 60 * FRAMES_PER_S


def _mux(container: OutputContainer, stream: Stream, encoded: Encoded, at: Fraction, unit: Fraction) -> None:
    packet = av.Packet(encoded.data)
    packet.stream = stream
    packet.time_base = unit
    packet.pts = packet.dts = int(at / unit)
    packet.is_keyframe = encoded.keyframe
    container.mux(packet)


@contextlib.contextmanager
def _templates(talk: Talk) -> Iterator[_Templates]:
    """What the muxer must know of both streams, read from a second of the talk as from a file."""
    pictures = b"".join(talk.picture(number).data for number in range(FRAMES_PER_S))
    with (
        av.open(io.BytesIO(pictures), "r", format="h264") as video,
        av.open(_opus_file(talk), "r", format="ogg") as audio,
    ):
        yield _Templates(video=video.streams.video[0], audio=audio.streams.audio[0])


def _opus_file(talk: Talk) -> io.BytesIO:
    file = io.BytesIO()
    with av.open(file, "w", format="ogg") as container:
        stream = container.add_stream("libopus", rate=SAMPLE_RATE, layout="stereo")
        container.start_encoding()
        for number in range(5):
            _mux(container, stream, talk.sound(number), number * SOUND_S, _AUDIO_TIME)
    file.seek(0)
    return file


@contextlib.contextmanager
def _certificate() -> Iterator[tuple[Path, Path]]:
    """A certificate on P-256: the one FFmpeg makes itself is on a curve that WebRTC servers refuse."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "multaqa-film")])
    now = datetime.datetime.now(datetime.UTC)
    certificate = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - datetime.timedelta(days=1))
        .not_valid_after(now + datetime.timedelta(days=365))
        .sign(key, hashes.SHA256())
    )
    with tempfile.TemporaryDirectory(prefix="multaqa-film-") as folder:
        paths = Path(folder, "certificate.pem"), Path(folder, "key.pem")
        paths[0].write_bytes(certificate.public_bytes(serialization.Encoding.PEM))
        paths[1].touch(mode=0o600)
        paths[1].write_bytes(
            key.private_bytes(
                serialization.Encoding.PEM,
                serialization.PrivateFormat.PKCS8,
                serialization.NoEncryption(),
            )
        )
        yield paths


def run(*, url: str, key: str, control_pipe: int | None = None) -> None:
    """Send until the control pipe ends, or until a signal when there is none.

    Needs a process of its own: when FFmpeg is stuck, the process starts itself anew.
    """
    stop = threading.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, signal.SIG_DFL if control_pipe is None else signal.SIG_IGN)
    if control_pipe is not None:
        os.set_inheritable(control_pipe, True)
        threading.Thread(target=_follow, args=(control_pipe, stop), daemon=True).start()
    talk, progress = Talk(), Progress()
    threading.Thread(target=_watch, args=(stop, progress), daemon=True).start()
    push(talk, url=url, key=key, stop=stop, progress=progress)


def _follow(control_pipe: int, stop: threading.Event) -> None:
    while os.read(control_pipe, 1024):
        pass
    stop.set()
    time.sleep(_LAST_WORD_S)
    os._exit(0)  # FFmpeg waits for an answer that will not come; nothing here is worth keeping


def _watch(stop: threading.Event, progress: Progress) -> None:
    while not stop.wait(1.0):
        if progress.stuck:
            logger.info("it is stuck and starts again")
            os.execv(sys.executable, sys.orig_argv)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--url", required=True, help="WHIP address of the session")
    parser.add_argument("--key", required=True, help="stream key")
    parser.add_argument("--control-pipe", type=int, help="descriptor of a pipe whose end is the order to stop")
    arguments = parser.parse_args()
    logging.basicConfig(level=logging.INFO)
    run(url=arguments.url, key=arguments.key, control_pipe=arguments.control_pipe)


if __name__ == "__main__":
    main()
