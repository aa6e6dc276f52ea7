"""Benchmarks: ratios against a peer or a floor, never timed tests."""
