"""Work on what strangers sent, in a process of its own that knows nothing of ours."""

from __future__ import annotations

import asyncio
import os
import sys
from asyncio.subprocess import DEVNULL, PIPE, Process

_TOLD = ("PATH", "PYTHONPATH")


async def apart(module: str, *arguments: str) -> Process:
    """Start a module of ours with these arguments; no secret of the environment goes along."""
    return await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", module, *arguments),
        stdin=DEVNULL,
        stdout=PIPE,
        env={name: os.environ[name] for name in _TOLD if name in os.environ},
        start_new_session=True,  # a terminal's Ctrl-C reaches the parent alone
    )
