"""The living example, its people, and the address of every page in it."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from playwright.async_api import Browser

from server.demo.people import CONFERENCE, LIVE_SESSION, NEXT_SESSION, TEAM, fixed
from tests.e2e.chromium import DESKTOP, Locale, Profile, Sizes, profile
from tests.e2e.sites import Site, running
from tests.support import client

ENDED_SESSION = fixed("session:opening")
LATER_SESSION = fixed("session:burnout")


@dataclass(frozen=True)
class Place:
    """A page and who opens it; nobody is a stranger without a login."""

    name: str
    path: str
    persona: str | None = None


class Demo:
    """A running example. Nothing in it has a password."""

    def __init__(self, site: Site, board: str, invitation: str, shared: str) -> None:
        self.url = site.url
        self.places = tuple(_places(board, invitation, shared))

    def __getitem__(self, name: str) -> Place:
        return next(place for place in self.places if place.name == name)

    @asynccontextmanager
    async def profile(
        self,
        browser: Browser,
        persona: str | None,
        locale: Locale = "ar",
        size: Sizes = DESKTOP,
        **options: Any,
    ) -> AsyncIterator[Profile]:
        """The persona's browser, with its language set."""
        token = None
        if persona is not None:
            async with client.Browser(self.url) as door:
                await door.post("/api/demo/sign-in", {"persona": persona})
                await door.patch("/api/me", {"locale": locale})
                token = door.token
        async with profile(browser, self.url, token, locale=locale, size=size, **options) as one:
            yield one


def _places(board: str, invitation: str, shared: str) -> list[Place]:
    conference, live = f"/c/{CONFERENCE}", f"/s/{LIVE_SESSION}"
    return [
        Place("landing", "/"),
        Place("sign-in", "/sign-in"),
        Place("check", "/check"),
        Place("sign-up", "/sign-up"),
        Place("join", f"/join#{invitation}"),
        Place("join-broken", "/join"),
        Place("enter", "/enter#a-token"),
        Place("setup", "/setup#a-token"),
        Place("nowhere", "/no/such/page"),
        Place("home", "/", "organiser"),
        Place("lobby", conference, "organiser"),
        Place("edit", f"{conference}/edit", "organiser"),
        Place("today", f"{conference}/today", "organiser"),
        Place("import", f"{conference}/import", "organiser"),
        Place("public", "/p/multaqa-demo"),
        Place("people", f"{conference}/people", "organiser"),
        Place("me", "/me", "organiser"),
        Place("register", f"/r/{CONFERENCE}"),
        Place("register-known", f"/r/{CONFERENCE}", "organiser"),
        Place("pass-broken", "/pass"),
        Place("unsubscribe", "/unsubscribe#01234567-89ab-7def-8123-456789abcdef"),
        Place("outbox", "/demo/outbox", "organiser"),
        Place("notifications", "/notifications", "attendee"),
        Place("messages", f"{conference}/messages", "attendee"),
        Place("mail-habits", "/notifications#habits", "attendee"),
        Place("registrations", f"{conference}/registrations", "organiser"),
        Place("log", f"{conference}/log", "organiser"),
        Place("settings", f"{conference}/settings", "organiser"),
        Place("announcements", f"{conference}/announcements", "organiser"),
        Place("team", f"/t/{TEAM}", "team_lead"),
        Place("work", "/work", "volunteer"),
        Place("board", f"/b/{board}", "team_lead"),
        Place("shared", shared),
        Place("stage", live, "attendee"),
        Place("stage-crew", live, "organiser"),
        Place("stage-later", f"/s/{LATER_SESSION}", "attendee"),
        Place("stage-ended", f"/s/{ENDED_SESSION}", "attendee"),
        Place("desk", f"{live}/desk", "moderator"),
        Place("speaker-view", f"{live}/speaker", "speaker"),
        Place("screen", f"{live}/screen", "moderator"),
        Place("moderation", f"{live}/moderation", "moderator"),
        Place("studio", f"/s/{NEXT_SESSION}/studio", "speaker"),
    ]


@asynccontextmanager
async def demonstrating(folder: Path) -> AsyncIterator[Demo]:
    site = Site("demo", folder)
    async with running(site), client.Browser(site.url) as door:
        await door.post("/api/demo/sign-in", {"persona": "organiser"})
        made = await door.post(f"/api/conferences/{CONFERENCE}/invitations", {"role": "attendee"})
        lead = await door.post("/api/demo/sign-in", {"persona": "team_lead"})
        board = lead["landing"].rpartition("/")[2]
        public = await door.patch(f"/api/boards/{board}", {"public": True})
        yield Demo(site, board, made["url"].partition("#")[2], public["public_path"])
