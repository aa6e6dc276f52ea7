"""Connections, channel logs, fan-out, presence and recovery."""
