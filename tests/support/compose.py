"""Starts the services of `docker-compose.yml` as plain processes, where no container engine is.

Commands, environments, health checks and the order of starting come from the file. What containers
would give is replaced, and nothing else:

* `${NAME}`, `${NAME:-default}` and `${NAME:?message}` come from the given environment, as from `.env`;
* a mounted path becomes the folder that stands for its volume, or the file of the checkout;
* `service:port` and a service's own exposed port become 127.0.0.1 and a free port;
* `0.0.0.0` becomes 127.0.0.1, and the subnet of the containers 127.0.0.0/8;
* `python` is this Python, other programs are Debian's; PostgreSQL's image makes its cluster and database at
  the first start, so that is done here too, and its socket lies beside its data.
"""

from __future__ import annotations

import os
import re
import shutil
import signal
import socket
import ssl
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

import yaml

from tests.support.processes import Program, ProgramFailed, find_program, free_port
from tests.support.services import make_cluster, own_folder, service_user

ROOT = Path(__file__).resolve().parents[2]
FILE = ROOT / "docker-compose.yml"
HEALTHY_WITHIN_S = 100.0
LOOK_EVERY_S = 0.1
VARIABLE = re.compile(r"\$(?:\$|\{(?P<name>\w+)(?:(?P<kind>:-|:\?)(?P<rest>[^}]*))?\})")


def substitute(text: str, environment: Mapping[str, str]) -> str:
    """Fill in variables the way compose does. Raises KeyError when a needed one is missing."""

    def value(match: re.Match[str]) -> str:
        if match["name"] is None:
            return "$"
        given = environment.get(match["name"], "")
        if not given and match["kind"] == ":?":
            raise KeyError(f"{match['name']}: {match['rest']}")
        return given or (match["rest"] or "")

    return VARIABLE.sub(value, text)


def fill(value: Any, environment: Mapping[str, str]) -> Any:
    """Fill in every text of a parsed file: an empty variable is an empty text and not YAML's null."""
    if isinstance(value, str):
        return substitute(value, environment)
    if isinstance(value, dict):
        return {name: fill(entry, environment) for name, entry in value.items()}
    if isinstance(value, list):
        return [fill(entry, environment) for entry in value]
    return value


@dataclass(frozen=True)
class Service:
    """One service as the file has it, variables filled in."""

    name: str
    spec: Mapping[str, Any]

    @property
    def command(self) -> list[str]:
        return [*self.spec.get("entrypoint", []), *self.spec.get("command", [])]

    @property
    def environment(self) -> dict[str, str]:
        return {name: str(value) for name, value in self.spec.get("environment", {}).items()}

    @property
    def ports(self) -> list[str]:
        return [str(port) for port in self.spec.get("expose", [])]

    @property
    def needs(self) -> list[str]:
        return list(self.spec.get("depends_on", {}))

    @property
    def health_check(self) -> list[str] | None:
        test: list[str] | None = self.spec.get("healthcheck", {}).get("test")
        return None if test is None else test[1:]

    @property
    def mounts(self) -> dict[str, str]:
        """Target and source of every mount; a tmpfs has a source of its own."""
        volumes = [volume.split(":")[:2] for volume in self.spec.get("volumes", [])]
        temporary = [entry.split(":")[0] for entry in self.spec.get("tmpfs", [])]
        return {target: source for source, target in volumes} | {
            target: f"tmpfs-{self.name}{target.replace('/', '-')}" for target in temporary
        }


class Compose:
    """The running services. `url` is what people open; `authority` signs its certificate."""

    def __init__(self, folder: Path, environment: Mapping[str, str]) -> None:
        self.folder = folder
        self.environment = dict(environment)
        self.programs: dict[str, Program] = {}
        file = fill(yaml.safe_load(FILE.read_text()), environment)
        self.services = {name: Service(name, spec) for name, spec in file["services"].items()}
        self._networks = file["networks"]
        self._ports = {
            (service.name, port): str(free_port()) for service in self.services.values() for port in service.ports
        }

    @property
    def url(self) -> str:
        return self.environment["MULTAQA_PUBLIC_URL"]

    @property
    def authority(self) -> Path:
        """The certificate of the proxy's own authority, made at its first start."""
        return self.folder / "certificates" / "caddy" / "pki" / "authorities" / "local" / "root.crt"

    @cached_property
    def tls(self) -> ssl.SSLContext:
        """Trusts the proxy's own authority and nobody else."""
        return ssl.create_default_context(cafile=str(self.authority))

    def start(self) -> None:
        """Start everything, each service after those it needs are healthy, until the URL answers."""
        for name in self.services:
            self._start(name)
        self._wait("the proxy", self.programs["proxy"], self._answers)

    def command(self, name: str) -> list[str]:
        """What is run for a service."""
        return [self.translate(name, word) for word in self.services[name].command]

    def environment_of(self, name: str) -> dict[str, str]:
        service = self.services[name]
        own = {key: self.translate(name, value) for key, value in service.environment.items()}
        return {"PATH": os.environ["PATH"], "HOME": str(self.folder), "LANG": "C.UTF-8"} | own

    def translate(self, name: str, text: str) -> str:
        """Replace what only exists among containers."""
        service = self.services[name]
        for target, source in service.mounts.items():
            text = re.sub(rf"(?<![\w.-]){re.escape(target)}(?=$|[/:\s])", str(self._place(source)), text)
        for (owner, port), free in self._ports.items():
            text = re.sub(rf"\b{owner}:{port}\b", f"127.0.0.1:{free}", text)
            if owner == name:
                text = re.sub(rf"(?<![\d.]){port}(?![\d.])", free, text)
        for network in self._networks.values():
            for pool in (network or {}).get("ipam", {}).get("config", []):
                text = text.replace(pool["subnet"], "127.0.0.0/8")
        return text.replace("0.0.0.0", "127.0.0.1")

    def stop(self) -> None:
        """Stop all services, those that need others first; whatever hangs is killed."""
        for program in reversed(self.programs.values()):
            program.stop()

    def _start(self, name: str) -> None:
        if name in self.programs:
            return
        service = self.services[name]
        for needed in service.needs:
            self._start(needed)
        for source in service.mounts.values():
            self._place(source)
        if name == "postgres":
            self._make_database()
        program = self._launch(name)
        self.programs[name] = program
        if service.health_check is not None:
            self._wait(name, program, lambda: self._healthy(name))

    def _launch(self, name: str) -> Program:
        words = self.command(name)
        program, env = self._program(words[0]), self.environment_of(name)
        if name != "postgres":
            return Program.start([program, *words[1:]], env=env, cwd=ROOT)
        place = Path(env["PGDATA"])
        return Program.start(
            [program, *words[1:], "-k", place],
            env=env,
            cwd=place,
            user=service_user(),
            dies_by=signal.SIGQUIT,  # so that its own children end too
        )

    def _healthy(self, name: str) -> bool:
        check = self.services[name].health_check
        assert check is not None
        words = [self.translate(name, word) for word in check]
        command = [str(self._program(words[0])), *words[1:]]
        answer = subprocess.run(command, env=self.environment_of(name), cwd=ROOT, capture_output=True, check=False)
        return answer.returncode == 0

    def _answers(self) -> bool:
        if not self.authority.exists():
            return False
        try:
            with urllib.request.urlopen(f"{self.url}/livez", context=self.tls, timeout=5) as response:
                return bool(response.status == 200)
        except (urllib.error.URLError, ConnectionError):
            return False

    def _wait(self, name: str, program: Program, ready: Callable[[], bool]) -> None:
        # Containers are asked again and again too: a health check has no event to wait for.
        deadline = time.monotonic() + HEALTHY_WITHIN_S
        while not ready():
            if not program.running:
                raise ProgramFailed(f"{name} ended:\n{program.output}")
            if time.monotonic() > deadline:
                raise ProgramFailed(f"{name} did not become healthy:\n{program.output}")
            time.sleep(LOOK_EVERY_S)

    def _place(self, source: str) -> Path:
        if source.startswith("."):
            return (ROOT / source).resolve()
        place = self.folder / source
        if not place.exists():
            place.mkdir()
        return place

    def _make_database(self) -> None:
        """What the image's entry point does when it finds no cluster."""
        environment = self.environment_of("postgres")
        data = Path(environment["PGDATA"])
        user = service_user()
        if user is not None:
            shutil.chown(data.parent, user)
        make_cluster(data, owner=environment["POSTGRES_USER"], database=environment["POSTGRES_DB"])

    @staticmethod
    def _program(name: str) -> Path:
        return Path(sys.executable) if name == "python" else find_program(name)


@contextmanager
def start_compose(environment: Mapping[str, str] | None = None) -> Iterator[Compose]:
    """All services of `docker-compose.yml` on free ports, under https://localhost, until the block ends.

    `environment` stands for further lines of `.env`.
    """
    https = free_port()
    ports = {
        "MULTAQA_PUBLIC_URL": f"https://localhost:{https}",
        "MULTAQA_HTTPS_PORT": str(https),
        "MULTAQA_HTTP_PORT": str(free_port()),
        "MULTAQA_MEDIA_PORT": str(free_port(socket.SOCK_DGRAM)),
        "MULTAQA_TURN_PORT": str(free_port()),
        "MULTAQA_TURNS_PORT": str(free_port()),
    }
    folder = own_folder(None)
    folder.chmod(0o711)  # PostgreSQL's user passes through to its own folder
    compose = Compose(folder, ports | dict(environment or {}))
    try:
        compose.start()
        yield compose
    finally:
        compose.stop()
        shutil.rmtree(folder, ignore_errors=True)
