"""Networks of the tests' own: Linux namespaces joined by cables, in which packets can be taken away. Need root."""

from __future__ import annotations

import os
import subprocess
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from tests.support.processes import find_program


@dataclass(frozen=True)
class Network:
    """One namespace. `address` is its own on the cable to the middle, `middle` the other end of it."""

    name: str
    address: str
    middle: str
    cable: str = ""
    """What our end of the cable is called."""

    far_cable: str = ""

    @property
    def inside(self) -> list[str]:
        """What a command is begun with to run in here."""
        return [str(find_program("ip")), "netns", "exec", self.name]

    def run(self, *command: str) -> str:
        return subprocess.run([*self.inside, *command], check=True, capture_output=True, text=True).stdout

    def drop(self, rule: str, *, hook: Literal["output", "input"] = "output") -> None:
        """Take away what leaves here (or arrives) and fits, such as `meta l4proto udp`; nobody is told."""
        nft = str(find_program("nft"))
        self.run(nft, "add table inet lost")
        self.run(nft, f"add chain inet lost {hook} {{ type filter hook {hook} priority 0 ; }}")
        self.run(nft, f"add rule inet lost {hook} {rule} drop")

    def narrow(self, middle: Network, *, kbit: int | None = None, loss_percent: int = 0) -> None:
        """Make the cable bear so much each way, with a short queue as phones have it, and lose some packets."""
        for network, cable in ((self, self.cable), (middle, self.far_cable)):
            if kbit is not None:
                # The rate is that of IP packets: the frames' own headers stay on the cable.
                network.run(
                    *(str(find_program("tc")), "qdisc", "replace", "dev", cable, "root"),
                    *("stab", "overhead", "-14", "tbf"),
                    *("rate", f"{kbit}kbit", "burst", "3000", "latency", "400ms"),
                )
            if loss_percent:
                # Bursts go as the single packets they are, and are lost where they arrive: who sends is not told.
                network.run(str(find_program("ip")), "link", "set", cable, "gso_max_segs", "1")
                network.drop(f"iifname {cable} numgen random mod 100 < {loss_percent}", hook="input")

    def program(self, folder: Path, executable: str) -> str:
        """A program that is the given one, started in here."""
        script = folder / f"{self.name}-{Path(executable).name}"
        script.write_text(f'#!/bin/sh\nexec {" ".join(self.inside)} {executable} "$@"\n')
        script.chmod(0o755)
        return str(script)


@contextmanager
def place_for_nobody() -> Iterator[str]:
    """A folder for a program that gives up being root: pytest's own are closed to it."""
    with tempfile.TemporaryDirectory(prefix="multaqa-") as folder:
        os.chmod(folder, 0o711)
        yield folder


@contextmanager
def networks(names: Sequence[str]) -> Iterator[tuple[Network, list[Network]]]:
    """A machine in the middle (its first cable is its address) and others round it, each on a cable of its own.

    The middle passes nothing on: who is on one cable reaches the middle's addresses and nobody else.
    """
    ip, mark = str(find_program("ip")), f"m{os.getpid()}"
    middle = f"{mark}-mid"

    def do(*words: str) -> None:
        subprocess.run([ip, *words], check=True, capture_output=True)

    made: list[str] = []
    round_it: list[Network] = []
    try:
        for name in (middle, *(f"{mark}-{name}" for name in names)):
            do("netns", "add", name)
            made.append(name)
            do("-n", name, "link", "set", "lo", "up")
        for number, name in enumerate(made[1:], start=1):
            near, far = f"{mark}m{number}", f"{mark}f{number}"
            one = Network(name, address=f"11.22.{number}.2", middle=f"11.22.{number}.1", cable=far, far_cable=near)
            do("link", "add", near, "netns", middle, "type", "veth", "peer", "name", far, "netns", name)
            do("-n", middle, "addr", "add", f"{one.middle}/24", "dev", near)
            do("-n", name, "addr", "add", f"{one.address}/24", "dev", far)
            do("-n", middle, "link", "set", near, "up")
            do("-n", name, "link", "set", far, "up")
            do("-n", name, "route", "add", "default", "via", one.middle)
            round_it.append(one)
        yield Network(middle, address=round_it[0].middle, middle=round_it[0].middle), round_it
    finally:
        for name in made:
            subprocess.run([ip, "netns", "del", name], check=False, capture_output=True)
