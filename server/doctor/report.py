"""All checks in the order in which one mends things, and their telling."""

from __future__ import annotations

import asyncio
import os
from collections.abc import Callable, Mapping, Sequence

from config.settings import Settings
from server.doctor import inside, outside
from server.doctor.finding import Finding
from server.doctor.media import media
from server.live.media import MediaClient
from server.messages import DEFAULT, LOCALES, sentence


async def examine(settings: Settings, client: MediaClient) -> list[Finding]:
    """Everything at once; told in the order of this list."""
    checks = (
        *(inside.database(settings), inside.redis(settings), inside.disk(settings), inside.clock(settings)),
        *(outside.server(settings), outside.address(settings), outside.certificate(settings)),
        *(outside.proxy(settings), media(settings, client), inside.uplink(settings)),
    )
    return [finding for findings in await asyncio.gather(*checks) for finding in findings]


def tell(findings: Sequence[Finding], locale: str, say: Callable[[str], None]) -> bool:
    """Say every finding; true when nothing is wrong."""
    for finding in findings:
        say(finding.text(locale))
    failed = sum(finding.grade == "bad" for finding in findings)
    minded = sum(finding.grade == "warn" for finding in findings)
    say("")
    if failed:
        say(sentence(locale, "doctor.sick", count=failed))
    elif minded:
        say(sentence(locale, "doctor.minded", count=minded))
    else:
        say(sentence(locale, "doctor.well"))
    return not failed


def language(environment: Mapping[str, str] = os.environ) -> str:
    """What the operator's terminal speaks (POSIX: LC_ALL, LC_MESSAGES, LANG, in this order)."""
    told = next((environment[name] for name in ("LC_ALL", "LC_MESSAGES", "LANG") if environment.get(name)), "")
    spoken = told.partition("_")[0].partition(".")[0].lower()
    return spoken if spoken in LOCALES else "en" if spoken else DEFAULT
