"""What leaves the house: calendars, pictures, the public page."""

from __future__ import annotations

import io
import json
import re
from typing import Any

import pytest
from icalendar import Calendar
from PIL import Image

from tests.support.app import Server
from tests.support.client import JSON
from tests.support.people import World, newcomer

pytestmark = pytest.mark.asyncio(loop_scope="module")

TIMES = {"starts_at": "2027-03-01T09:00:00Z", "ends_at": "2027-03-01T10:00:00Z"}


def events(content: bytes) -> dict[str, Any]:
    return {str(one["UID"]): one for one in Calendar.from_ical(content).walk("VEVENT")}


async def test_calendar_keeps_the_uid_and_raises_the_sequence(server: Server, world: World) -> None:
    path, here = f"/api/sessions/{world.session}", f"/api/conferences/{world.conference}"
    uid = str(world.session)
    async with (
        server.browser(world["attendee"].token) as me,
        server.browser(world["organiser"].token) as organiser,
    ):
        await me.put(f"{path}/bookmark")
        feed = await me.post(f"{here}/feeds", {"content": "saved"})
        address = feed["url"].removeprefix(server.url)

        async def look() -> Any:
            async with server.browser() as program:  # a calendar has no cookie
                answer = await program.http.get(address)
            assert answer.headers["content-type"].startswith("text/calendar")
            (one,) = events(answer.content).values()
            assert str(one["UID"]) == uid
            return one

        seen = [await look()]
        changes: list[tuple[str, str, JSON | None]] = [
            ("PATCH", path, {**TIMES, "title": "عنوان؛ آخر, طويل"}),
            ("POST", f"{here}/shift", {"session_id": uid, "minutes": 20}),
            ("POST", f"{path}/cancel", {"note": "اعتذار"}),
            ("DELETE", f"{path}/cancel", None),
            ("DELETE", path, None),
        ]
        for change in changes:
            assert (await organiser.ask(*change)).is_success
            seen.append(await look())
        assert (sequences := [int(one["SEQUENCE"]) for one in seen]) == sorted(set(sequences))
        assert [str(one["STATUS"]) for one in seen] == [
            *("CONFIRMED", "CONFIRMED", "CONFIRMED", "CANCELLED", "CONFIRMED", "CANCELLED")
        ]
        assert str(seen[2]["SUMMARY"]) == "عنوان؛ آخر, طويل"
        assert seen[2]["DTSTART"].dt.isoformat() == "2027-03-01T09:20:00+00:00"
        await me.delete(f"/api/feeds/{feed['feed']['id']}")
        assert (await me.http.get(address)).status_code == 404


async def test_feed_ends_with_its_owners_place(server: Server, world: World) -> None:
    here = f"/api/conferences/{world.conference}"
    async with server.browser(world["guest"].token) as me, server.browser(world["organiser"].token) as organiser:
        address = (await me.post(f"{here}/feeds", {"content": "all"}))["url"].removeprefix(server.url)
        assert len(events((await me.http.get(address)).content)) == 2
        await organiser.delete(f"{here}/people/{world['guest'].id}")
        assert (await me.http.get(address)).status_code == 404


async def test_public_page_is_readable_and_machine_readable(server: Server, world: World) -> None:
    here, slug = f"/api/conferences/{world.conference}", f"open-{str(world.conference)[-12:]}"
    async with server.browser(world["organiser"].token) as me, server.browser(language="ar") as nobody:
        assert (await nobody.ask("GET", f"/api/public/{slug}")).status_code == 404
        await me.patch(here, {"slug": slug})
        assert (await nobody.ask("GET", f"/api/public/{slug}")).status_code == 404
        # An address alone opens nothing.
        await me.patch(here, {"public": True, "description": "</script><script>alert(1)</script>"})
        made = await me.post(f"{here}/sessions", {"title": "ورشة <b>", "hall": "قاعة", **TIMES})
        page = await nobody.http.get(f"/p/{slug}", headers={"Accept": "text/html"})
        assert page.status_code == 200
        assert "ورشة &lt;b&gt;" in page.text
        assert "<script>alert" not in page.text
        told = re.search(r'<script type="application/ld\+json">(.*?)</script>', page.text, re.DOTALL)
        assert told is not None
        data = json.loads(told[1])
        assert (data["@type"], data["eventAttendanceMode"]) == (
            "Event",
            "https://schema.org/OnlineEventAttendanceMode",
        )
        assert data["location"]["@type"] == "VirtualLocation"
        sub = next(one for one in data["subEvent"] if one["name"] == "ورشة <b>")
        assert (sub["startDate"], sub["url"]) == (TIMES["starts_at"], f"{server.url}/s/{made['id']}")
        await me.post(f"/api/sessions/{made['id']}/state", {"state": "backstage"})
        shown = await nobody.get(f"/api/public/{slug}")
        assert {one["state"] for one in shown["sessions"]} == {"scheduled"}  # backstage is nobody's business
        assert set(shown) == {"conference", "sessions", "halls", "tracks", "speakers"}
        assert len(events((await nobody.http.get(f"/p/{slug}/programme.ics")).content)) == 3
        other = await me.post("/api/conferences", {"title": "x", "zone": "UTC"})
        answer = await me.ask("PATCH", f"/api/conferences/{other['id']}", {"slug": slug})
        assert (answer.status_code, answer.json()["code"]) == (409, "conference.slug_taken")


def photo(side: int = 900) -> bytes:
    image = Image.new("RGB", (side, side // 2), "teal")
    exif = Image.Exif()
    exif[0x010E] = "secret place"
    out = io.BytesIO()
    image.save(out, "JPEG", exif=exif)
    return out.getvalue()


async def test_code_on_the_wall_leads_everybody_to_their_door(server: Server, world: World) -> None:
    here, own, slug = (
        f"/api/conferences/{world.conference}",
        f"/s/{world.session}",
        f"wall-{str(world.conference)[-12:]}",
    )
    outside = await newcomer(server.db, world, "غريب", role=None)
    async with (
        server.browser(world["organiser"].token) as me,
        server.browser(world["attendee"].token) as attendee,
        server.browser(outside.token) as stranger,
        server.browser() as nobody,
    ):
        code = await attendee.get(f"/api/sessions/{world.session}/join-code")
        address = code["url"].removeprefix(server.url)

        async def led(somebody: Any) -> str:
            answer = await somebody.http.get(address, follow_redirects=False)
            assert (answer.status_code, answer.headers["Cache-Control"]) == (303, "no-store")
            return str(answer.headers["Location"])

        async def doors() -> list[str]:
            return [await led(one) for one in (attendee, stranger, nobody)]

        assert await doors() == [own, own, own]  # nothing is public: who has no login is asked for one
        await me.patch(here, {"slug": slug, "public": True})
        assert await doors() == [own, f"/p/{slug}", f"/p/{slug}"]
        for mode in ("open", "approval"):
            await me.patch(f"{here}/registration", {"mode": mode})
            assert await doors() == [own, f"/r/{world.conference}", f"/r/{world.conference}"]
        await me.patch(f"{here}/registration", {"mode": "closed"})
        assert await doors() == [own, f"/p/{slug}", f"/p/{slug}"]
        # Deleted, unknown or no session at all: nothing is told.
        await me.delete(f"/api/sessions/{world.session}")
        assert await led(nobody) == own
        address = f"/in/{world.conference}"
        assert await led(nobody) == f"/s/{world.conference}"
        wrong = await nobody.http.get("/in/x", follow_redirects=False)
        assert wrong.status_code == 404


async def test_links_of_a_speaker_are_kept_as_addresses_and_told(server: Server, world: World) -> None:
    here = f"/api/conferences/{world.conference}"
    path = f"{here}/speakers/{world['speaker'].id}"
    async with (
        server.browser(world["speaker"].token) as me,
        server.browser(world["organiser"].token) as organiser,
        server.browser() as nobody,
    ):
        told = await me.patch(
            path, {"links": ["example.org/me", "https://example.org/me", "http://x.example/@a?b=<c>"]}
        )
        assert told["links"] == ["https://example.org/me", "http://x.example/@a?b=<c>"]
        for wrong in (
            "javascript:alert(1)",
            "mailto:a@example.org",
            "https://user@example.org",
            "localhost",
            "//",
            "",
        ):
            answer = await me.ask("PATCH", path, {"links": ["example.org", wrong]})
            assert (answer.status_code, list(answer.json()["fields"])) == (422, ["links.1"]), wrong
        assert (await me.ask("PATCH", path, {"links": ["example.org"] * 6})).status_code == 422
        slug = f"links-{world.conference}"
        await organiser.patch(here, {"slug": slug, "public": True})
        page = (await nobody.http.get(f"/p/{slug}")).text
        assert 'href="http://x.example/@a?b=&lt;c&gt;"' in page
        assert '"sameAs": ["https://example.org/me", "http://x.example/@a?b=\\u003cc>"]' in page


async def test_moderator_who_speaks_tells_of_oneself(server: Server, world: World) -> None:
    own = f"/api/conferences/{world.conference}/speakers/{world['moderator'].id}"
    async with (
        server.browser(world["moderator"].token) as me,
        server.browser(world["organiser"].token) as organiser,
    ):

        async def speaks() -> bool:
            (here,) = (await me.get("/api/me"))["conferences"]
            return bool(here["speaks"])

        assert not await speaks()
        assert (await me.ask("PATCH", own, {"headline": "x"})).status_code == 404
        await organiser.put(f"/api/sessions/{world.session}/speakers/{world['moderator'].id}")
        assert await speaks()
        assert (await me.patch(own, {"headline": "كاتبة"}))["headline"] == "كاتبة"
        assert (await me.get("/api/me"))["conferences"][0]["role"] == "moderator"


async def test_picture_is_drawn_anew_and_says_nothing(server: Server, world: World) -> None:
    path = f"/api/conferences/{world.conference}/speakers/{world['speaker'].id}"
    async with server.browser(world["speaker"].token) as me, server.browser() as nobody:
        raw = photo()
        assert b"secret place" in raw
        told = (await me.http.post(f"{path}/picture", content=raw)).json()
        answer = await nobody.http.get(told["picture"])
        assert answer.headers["content-type"] == "image/webp"
        assert (
            answer.headers["x-content-type-options"],
            "sandbox" in answer.headers["content-security-policy"],
        ) == (
            "nosniff",
            True,
        )
        assert b"secret" not in answer.content
        with Image.open(io.BytesIO(answer.content)) as drawn:
            assert (drawn.size, dict(drawn.getexif())) == ((450, 450), {})
        svg = b'<svg xmlns="http://www.w3.org/2000/svg"><script>alert(1)</script></svg>'
        huge = io.BytesIO()
        Image.new("1", (9000, 9000)).save(huge, "PNG")
        for content in (svg, b"GIF89a", huge.getvalue(), raw[:200]):
            assert (await me.http.post(f"{path}/picture", content=content)).status_code == 422
        assert (await me.http.get("/files/../../etc/passwd")).status_code == 404
        other = f"/api/conferences/{world.conference}/speakers/{world['other_speaker'].id}/picture"
        assert (await me.http.post(other, content=raw)).status_code == 403
