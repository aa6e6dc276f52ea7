"""What the hub counts, as plain integers; whoever serves /metrics reads them."""

from dataclasses import dataclass


@dataclass(slots=True)
class HubNumbers:
    # Now
    connections: int = 0
    subscriptions: int = 0
    channels: int = 0
    lagging: int = 0
    # Since start
    opened: int = 0
    refused: int = 0
    closed: int = 0
    closed_restart: int = 0
    closed_slow: int = 0
    closed_idle: int = 0
    closed_position: int = 0
    closed_login: int = 0
    closed_refused: int = 0
    closed_protocol: int = 0
    closed_limit: int = 0
    unsubscribed: int = 0
    publications: int = 0
    deliveries: int = 0
    passes: int = 0
    signals: int = 0
    recovered_from_log: int = 0
    recovered_from_history: int = 0
    recovered_not: int = 0
    history_reads: int = 0
    history_faults: int = 0
    head_checks: int = 0
    gaps: int = 0
    held: int = 0
    histories_replaced: int = 0
    broker_garbage: int = 0
    gate_faults: int = 0
