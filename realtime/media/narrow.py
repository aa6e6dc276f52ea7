"""What work on strangers' bytes may cost at most, in a process of its own."""

from __future__ import annotations

import os
import resource

MOST_MEMORY = 3 << 30


def narrow(*, niceness: int, most_file: int) -> None:
    """From now on this process gives way to others, and takes no more memory, and disk for a file, than this."""
    os.nice(niceness)
    for limit, most in (
        (resource.RLIMIT_AS, MOST_MEMORY),
        (resource.RLIMIT_FSIZE, most_file),
        (resource.RLIMIT_CORE, 0),
    ):
        resource.setrlimit(limit, (most, most))
