"""Every setting of Multaqa, read once at start from the environment into one frozen object.

All faults are reported together, so that an operator mends the file in one go. `config/example.env`
lists every name; a test keeps the two equal.
"""

from __future__ import annotations

import ipaddress
from collections.abc import Mapping
from pathlib import Path
from typing import Literal, Self
from urllib.parse import urlsplit

from pydantic import BaseModel, ConfigDict, Field, SecretStr, ValidationError, model_validator
from pydantic_core import ErrorDetails

from config.secrets import resolve

PREFIX = "MULTAQA_"
SECRETS = frozenset({"media_secret", "turn_secret"})  # may say `file:/path`
DEFAULT_PORTS = {"http": 80, "https": 443}
LOOPBACK_NAMES = frozenset({"localhost", "127.0.0.1", "::1"})


class SettingsFault(Exception):
    """The environment cannot be used; `faults` has one plain sentence for each thing to mend."""

    def __init__(self, faults: list[str]) -> None:
        super().__init__("\n".join(faults))
        self.faults = faults


class Settings(BaseModel):
    """What an operator may decide. Ports are numbers, times are seconds, sizes are as named."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    mode: Literal["serve", "demo"] = "serve"
    host: str = "127.0.0.1"
    port: int = Field(default=8000, ge=0, le=65535)
    data_dir: Path = Path("./data")
    database_url: str = ""
    redis_url: str = ""
    public_url: str = ""
    trusted_proxies: str = ""
    workers: int = Field(default=1, ge=1, le=64)
    media_port: int = Field(default=8000, ge=0, le=65535)
    media_processes: int = Field(default=1, ge=1, le=64)
    media_address: str = ""
    media_control: str = ""
    media_secret: SecretStr = SecretStr("")
    uplink_mbps: float = Field(default=0, ge=0)
    turn_url: str = ""
    turn_secret: SecretStr = SecretStr("")
    smtp_url: SecretStr = SecretStr("")
    mail_from: str = ""
    metrics_port: int = Field(default=0, ge=0, le=65535)
    log_format: Literal["auto", "json", "plain"] = "auto"
    demo_open: bool = False

    @classmethod
    def load(cls, environment: Mapping[str, str], **given: object) -> Self:
        """Read `MULTAQA_*` of an environment; values in `given` win.

        Raises SettingsFault with every fault at once; a name that is no setting is one (a typing slip
        must not silently leave a default in force).
        """
        values = {
            name.removeprefix(PREFIX).lower(): value
            for name, value in environment.items()
            if name.startswith(PREFIX)
        }
        values |= {name: resolve(values[name]) for name in SECRETS & values.keys()}
        try:
            return cls.model_validate(values | given)
        except ValidationError as error:
            raise SettingsFault(cls._told(values | given, error)) from None

    @classmethod
    def _told(cls, values: Mapping[str, object], error: ValidationError) -> list[str]:
        """Every sentence. Pydantic judges combinations once all fields are good: they are, without the bad."""
        told = [line for fault in error.errors() for line in _sentence(fault).split("\n")]
        bad = {str(fault["loc"][0]) for fault in error.errors() if fault["loc"]}
        if bad:
            try:
                cls.model_validate({name: value for name, value in values.items() if name not in bad})
            except ValidationError as more:
                told += cls._told({}, more)
        return told

    @model_validator(mode="after")
    def _hold_together(self) -> Self:
        faults = list(self._faults())
        if faults:
            raise ValueError("\n".join(faults))
        return self

    def _faults(self) -> list[str]:
        faults: list[str] = []
        if self.database_url and not self.database_url.startswith(("sqlite:", "postgresql:", "postgres:")):
            faults.append("MULTAQA_DATABASE_URL must start with postgresql:// or sqlite://")
        if self.redis_url and not self.redis_url.startswith(("redis://", "rediss://", "unix://")):
            faults.append("MULTAQA_REDIS_URL must start with redis://, rediss:// or unix://")
        if self.redis_url and not self.on_postgresql:
            faults.append("MULTAQA_REDIS_URL needs PostgreSQL: set MULTAQA_DATABASE_URL too")
        if self.workers > 1 and not (self.on_postgresql and self.redis_url):
            faults.append("MULTAQA_WORKERS above 1 needs MULTAQA_DATABASE_URL (PostgreSQL) and MULTAQA_REDIS_URL")
        if self.public_url and not _is_origin(self.public_url):
            faults.append("MULTAQA_PUBLIC_URL must look like https://meet.example.org, without a path")
        if self.mode == "serve" and not self.public_url and self.host not in LOOPBACK_NAMES:
            faults.append("MULTAQA_PUBLIC_URL is needed when the server listens beyond this machine")
        if self.mode == "demo" and self.host not in LOOPBACK_NAMES and not self.demo_open:
            faults.append("demo mode has no passwords and binds to loopback only (MULTAQA_DEMO_OPEN=1 to insist)")
        if not all(_is_address(part) for part in _parts(self.media_address)):
            faults.append("MULTAQA_MEDIA_ADDRESS must be an IPv4 address, or several with commas")
        faults.extend(
            f"MULTAQA_TRUSTED_PROXIES: {part} is neither an address nor a network"
            for part in _parts(self.trusted_proxies)
            if not _is_network(part)
        )
        smtp = self.smtp_url.get_secret_value()
        if smtp and not (smtp.startswith(("smtp://", "smtps://")) and urlsplit(smtp).hostname):
            faults.append("MULTAQA_SMTP_URL must look like smtp://user:password@host:587 or smtps://host:465")
        if self.mail_from and not 0 < self.mail_from.find("@") < len(self.mail_from) - 1:
            faults.append("MULTAQA_MAIL_FROM must be an address: meet@example.org")
        if self.turn_url and not self.turn_secret.get_secret_value():
            faults.append("MULTAQA_TURN_URL needs MULTAQA_TURN_SECRET")
        return faults

    @property
    def on_postgresql(self) -> bool:
        return self.database_url.startswith("postgres")

    @property
    def database(self) -> str:
        """The database's URL, with SQLite under `data_dir` when none was named; the example has its own."""
        name = "demo" if self.mode == "demo" else "multaqa"
        return self.database_url or f"sqlite:///{self.data_dir / f'{name}.sqlite'}"

    @property
    def url(self) -> str:
        """The address people open, as browsers write it."""
        host = f"[{self.host}]" if ":" in self.host else self.host
        return _origin(self.public_url or f"http://{host}:{self.port}")

    @property
    def secure(self) -> bool:
        """True when people come by HTTPS: cookies are then `Secure` and carry the `__Host-` prefix."""
        return self.url.startswith("https://")

    @property
    def origins(self) -> frozenset[str]:
        """Origins whose pages may send commands: the public one, and on loopback its other names."""
        parts = urlsplit(self.url)
        if parts.hostname not in LOOPBACK_NAMES:
            return frozenset({self.url})
        port = f":{parts.port}" if parts.port else ""
        names = ("localhost", "127.0.0.1", "[::1]")
        return frozenset(f"{parts.scheme}://{name}{port}" for name in names)

    @property
    def media_host(self) -> str:
        """Where media listens: loopback only when nobody can come from elsewhere.

        Behind a proxy the server keeps to loopback; no proxy stands in front of media.
        """
        near = {self.host, urlsplit(self.url).hostname} <= LOOPBACK_NAMES and not self.media_address
        return "127.0.0.1" if near else "0.0.0.0"

    @property
    def media_addresses(self) -> tuple[str, ...]:
        return tuple(_parts(self.media_address))

    @property
    def turn(self) -> str:
        """The TURN server's address; `{host}` in the setting stands for the public URL's host name."""
        return self.turn_url.replace("{host}", urlsplit(self.url).hostname or "")

    @property
    def sender(self) -> str:
        """Whom mail comes from, by default this site itself."""
        return self.mail_from or f"multaqa@{urlsplit(self.url).hostname}"

    @property
    def proxies(self) -> tuple[str, ...]:
        return tuple(_parts(self.trusted_proxies))

    @property
    def run_dir(self) -> Path:
        return self.data_dir / "run"

    @property
    def media_door(self) -> str:
        """Where the media process is asked: the socket that is named, else one of this host."""
        return self.media_control or f"unix:{(self.run_dir / 'media.sock').resolve()}"


def _parts(text: str) -> list[str]:
    return [part.strip() for part in text.split(",") if part.strip()]


def _origin(url: str) -> str:
    """An address as browsers write it in `Origin` (RFC 6454 6.2): small ASCII letters, no default port.

    Raises ValueError for what is more or less than a scheme, a host and a port.
    """
    parts = urlsplit(url)
    host, port = parts.hostname, parts.port
    rest = (parts.path.strip("/"), parts.query, parts.fragment, parts.username or "")
    if parts.scheme not in DEFAULT_PORTS or not host or any(rest):
        raise ValueError("not an origin")
    name = f"[{host}]" if ":" in host else host.encode("idna").decode()
    return f"{parts.scheme}://{name}" + ("" if port in {None, DEFAULT_PORTS[parts.scheme]} else f":{port}")


def _is_origin(url: str) -> bool:
    try:
        _origin(url)
    except ValueError:
        return False
    return True


def _is_address(text: str) -> bool:
    try:
        ipaddress.IPv4Address(text)
    except ValueError:
        return False
    return True


def _is_network(text: str) -> bool:
    try:
        ipaddress.ip_network(text, strict=False)
    except ValueError:
        return False
    return True


def _sentence(fault: ErrorDetails) -> str:
    message = fault["msg"].removeprefix("Value error, ")
    if not fault["loc"]:
        return message
    name = f"{PREFIX}{str(fault['loc'][0]).upper()}"
    return f"{name} is not a setting" if fault["type"] == "extra_forbidden" else f"{name}: {message}"
