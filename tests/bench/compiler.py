"""The C programs of the benchmarks, compiled when they are needed and newer than what was built."""

from __future__ import annotations

import shutil
import subprocess
from pathlib import Path

from tests.bench.places import BUILD, SOURCES

FLAGS = ("-O2", "-std=gnu11", "-Wall", "-Wextra")


class NoCompiler(Exception):
    """There is no C compiler; the text says what to install."""


def program(name: str) -> Path:
    """The built program `name` of `tests/bench/c/name.c`."""
    built = BUILD / name
    sources = [SOURCES / f"{name}.c", SOURCES / "wire.h"]
    if built.exists() and built.stat().st_mtime >= max(source.stat().st_mtime for source in sources):
        return built
    compiler = shutil.which("cc")
    if compiler is None:
        raise NoCompiler(
            "The benchmarks' load generator is a small C program and needs a compiler and headers: "
            "apt-get install --no-install-recommends gcc libc6-dev zlib1g-dev"
        )
    BUILD.mkdir(parents=True, exist_ok=True)
    unfinished = built.with_suffix(".new")
    subprocess.run([compiler, *FLAGS, "-o", unfinished, sources[0], "-lm", "-lz"], check=True)
    unfinished.replace(built)
    return built
