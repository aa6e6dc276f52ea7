"""The few bytes round a WebSocket text message, added once per message and never per connection."""

from struct import pack

# RFC 6455 5.2: FIN set, opcode text; a server never masks. RSV1 says that it is compressed (RFC 7692 6).
TEXT_FIN = 0x81
SQUEEZED_FIN = 0xC1


def frame_text(payload: bytes) -> bytes:
    """The whole WebSocket frame of one text message."""
    return header(len(payload)) + payload


def header(size: int, first: int = TEXT_FIN) -> bytes:
    """The header of an unmasked text frame with `size` bytes of payload."""
    if size < 126:
        return bytes((first, size))
    if size < 65536:
        return pack("!BBH", first, 126, size)
    return pack("!BBQ", first, 127, size)


def payload_of(frame: bytes) -> memoryview:
    """The payload inside a frame made here, without copying it."""
    length = frame[1]
    skip = 2 if length < 126 else 4 if length == 126 else 10
    return memoryview(frame)[skip:]
