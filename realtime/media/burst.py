"""One system call for many viewers: sendmmsg(2), and a frame's packets as one message each by UDP GSO.

libc is called through cffi without a compiler. Where the kernel lacks one of the two, the same packets leave one
by one: slower, and nobody sees a difference. Sources: sendmmsg(2); linux/udp.h and the udpgso selftests.
"""

from __future__ import annotations

import errno
import socket
import struct
import sys
from array import array
from collections.abc import Iterator
from typing import Any

import cffi

from .frame import Frame, Tray

NAME_BYTES = 16
_UDP_SEGMENT = 103

_ffi: Any = cffi.FFI()
_ffi.cdef(
    """
    struct iovec { void *iov_base; size_t iov_len; };
    struct msghdr { void *msg_name; unsigned int msg_namelen; struct iovec *msg_iov; size_t msg_iovlen;
                    void *msg_control; size_t msg_controllen; int msg_flags; };
    struct mmsghdr { struct msghdr msg_hdr; unsigned int msg_len; };
    struct cmsghdr { size_t cmsg_len; int cmsg_level; int cmsg_type; uint16_t segment; };
    int sendmmsg(int, struct mmsghdr *, unsigned int, int);
    """
)


def pack_name(address: tuple[str, int]) -> bytes:
    """An IPv4 address as the kernel reads it (struct sockaddr_in)."""
    host, port = address
    return struct.pack("=H", socket.AF_INET) + struct.pack("!H", port) + socket.inet_aton(host) + bytes(8)


class _Headers:
    """Message headers for the places of one tray, made once; only lengths change."""

    def __init__(self, tray: Tray, names: Any, control: Any) -> None:
        places = tray.places
        self._vectors = _ffi.new("struct iovec[]", places)
        self._words = memoryview(_ffi.buffer(self._vectors)).cast("B").cast("Q")
        self._total = 0
        self._places = places
        self.single = _ffi.new("struct mmsghdr[]", places)
        self.segmented = _ffi.new("struct mmsghdr[]", places)
        for place in range(places):
            self._vectors[place].iov_base = _ffi.cast("void *", tray.address + place * tray.stride)
            for headers in (self.single, self.segmented):
                head = headers[place].msg_hdr
                head.msg_name = names + place * NAME_BYTES
                head.msg_namelen = NAME_BYTES
                head.msg_iov = self._vectors + place
                head.msg_iovlen = 1
            self.segmented[place].msg_hdr.msg_control = control
            self.segmented[place].msg_hdr.msg_controllen = _ffi.sizeof("struct cmsghdr")

    def set_total(self, total: int) -> None:
        if total != self._total:
            self._total = total
            self._words[1 : 2 * self._places : 2] = (
                memoryview(array("Q", [total]) * self._places).cast("B").cast("Q")
            )


class Burst:
    """Sends frames through one UDP socket. `sent`, `sent_bytes` and `unsent` count packets, not messages."""

    MOST = 64

    def __init__(self, udp: socket.socket) -> None:
        self._udp = udp
        self._sendmmsg = _find_sendmmsg()
        self.segments = self._sendmmsg is not None and _has_segmentation(udp)
        self.sent = 0
        self.sent_bytes = 0
        self.unsent = 0
        self._names = _ffi.new("unsigned char[]", NAME_BYTES * self.MOST)
        self._name_bytes = memoryview(_ffi.buffer(self._names))
        self._control = _ffi.new("struct cmsghdr *")
        self._control.cmsg_len = 16 + 2
        self._control.cmsg_level = socket.IPPROTO_UDP
        self._control.cmsg_type = _UDP_SEGMENT
        self._headers: dict[Tray, _Headers] = {}

    def send(self, frame: Frame, names: bytes | bytearray) -> None:
        """Send each viewer its packets now or not at all; `names` are their packed addresses in order."""
        if self._sendmmsg is None or (frame.packets > 1 and not self.segments):
            for place in range(frame.viewers):
                if place not in frame.refused:
                    self._send_singly(frame, place, bytes(names[place * NAME_BYTES : (place + 1) * NAME_BYTES]))
            return
        headers = self._headers.get(frame.tray)
        if headers is None:
            headers = self._headers[frame.tray] = _Headers(frame.tray, self._names, self._control)
        headers.set_total(frame.total)
        self._name_bytes[: len(names)] = names
        self._control.segment = frame.segment
        messages = headers.segmented if frame.packets > 1 else headers.single
        for first, last in _runs(frame):
            self._send_run(messages, frame, first, last)

    def _send_run(self, messages: Any, frame: Frame, first: int, last: int) -> None:
        assert self._sendmmsg is not None
        at = first
        while at < last:
            sent = self._sendmmsg(self._udp.fileno(), messages + at, last - at, socket.MSG_DONTWAIT)
            if sent > 0:
                at += sent
                self.sent += sent * frame.packets
                self.sent_bytes += sent * frame.total
                continue
            code = _ffi.errno
            if code in (errno.EAGAIN, errno.ENOBUFS):  # the socket's buffer is full: lost as on the way
                self.unsent += (last - at) * frame.packets
                return
            # This one cannot be reached so: a narrower path, a device without checksums, or no path at all.
            if code == errno.EIO:
                self.segments = False
            self._send_singly(frame, at, bytes(self._name_bytes[at * NAME_BYTES : (at + 1) * NAME_BYTES]))
            at += 1

    def _send_singly(self, frame: Frame, place: int, name: bytes) -> None:
        address = (socket.inet_ntoa(name[4:8]), int.from_bytes(name[2:4], "big"))
        start = place * frame.tray.stride
        for offset in range(0, frame.total, frame.segment):
            end = start + min(offset + frame.segment, frame.total)
            self.send_one(frame.tray.view[start + offset : end], address)

    def send_one(self, data: bytes | memoryview, address: tuple[str, int]) -> bool:
        """Send one datagram now or not at all: what does not fit the socket's buffer is lost like on the way."""
        try:
            self._udp.sendto(data, address)
        except OSError:  # a full buffer, or an address the kernel cannot reach
            self.unsent += 1
            return False
        self.sent += 1
        self.sent_bytes += len(data)
        return True


def _runs(frame: Frame) -> Iterator[tuple[int, int]]:
    """The places that may be sent, as ranges between those that were refused."""
    first = 0
    for place in frame.refused:
        if first < place:
            yield first, place
        first = place + 1
    if first < frame.viewers:
        yield first, frame.viewers


def _find_sendmmsg() -> Any:
    if not sys.platform.startswith("linux"):
        return None
    try:
        return _ffi.dlopen(None).sendmmsg
    except (OSError, AttributeError):
        return None


def _has_segmentation(udp: socket.socket) -> bool:
    """Whether the kernel knows UDP_SEGMENT (Linux 4.18 and later)."""
    try:
        udp.setsockopt(socket.IPPROTO_UDP, _UDP_SEGMENT, 0)
    except OSError:
        return False
    return True
