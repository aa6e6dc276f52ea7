"""Everything that touches private members of aiortc, aioice and pylibsrtp; nothing else may.

The versions are pinned exactly and `tests/media/test_seams.py` holds them to what is used here. What we take:
aioice's connectivity checks and consent on our own shared port, aiortc's DTLS and SRTP key export, and
libsrtp's protect function on many sessions at once. What we leave: sockets, candidates from strangers,
receivers, senders, decoders.
"""

from .arena import OVERHEAD, Arena
from .transport import Certificate, PeerTransport

__all__ = ["OVERHEAD", "Arena", "Certificate", "PeerTransport"]
