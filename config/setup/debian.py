"""Debian packages that the tests need: real PostgreSQL, Redis, Chromium, TURN server and proxy."""

from __future__ import annotations

import os
import shutil
from collections.abc import Sequence
from dataclasses import dataclass
from glob import glob

from config.setup.places import SetupFault
from config.setup.progress import say, step

TYPES = "/usr/lib/*/girepository-1.0"
GSTREAMER = "/usr/lib/*/gstreamer-1.0"
NOTO = "/usr/share/fonts/truetype/noto"
SYSTEM_PATH = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"


@dataclass(frozen=True)
class Package:
    """A package, what it is for, and the command or files that show it is there (however installed)."""

    name: str
    purpose: str
    shown_by: str

    @property
    def there(self) -> bool:
        if "/" in self.shown_by:
            return bool(glob(self.shown_by))
        return shutil.which(self.shown_by, path=f"{os.environ.get('PATH', '')}:{SYSTEM_PATH}") is not None


FOR_TESTS = (
    Package("postgresql", "the database of larger installations", "/usr/lib/postgresql/*/bin/initdb"),
    Package("redis-server", "carries messages between server processes", "redis-server"),
    Package("chromium", "the browser that the tests drive", "chromium"),
    Package("fonts-noto-core", "Arabic letters in that browser", f"{NOTO}/NotoNaskhArabic-Regular.ttf"),
    Package("fonts-noto-color-emoji", "reactions in that browser", f"{NOTO}/NotoColorEmoji.ttf"),
    Package("libfaketime", "turns a server's clock", "/usr/lib/*/faketime/libfaketimeMT.so.1"),
    Package("gcc", "compiles the benchmarks' load generator", "cc"),
    Package("libc6-dev", "the headers it needs", "/usr/include/stdio.h"),
    Package("zlib1g-dev", "reads compressed frames in it", "/usr/include/zlib.h"),
    Package("coturn", "the TURN server of docker-compose.yml", "turnserver"),
    Package("nftables", "takes UDP away from that browser", "nft"),
    Package("iproute2", "networks of the tests' own", "ip"),
    Package("janus", "the media server that benchmarks compare with", "janus"),
    Package("python3-gst-1.0", "drives GStreamer", "/usr/lib/python3/dist-packages/gi/overrides/Gst.py"),
    Package("gstreamer1.0-plugins-bad", "a foreign peer for talks", f"{GSTREAMER}/libgstwebrtc.so"),
    Package("gir1.2-gst-plugins-bad-1.0", "tells Python of it", f"{TYPES}/GstWebRTC-1.0.typelib"),
    Package("gstreamer1.0-plugins-good", "its picture and packets", f"{GSTREAMER}/libgstvpx.so"),
    Package("gstreamer1.0-nice", "its way through the network", f"{GSTREAMER}/libgstnice.so"),
    Package("caddy", "the HTTPS proxy of docker-compose.yml", "caddy"),
)


def install_for_tests() -> None:
    missing = [package for package in FOR_TESTS if not package.there]
    if not missing:
        return
    say("The tests need these Debian packages:")
    for package in missing:
        say(f"    {package.name:24} {package.purpose}")
    install([package.name for package in missing])


def install(names: Sequence[str]) -> None:
    """Install packages as root or in CI; anybody else is told the one command to type.

    Raises SetupFault when nothing may be installed here, or apt fails.
    """
    by_hand = f"apt-get install --no-install-recommends {' '.join(names)}"
    if not _may_install():
        raise SetupFault(f"Missing: {', '.join(names)}. Install with:  sudo {by_hand}")
    if shutil.which("apt-get") is None:
        raise SetupFault(f"This is no Debian: install what corresponds to {', '.join(names)}.")
    prefix = [] if os.geteuid() == 0 else ["sudo", "--non-interactive"]
    apt = [*prefix, "env", "DEBIAN_FRONTEND=noninteractive", "apt-get", "--quiet", "--yes"]
    step("Asking Debian for its list of packages", [*apt, "update"])
    step(f"Installing {', '.join(names)}", [*apt, "install", "--no-install-recommends", *names])


def _may_install() -> bool:
    return os.geteuid() == 0 or os.environ.get("CI") == "true"
