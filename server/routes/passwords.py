"""Passwords: argon2id in threads, never more at once than the memory carries.

One hash takes about 120 ms and 64 MiB: on the event loop that is a frozen server, and forty at once are
2.5 GiB (measured).
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerificationError

from server.domain.errors import Away

AT_ONCE = 2
MOST_WAITING = 32  # two seconds' work: who comes later is asked to come back rather than left to hang
COME_BACK_S = 2


class Passwords:
    """Hashes and checks. A check against nobody takes as long as one against somebody."""

    def __init__(self, hasher: PasswordHasher | None = None) -> None:
        self._hasher = hasher or PasswordHasher()
        self._nobody = self._hasher.hash("nobody has this password")
        self._turn = asyncio.Semaphore(AT_ONCE)
        self._asking = 0

    async def hash(self, password: str) -> str:
        """Raises Away when too many wait already."""
        async with self._in_turn():
            return await asyncio.to_thread(self._hasher.hash, password)

    async def right(self, known: str | None, password: str) -> bool:
        """Raises Away when too many wait already."""
        async with self._in_turn():
            checked = await asyncio.to_thread(self._verify, known or self._nobody, password)
        return checked and known is not None

    @asynccontextmanager
    async def _in_turn(self) -> AsyncIterator[None]:
        if self._asking >= AT_ONCE + MOST_WAITING:
            raise Away("away.passwords", retry_after_s=COME_BACK_S)
        self._asking += 1
        try:
            async with self._turn:
                yield
        finally:
            self._asking -= 1

    def _verify(self, known: str, password: str) -> bool:
        try:
            return self._hasher.verify(known, password)
        except (VerificationError, InvalidHashError):
            return False
