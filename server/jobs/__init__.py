"""Timed and long work: one row per job, taken under a lease, run by any server process."""
