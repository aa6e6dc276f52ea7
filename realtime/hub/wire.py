"""The few bytes round a WebSocket text message, added once per message and never per connection."""

from struct import pack

_TEXT_FIN = 0x81  # RFC 6455 5.2: FIN set, opcode text; a server never masks


def frame_text(payload: bytes) -> bytes:
    """The whole WebSocket frame of one text message."""
    return header(len(payload)) + payload


def header(size: int) -> bytes:
    """The header of an unmasked text frame with `size` bytes of payload."""
    if size < 126:
        return bytes((_TEXT_FIN, size))
    if size < 65536:
        return pack("!BBH", _TEXT_FIN, 126, size)
    return pack("!BBQ", _TEXT_FIN, 127, size)


def payload_of(frame: bytes) -> memoryview:
    """The payload inside a frame made here, without copying it."""
    length = frame[1]
    skip = 2 if length < 126 else 4 if length == 126 else 10
    return memoryview(frame)[skip:]
