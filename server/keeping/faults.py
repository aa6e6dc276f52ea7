"""What keeps a backup, a restore or a move from being done: one sentence for the operator."""

from __future__ import annotations


class KeepingFault(Exception):
    """Nothing was changed. The text says why, and what to do."""
