"""Passwords: argon2id in threads, never more at once than the memory carries.

One hash takes about 120 ms and 64 MiB: on the event loop that is a frozen server, and forty at once are
2.5 GiB (measured).
"""

from __future__ import annotations

import asyncio

from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerificationError

AT_ONCE = 2


class Passwords:
    """Hashes and checks. A check against nobody takes as long as one against somebody."""

    def __init__(self, hasher: PasswordHasher | None = None) -> None:
        self._hasher = hasher or PasswordHasher()
        self._nobody = self._hasher.hash("nobody has this password")
        self._turn = asyncio.Semaphore(AT_ONCE)

    async def hash(self, password: str) -> str:
        async with self._turn:
            return await asyncio.to_thread(self._hasher.hash, password)

    async def right(self, known: str | None, password: str) -> bool:
        async with self._turn:
            checked = await asyncio.to_thread(self._verify, known or self._nobody, password)
        return checked and known is not None

    def _verify(self, known: str, password: str) -> bool:
        try:
            return self._hasher.verify(known, password)
        except (VerificationError, InvalidHashError):
            return False
