"""The virtual environment `.venv` and the locked Python packages in it."""

from __future__ import annotations

import importlib.util
import json
import os
import shutil
import subprocess
import sys
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from config.setup import debian
from config.setup.places import NODE_LOCK, ROOT, VENV, VENV_PYTHON, SetupFault, Stamp, digest
from config.setup.progress import say, step

NEEDED = (3, 11)
LAUNCHER = """#!{python}
import sys

from server.__main__ import main

sys.exit(main())
"""
# Asked of a Python that is not the running one, hence as a program.
FACTS = """
import importlib.util, json, site, sys
print(json.dumps({
    "version": sys.version_info[:3],
    "pip": importlib.util.find_spec("pip") is not None,
    "packages": site.getsitepackages()[0],
}))
"""


@dataclass(frozen=True)
class Environment:
    """What the virtual environment's Python says of itself."""

    version: tuple[int, ...]
    has_pip: bool
    packages: Path


def packages(lock: Path) -> Stamp:
    """The stamp of a lock's packages, for the Python that the virtual environment has or will have."""
    found = environment()
    version = found.version if found else tuple(sys.version_info[:3])
    # The checkout's place counts too: the launcher and the path file name it.
    return Stamp(VENV / "stamps" / lock.parent.name / lock.name, digest([lock], _text(version), str(ROOT)))


def install(lock: Path) -> None:
    """Make `.venv` when there is none, and install what `lock` names, hashes checked."""
    made = ensure_environment()
    stamp = packages(lock)
    if stamp.current:
        return
    step(
        f"Installing the Python packages of {lock.relative_to(ROOT)}",
        [
            *_pip(made),
            "install",
            "--require-hashes",
            "--disable-pip-version-check",
            "--progress-bar=off",
            "-r",
            lock,
        ],
    )
    _write_launcher(made)
    stamp.write()


def install_node(target: Path) -> None:
    """Unpack the wheel that carries Node into a folder of its own, outside the packages' path."""
    shutil.rmtree(target, ignore_errors=True)
    step(
        "Installing Node from its Python package",
        [
            *_pip(ensure_environment()),
            "install",
            "--require-hashes",
            "--disable-pip-version-check",
            "--progress-bar=off",
            "--no-deps",
            "--target",
            target,
            "-r",
            NODE_LOCK,
        ],
    )


@cache
def environment() -> Environment | None:
    """The virtual environment, or None when there is none that works and is new enough."""
    try:
        answer = subprocess.run([VENV_PYTHON, "-c", FACTS], capture_output=True, text=True, check=True)
    except (OSError, subprocess.CalledProcessError):
        return None
    facts = json.loads(answer.stdout)
    if tuple(facts["version"]) < NEEDED:
        return None
    return Environment(tuple(facts["version"]), facts["pip"], Path(facts["packages"]))


def ensure_environment() -> Environment:
    """Make `.venv` with whatever this Python offers; the one missing Debian package is named otherwise."""
    if found := environment():
        return found
    shutil.rmtree(VENV, ignore_errors=True)
    step(f"Making the virtual environment .venv with Python {_text(sys.version_info[:3])}", _maker())
    environment.cache_clear()
    made = environment()
    if made is None:
        raise SetupFault(f"{VENV_PYTHON} does not run. Remove .venv and try again.")
    return made


def _maker() -> list[str | Path]:
    """The command that makes the environment: Debian ships Python without `ensurepip`, and pip apart."""
    if not _has("venv") or not (_has("ensurepip") or _has("pip")):
        if _has("virtualenv"):
            return [sys.executable, "-m", "virtualenv", VENV]
        debian.install([f"python{sys.version_info[0]}.{sys.version_info[1]}-venv"])
        # The package was not there when this process looked for modules first.
        importlib.invalidate_caches()
    if _has("ensurepip"):
        return [sys.executable, "-m", "venv", VENV]
    return [sys.executable, "-m", "venv", "--without-pip", VENV]


def _pip(made: Environment) -> list[str | Path]:
    if made.has_pip:
        return [VENV_PYTHON, "-m", "pip"]
    # pip >= 22.3 installs into another environment.
    return [sys.executable, "-m", "pip", "--python", VENV_PYTHON]


def _write_launcher(made: Environment) -> None:
    """Put the checkout on the environment's path, and `multaqa` beside its Python.

    An editable install would do the same, at the price of a build system in every environment.
    """
    (made.packages / "multaqa.pth").write_text(f"{ROOT}\n")
    launcher = VENV / "bin" / "multaqa"
    launcher.write_text(LAUNCHER.format(python=VENV_PYTHON))
    launcher.chmod(0o755)


def start(*arguments: str) -> None:
    """Become the environment's Python, so that signals and the exit code go straight through."""
    say("")
    sys.stdout.flush()
    os.chdir(ROOT)
    os.execv(VENV_PYTHON, [str(VENV_PYTHON), *arguments])


def _has(module: str) -> bool:
    return importlib.util.find_spec(module) is not None


def _text(version: tuple[int, ...]) -> str:
    return ".".join(str(part) for part in version)
