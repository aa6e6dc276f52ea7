"""Pictures as everybody's screen can show them: whole ones, upright, and of ordinary brightness."""

from __future__ import annotations

from collections.abc import Iterator
from fractions import Fraction

import av
from av.filter import Graph
from av.video.frame import VideoFrame
from av.video.reformatter import ColorTrc

CLOCK = 90_000
_TURNS = {90: ("cclock",), 180: ("cclock", "cclock"), 270: ("clock",)}
_BRIGHT = frozenset({ColorTrc.SMPTE2084, ColorTrc.ARIB_STD_B67})
"""PQ and HLG (ITU-R BT.2100): shown as they are, everything looks grey and dark."""

_FIELDS = "mode=send_frame:deint=interlaced"
_ORDINARY = (
    "out_primaries=bt709:out_transfer=bt709:out_color_matrix=bt709:out_range=tv:intent=perceptual:flags=bicubic"
)


class Plain:
    """Takes decoded pictures with their moments and gives them back mended, some of them a picture later.

    Pictures of two fields (from cameras and discs) become whole ones, those of a telephone held upright are
    turned, and those with high dynamic range get the colours of BT.709.
    """

    def __init__(self) -> None:
        self._graph: Graph | None = None
        self._shape: object = None
        self._interlaced = False

    def take(self, frame: VideoFrame, at: Fraction) -> Iterator[tuple[VideoFrame, Fraction]]:
        self._interlaced = self._interlaced or frame.interlaced_frame
        steps = list(self._steps(frame))
        if not steps:
            yield from self.end()
            yield frame, at
            return
        shape = (frame.width, frame.height, frame.format.name, frame.colorspace, frame.color_range, *steps)
        if self._graph is None or shape != self._shape:
            yield from self.end()
            self._graph, self._shape = _built(frame, steps), shape
        frame.pts, frame.time_base = round(at * CLOCK), Fraction(1, CLOCK)
        self._graph.vpush(frame)
        yield from _pulled(self._graph)

    def end(self) -> Iterator[tuple[VideoFrame, Fraction]]:
        """What was held back."""
        if self._graph is not None:
            self._graph.vpush(None)
            yield from _pulled(self._graph)
            self._graph = None

    def _steps(self, frame: VideoFrame) -> Iterator[tuple[str, str]]:
        if self._interlaced:
            yield "bwdif", _FIELDS
        for turn in _TURNS.get(round(frame.rotation) % 360, ()):
            yield "transpose", turn
        if frame.color_trc in _BRIGHT:
            yield "scale", _ORDINARY


def _built(frame: VideoFrame, steps: list[tuple[str, str]]) -> Graph:
    graph = Graph()
    shape = f"video_size={frame.width}x{frame.height}:pix_fmt={frame.format.name}:time_base=1/{CLOCK}"
    # The graph must know them beforehand, else it begins anew with the first picture.
    colours = f":colorspace={int(frame.colorspace)}:range={int(frame.color_range)}"
    parts = [graph.add("buffer", shape + colours), *(graph.add(*step) for step in steps), graph.add("buffersink")]
    graph.link_nodes(*parts).configure()
    return graph


def _pulled(graph: Graph) -> Iterator[tuple[VideoFrame, Fraction]]:
    while True:
        try:
            frame = graph.vpull()
        except (av.BlockingIOError, av.EOFError):
            return
        assert frame.pts is not None
        assert frame.time_base is not None
        yield frame, Fraction(frame.pts * frame.time_base)
