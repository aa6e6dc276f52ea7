"""The last publications of one channel as frames ready to write, shared by everyone who needs them again."""

from collections.abc import Sequence

from realtime.hub.deflate import squeeze_frame
from realtime.hub.ports import Frame, Position
from realtime.hub.wire import frame_text, payload_of


class Entry:
    """One publication, ready to write; compressed when the first connection wants it so, and then for all."""

    __slots__ = ("_squeezed", "id", "total", "wire")

    def __init__(self, id: str, wire: bytes, total: int) -> None:
        self.id = id
        self.wire = wire
        self.total = total  # bytes of all entries up to and with this one; only differences mean something
        self._squeezed: bytes | None = None

    def squeezed(self, at_least: int) -> bytes:
        if self._squeezed is None:
            self._squeezed = squeeze_frame(self.wire, at_least=at_least)
        return self._squeezed


class ChannelLog:
    """Contiguous from `base` (exclusive) to `head` (inclusive); both positions are always known.

    Bounded by frames and bytes (as said, not as compressed): the oldest go first, but never those after
    `keep_after`.
    """

    __slots__ = ("_entries", "_max_bytes", "_max_frames", "base", "head")

    def __init__(self, head: Position, *, max_frames: int, max_bytes: int) -> None:
        self.base = head
        self.head = head
        self._entries: list[Entry] = []
        self._max_frames = max_frames
        self._max_bytes = max_bytes

    def __len__(self) -> int:
        return len(self._entries)

    def append(self, frame: Frame) -> None:
        if frame.offset != self.head.offset + 1:
            raise ValueError(f"offset {frame.offset} after {self.head.offset} in {frame.channel}")
        wire = frame_text(frame.payload)
        total = self._entries[-1].total if self._entries else 0
        self._entries.append(Entry(frame.id, wire, total + len(wire)))
        self.head = frame.position

    def prepend(self, base: Position, frames: Sequence[Frame]) -> None:
        """Put older publications before the log; they must end exactly where it begins."""
        total = self._entries[0].total - len(self._entries[0].wire) if self._entries else 0
        older: list[Entry] = []
        for frame in reversed(frames):
            wire = frame_text(frame.payload)
            older.append(Entry(frame.id, wire, total))
            total -= len(wire)
        self._entries[:0] = reversed(older)
        self.base = base

    def forget(self, upto: int) -> None:
        """Drop everything up to an offset: who needs it reads it from History."""
        number = upto - self.base.offset
        if number > 0:
            self.base = Position(upto, self._entries[number - 1].id)
            del self._entries[:number]

    def trim(self, *, keep_after: int) -> None:
        """Drop the oldest quarter once a bound is passed, so that trimming is rare."""
        if len(self._entries) <= self._max_frames and self.bytes_after(self.base.offset) <= self._max_bytes:
            return
        frames, size = self._max_frames * 3 // 4, self._max_bytes * 3 // 4
        last = self._entries[-1].total
        cut = next(
            index
            for index, entry in enumerate(self._entries)
            if len(self._entries) - index - 1 <= frames and last - entry.total <= size
        )
        cut = min(cut, keep_after - self.base.offset - 1)
        if cut >= 0:
            self.base = Position(self.base.offset + cut + 1, self._entries[cut].id)
            del self._entries[: cut + 1]

    def position_at(self, offset: int) -> Position | None:
        """The position with this offset, or None where the log does not reach."""
        if offset == self.base.offset:
            return self.base
        index = offset - self.base.offset - 1
        return Position(offset, self._entries[index].id) if 0 <= index < len(self._entries) else None

    def bytes_after(self, offset: int, until: int | None = None) -> int:
        """How many bytes on the wire stand between two offsets the log holds."""
        last = len(self._entries) if until is None else until - self.base.offset
        first = offset - self.base.offset
        if first >= last:
            return 0
        first_entry = self._entries[first]
        return self._entries[last - 1].total - first_entry.total + len(first_entry.wire)

    def wires(self, after: int, until: int) -> bytes:
        """The frames after one offset up to another, ready to write in one go."""
        return join_wires(self.between(after, until))

    def payloads(self, after: int, until: int) -> list[memoryview]:
        return [payload_of(entry.wire) for entry in self.between(after, until)]

    def between(self, after: int, until: int) -> list[Entry]:
        """The entries after one offset up to another; they stay whole whatever becomes of the log."""
        return self._entries[after - self.base.offset : until - self.base.offset]


def join_wires(entries: Sequence[Entry]) -> bytes:
    return entries[0].wire if len(entries) == 1 else b"".join([entry.wire for entry in entries])


def join_squeezed(entries: Sequence[Entry], *, at_least: int) -> bytes:
    """The same for connections with compression; each message stays one of its own."""
    return b"".join([entry.squeezed(at_least) for entry in entries])
