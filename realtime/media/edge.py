"""`python -m realtime.media.edge`: a further media process, started by the first.

Its settings are the first line of its input, the end of which is the order to stop.
"""

from __future__ import annotations

import os

import uvloop

from .process import serve
from .settings import MediaSettings


def main() -> None:
    line = b""
    while not line.endswith(b"\n"):  # byte by byte: what follows belongs to the control pipe
        byte = os.read(0, 1)
        if not byte:
            return
        line += byte
    uvloop.run(serve(MediaSettings.from_json(line.decode())))


if __name__ == "__main__":
    main()
