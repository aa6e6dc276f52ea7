"""Quiet hours by people's own clocks, over midnight and over clock changes."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import hypothesis.strategies as st
import pytest
from hypothesis import given, settings

from server.domain.notice import after_quiet, pressing, quiet

NIGHT = (22 * 60, 7 * 60)
ZONES = ("Asia/Riyadh", "Africa/Cairo", "Asia/Beirut", "Asia/Gaza", "Africa/Casablanca", "America/St_Johns", "UTC")


def utc(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=UTC)


@pytest.mark.parametrize(
    ("zone", "at", "goes"),
    [
        ("Asia/Riyadh", "2026-11-21T19:30", "2026-11-22T04:00"),  # 22:30 there: at seven in the morning
        ("Asia/Riyadh", "2026-11-21T18:59", "2026-11-21T18:59"),  # a minute before ten
        ("Africa/Cairo", "2026-04-23T21:00", "2026-04-24T04:00"),  # the night that loses an hour (00:00 to 01:00)
        ("Africa/Cairo", "2026-10-29T20:00", "2026-10-30T05:00"),  # the night that has one more
        ("UTC", "2026-11-21T03:00", "2026-11-21T07:00"),
    ],
)
def test_mail_waits_for_the_morning_of_the_reader(zone: str, at: str, goes: str) -> None:
    assert after_quiet(utc(at), ZoneInfo(zone), *NIGHT) == utc(goes)


@given(
    at=st.datetimes(datetime(2026, 1, 1), datetime(2027, 12, 31)),
    zone=st.sampled_from(ZONES),
    start=st.integers(0, 1439),
    end=st.integers(0, 1439),
)
@settings(max_examples=60, deadline=None)
def test_mail_never_goes_in_quiet_hours_and_waits_no_longer(at: datetime, zone: str, start: int, end: int) -> None:
    moment, place = at.replace(tzinfo=UTC), ZoneInfo(zone)
    goes = after_quiet(moment, place, start, end)
    assert not quiet(goes, place, start, end)
    assert moment <= goes <= moment + timedelta(hours=26)
    if goes > moment:
        assert quiet(goes - timedelta(minutes=1), place, start, end) or goes - moment < timedelta(minutes=1)


def test_what_is_about_to_begin_or_was_does_not_wait_ten_minutes() -> None:
    at = datetime(2027, 3, 1, 10, tzinfo=UTC)
    soon, later = (at + timedelta(minutes=50)).isoformat(), (at + timedelta(hours=5)).isoformat()
    assert pressing("session_shifted", {"when": later, "was": soon}, at)
    assert pressing("session_cancelled", {"when": soon}, at)
    assert not pressing("session_shifted", {"when": later, "was": later}, at)
    assert not pressing("card_due", {"when": soon}, at)


def test_no_hours_are_quiet_until_they_are_chosen() -> None:
    for hours in ((None, None), (None, 60), (60, 60)):
        assert not quiet(utc("2026-11-21T00:30"), ZoneInfo("UTC"), *hours)
