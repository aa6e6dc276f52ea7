"""The programme from real encoded packets to files: who is seen, who is heard, and what a crash leaves."""

from __future__ import annotations

import io
import subprocess
import sys
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import BinaryIO, cast

import av
import pytest

from realtime.media.engine import Engine
from realtime.media.recorder import pipe
from realtime.media.recorder.finish import finish
from realtime.media.recorder.folder import Folder, read_pieces
from realtime.media.recorder.link import RecorderLink, _Stage
from realtime.media.recorder.programme import DiskFull, Programme
from realtime.media.recorder.source import Clock
from realtime.media.room import Writing

from .talks import FPS, Speaker, Talk, energy, shades


@pytest.fixture
def talk(tmp_path: Path) -> Talk:
    return Talk(tmp_path)


def test_programme_plays_back_whole_from_its_playlist(talk: Talk) -> None:
    speaker = Speaker("one", shade=60, hz=440)
    talk.open(kept=False)
    talk.run(speaker, seconds=7, of=7)
    talk.end()

    with av.open(str(talk.folder / "programme.m3u8"), "r") as container:
        frames = list(container.decode(video=0))
    times = [float(frame.time or 0) for frame in frames]
    assert len(frames) == 7 * FPS
    assert max(later - earlier for later, earlier in zip(times[1:], times, strict=False)) < 0.15
    assert energy(talk.folder / "sound.m3u8", 440) > 0.2
    assert talk.told == pipe.Told("talk", "folder-of-the-talk", hls=True, recording=False, fault=None)


def nearest(shade: int) -> int:
    return min((60, 121, 200), key=lambda known: abs(known - shade))


def test_picture_follows_who_speaks_and_the_shared_screen_goes_first(talk: Talk) -> None:
    one, two = Speaker("one", shade=60, hz=440), Speaker("two", shade=121, hz=1_000)
    screen = Speaker("screen", shade=200, hz=3_000, kind="screen")
    talk.open(kept=True)
    talk.run(one, two, seconds=4, of=12, loud=one)
    talk.run(one, two, seconds=4, of=12, loud=two)
    talk.run(one, two, screen, seconds=4, of=12, loud=two)
    talk.end()

    (programme, *tracks) = finish(talk.folder)

    shown = [nearest(seen) for _, seen in shades(talk.folder / programme.name)]
    assert programme.duration_ms == pytest.approx(12_000, abs=300)
    assert (shown[1:4], shown[5:7], shown[9:12]) == ([60] * 3, [121] * 2, [200] * 3)
    for hz in (440, 1_000):
        assert energy(talk.folder / programme.name, hz) > 0.2  # both are heard, whoever is seen
    assert energy(talk.folder / programme.name, 700) < 0.02
    assert [track.label for track in tracks] == ["one", "two", "screen"]
    told = [(track.source, round(track.at_ms / 1000)) for track in tracks]
    assert told == [("camera", 0), ("camera", 0), ("screen", 8)]
    assert [round(track.duration_ms / 1000) for track in tracks] == [12, 12, 4]
    assert energy(talk.folder / tracks[0].name, 440) > 0.2
    assert energy(talk.folder / tracks[0].name, 1_000) < 0.02


def test_finished_file_seeks_and_has_its_index_in_front(talk: Talk) -> None:
    talk.open(kept=True)
    talk.run(Speaker("one", shade=60, hz=440), seconds=6, of=12)
    talk.end()

    (programme, _) = finish(talk.folder)

    data = (talk.folder / programme.name).read_bytes()
    assert data.index(b"moov") < data.index(b"mdat")
    with av.open(io.BytesIO(data), "r") as container:
        assert container.duration == pytest.approx(6_000_000, abs=300_000)
        container.seek(4_000_000)
        assert 3.0 <= float(next(container.decode(video=0)).time or 0) <= 4.0
    assert programme.bytes == len(data)


def test_only_what_was_wished_is_kept(talk: Talk) -> None:
    speaker = Speaker("one", shade=60, hz=440)
    talk.open(kept=False)
    talk.run(speaker, seconds=4, of=12)
    talk.open(kept=True)
    talk.run(speaker, seconds=4, of=12)
    talk.open(kept=False)
    talk.run(speaker, seconds=4, of=12)
    talk.end()

    (programme, track) = finish(talk.folder)

    assert 3_500 <= programme.duration_ms <= 5_500  # the change waits for what was begun
    assert track.duration_ms == pytest.approx(4_000, abs=1_000)
    assert sum(piece.duration for piece in read_pieces(talk.folder)) == pytest.approx(12, abs=0.3)


def test_session_that_nobody_wished_recorded_leaves_no_file(talk: Talk) -> None:
    talk.open(kept=False)
    talk.run(Speaker("one", shade=60, hz=440), seconds=3, of=12)
    talk.end()

    assert finish(talk.folder) == []


def test_lost_packet_costs_the_pictures_to_the_next_keyframe_and_no_more(talk: Talk) -> None:
    speaker = Speaker("one", shade=60, hz=440)
    lost = iter([False] * 15 + [True])
    speaker.lose = lambda sequence: next(lost, False)
    talk.open(kept=True)
    talk.run(speaker, seconds=6, of=12)
    talk.end()

    (programme, _) = finish(talk.folder)

    with av.open(str(talk.folder / programme.name), "r") as container:
        frames = [float(frame.time or 0) for frame in container.decode(video=0)]
    assert 6 * FPS - FPS <= len(frames) < 6 * FPS
    assert programme.duration_ms == pytest.approx(6_000, abs=300)
    assert pipe.Ask("talk", "one") in talk.answers


def test_voice_goes_on_while_the_picture_has_stopped(talk: Talk) -> None:
    """A camera that delivers nothing more, of somebody who speaks on, and comes back."""
    speaker = Speaker("one", shade=200, hz=440)
    talk.open(kept=True)
    talk.run(speaker, seconds=3, of=12)
    speaker.lose = lambda sequence: True
    talk.run(speaker, seconds=6, of=12)
    known = read_pieces(talk.folder)
    speaker.lose = lambda sequence: False
    talk.run(speaker, seconds=3, of=12)
    talk.end()

    assert sum(piece.duration for piece in known) >= 9 - 4.5  # whoever watches behind heard of it in time
    pieces = read_pieces(talk.folder)
    assert max(piece.duration for piece in pieces) < 4.5
    assert sum(piece.duration for piece in pieces) == pytest.approx(12, abs=0.3)
    seen = dict(shades(talk.folder / "programme.m3u8"))
    assert all(seen[second] > 150 for second in (0, 1, 2, 10, 11))
    assert all(seen[second] < 100 for second in (5, 6, 7, 8))
    assert energy(talk.folder / "sound.m3u8", 440) > 0.2


class Junk(Speaker):
    """Sends what calls itself keyframes and is nothing."""

    def _picture(self, push: Callable[[pipe.Push], None], number: int, now: float, seconds: int) -> None:
        said = [b"\x67\x42\xff\xff\xff", b"\x68\xff", b"\x65" + bytes(50)]
        payloads = said if self.codec == "H264" else [b"\x10" + bytes(50)]
        self._packet(push, "video", payloads, number * 90_000 // FPS, now, keyframe=True)


def test_unreadable_pictures_of_one_take_nothing_from_the_others(talk: Talk) -> None:
    one = Speaker("one", shade=60, hz=440)
    junk = [Junk("two", shade=121, hz=700), Junk("three", shade=121, hz=1_000, codec="VP8")]
    talk.open(kept=True)
    talk.run(one, *junk, seconds=6, of=12, loud=one)
    talk.end()

    (programme, *tracks) = finish(talk.folder)

    assert [answer.fault for answer in talk.answers if isinstance(answer, pipe.Told)] == [None] * 2
    assert programme.duration_ms == pytest.approx(6_000, abs=300)
    assert energy(talk.folder / programme.name, 700) > 0.2
    assert {track.label for track in tracks} == {"one", "two", "three"}


def test_clock_that_lies_moves_nothing_far_from_where_it_arrives() -> None:
    clock = Clock(90_000)
    clock.arrived(clock.unwrap(0), 5.0)
    clock.set(0, 3_600.0)
    assert (clock.at(0), clock.synced) == (5.0, False)

    clock.set(0, 5.3)
    clock.arrived(clock.unwrap(90_000), 6.0)
    assert (clock.at(90_000), clock.synced) == (6.3, True)

    clock.arrived(clock.unwrap(90_000 * 3_600), 6.1)
    assert clock.at(90_000 * 3_600) == pytest.approx(6.1)


async def test_stage_whose_writing_failed_is_begun_anew(engine: Engine, tmp_path: Path) -> None:
    now, sent = [100.0], list[pipe.Message]()
    link = RecorderLink(tmp_path, changed=lambda room: None, clock=lambda: now[0])
    stage = link._stages["talk"] = _Stage(engine.room("talk"), Writing("folder-of-the-talk", record=True))
    link.send = sent.append  # type: ignore[assignment, method-assign]
    failed = pipe.Told("talk", "folder-of-the-talk", hls=False, recording=False, fault="disk_full")

    link._heed(failed)
    link._look(stage, 101.0, read=False)
    assert not sent
    for now[0] in (111.0, 122.0):  # it may be full still
        link._look(stage, now[0], read=False)
        assert sent.pop(1) == pipe.Open("talk", "folder-of-the-talk", True)
        link._heed(failed)
        sent.clear()
    link._heed(replace(failed, fault=None, recording=True))
    link._look(stage, 200.0, read=False)
    assert not sent


def test_vp8_is_kept_as_webm_and_heard_by_hls(talk: Talk) -> None:
    talk.open(kept=True)
    talk.run(Speaker("one", shade=60, hz=440, codec="VP8"), seconds=5, of=12)
    talk.end()

    (programme, track) = finish(talk.folder)

    assert (programme.name, programme.type) == ("programme.webm", "video/webm")
    assert programme.duration_ms == pytest.approx(5_000, abs=1_300)
    assert energy(talk.folder / programme.name, 440) > 0.2
    assert "programme.m3u8" not in (talk.folder / "live.m3u8").read_text()
    assert energy(talk.folder / "sound.m3u8", 440) > 0.2
    assert track.duration_ms == pytest.approx(5_000, abs=1_300)


def test_break_goes_on_in_the_same_folder_without_a_hole(talk: Talk) -> None:
    speaker = Speaker("one", shade=60, hz=440)
    talk.open(kept=True)
    talk.run(speaker, seconds=3, of=12)
    talk.end(ended=False)
    talk.second += 600
    talk.open(kept=True)
    talk.second -= 600  # the clock of the packets; only the recorder's own moved on
    talk.recorder._programmes["talk"]._start = talk.second
    talk.run(speaker, seconds=3, of=12)
    talk.end()

    (programme, *_) = finish(talk.folder)

    assert programme.duration_ms == pytest.approx(6_000, abs=400)
    assert "#EXT-X-DISCONTINUITY" in (talk.folder / "programme.m3u8").read_text()


def test_full_disk_ends_the_recording_and_tells_so(tmp_path: Path) -> None:
    talk = Talk(tmp_path)
    talk.open(kept=True)
    talk.run(Speaker("one", shade=60, hz=440), seconds=4, of=12)
    talk.recorder._programmes["talk"]._least_free = 1 << 60

    talk.run(Speaker("one", shade=60, hz=440), seconds=2, of=12)

    assert talk.told == pipe.Told("talk", "folder-of-the-talk", hls=False, recording=False, fault="disk_full")
    (programme, *_) = finish(talk.folder)
    assert programme.duration_ms >= 2_000


def test_killed_recorder_leaves_all_but_the_last_seconds(tmp_path: Path) -> None:
    """SIGKILL in the middle of a stream of packets, at a moment nobody chose."""
    command = [sys.executable, "-m", "realtime.media.recorder", "--root", str(tmp_path), "--least-free", "0"]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE) as process:
        assert process.stdin is not None
        assert process.stdout is not None
        messages: list[pipe.Message] = []
        feeder = Talk(tmp_path)
        feeder.recorder.heed = messages.append  # type: ignore[assignment, method-assign]
        feeder.open(kept=True)
        feeder.run(Speaker("one", shade=60, hz=440), seconds=9, of=12)
        process.stdin.write(b"".join(pipe.pack(message) for message in messages))
        process.stdin.flush()
        folder = tmp_path / "folder-of-the-talk"
        for told in pipe.messages(cast(BinaryIO, process.stdout)):
            if isinstance(told, pipe.Told) and told.hls and len(read_pieces(folder)) >= 1:
                break
        process.kill()
    with (folder / "index.jsonl").open("a") as index:
        index.write('{"number":99,"at":1')  # as a torn write would leave it
    whole = len(read_pieces(folder))

    (programme, track) = finish(folder)

    assert programme.duration_ms >= 2_000 * (whole - 1)
    assert len(shades(folder / programme.name)) >= 2
    assert track.duration_ms >= 1_000

    again = Folder(folder)  # the next recorder goes on after the last whole piece
    assert [piece.number for piece in again.pieces] == list(range(1, whole + 1))
    again.close()


def test_nearly_full_disk_begins_no_recording(tmp_path: Path) -> None:
    with pytest.raises(DiskFull):
        Programme(tmp_path / "x", kept=True, now=0.0, ask=lambda id: None, least_free=1 << 60)
