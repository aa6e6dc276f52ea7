"""`python -m tests.bench.pinned CORE COMMAND...`: become a command on one core, before other load where allowed.

The real-time class needs privileges; without them the numbers carry more of what else runs on the machine.
"""

from __future__ import annotations

import os
import resource
import sys
from contextlib import suppress

SERVER_CORE = 0
LOAD_CORE = 1 if (os.cpu_count() or 1) > 1 else 0


def main() -> None:
    os.sched_setaffinity(0, {int(sys.argv[1])})
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))  # a peer that crashes at its end leaves nothing in the tree
    with suppress(PermissionError):
        os.sched_setscheduler(0, os.SCHED_RR, os.sched_param(1))
    os.execvp(sys.argv[2], sys.argv[2:])


def prioritised() -> bool:
    """Whether what runs here may come before other load."""
    try:
        os.sched_setscheduler(0, os.SCHED_RR, os.sched_param(1))
    except PermissionError:
        return False
    os.sched_setscheduler(0, os.SCHED_OTHER, os.sched_param(0))
    return True


if __name__ == "__main__":
    main()
