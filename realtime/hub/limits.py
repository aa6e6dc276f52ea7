"""Every number the hub lives by, with unit and reason, and the bucket that holds a talker to its rate."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Limits:
    # Connections
    connections_per_person: int = 20
    connections_per_address: int = 2000  # a whole hall may sit behind one address
    subscriptions: int = 64
    rate_per_s: float = 10.0
    rate_burst: float = 60.0
    tick_s: float = 1.0
    beat_s: float = 20.0
    beats_missed: int = 2
    # Channel logs: what a mass reconnect is answered from without asking the database
    log_frames: int = 4096
    log_bytes: int = 2 << 20
    linger_s: float = 30.0
    # Fan-out: 512 writes take about 4 ms, the longest anybody else waits
    slice: int = 512
    window_s: float = 0.020
    window_from_rate: float = 50.0  # publications per second above which a window pays (measured)
    window_full_rate: float = 200.0
    window_listeners: int = 32
    deflate_from: int = 256  # bytes from which compressing pays, where a client can read it (see deflate.py)
    # Slow readers
    stall_s: float = 10.0
    behind_s: float = 60.0
    behind_bytes: int = 1 << 20
    # Coming back
    recovery_frames: int = 500
    recovery_bytes: int = 512 << 10
    subscribe_s: float = 10.0
    retry_ms_min: int = 1000
    retry_ms_per_connection: float = 2.0  # a reconnect costs 0.2-0.6 ms of CPU (measured)
    retry_ms_max: int = 30_000
    jitter_ms_max: int = 5000
    # Positions
    hold_s: float = 0.15
    held_frames: int = 1000
    head_check_s: float = 2.0
    history_s: float = 5.0
    # Rights
    access_s: float = 4.0
    # Presence and signals
    presence_tell_s: float = 5.0
    presence_forget_s: float = 15.0
    names_up_to: int = 25
    signal_s: float = 1.0


class Bucket:
    """Tokens that refill with time: `take` says whether one more is within the rate."""

    __slots__ = ("_at", "_tokens")

    def __init__(self, burst: float, now: float) -> None:
        self._tokens = burst
        self._at = now

    def take(self, now: float, *, rate: float, burst: float) -> bool:
        tokens = min(burst, self._tokens + (now - self._at) * rate)
        self._at = now
        self._tokens = tokens - 1.0 if tokens >= 1.0 else tokens
        return tokens >= 1.0
