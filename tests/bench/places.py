"""Where the benchmarks keep what they build and write."""

from __future__ import annotations

from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
SOURCES = Path(__file__).parent / "c"
NODE_SCRIPTS = Path(__file__).parent / "node"
BUILD = ROOT / "build" / "bench"
NODE_MODULES = BUILD / "node_modules"
RESULTS = ROOT / "build" / "bench.json"
