"""How often somebody may ask: counted for each, forgotten with time."""

from __future__ import annotations

import threading
import time

import pytest
from starlette.requests import Request

from server.api.rates import TIDY_S, Limiter, Rate
from server.api.runner import address_of
from server.domain.errors import TooMany

THRICE = Rate("thrice", "3/minute")


def test_each_has_a_count_of_their_own_within_the_window(monkeypatch: pytest.MonkeyPatch) -> None:
    limiter, now = Limiter(), time.time()
    monkeypatch.setattr(time, "time", lambda: now)
    for who in ("amal", "tariq"):
        for _ in range(3):
            limiter.hit(THRICE, who)
    with pytest.raises(TooMany) as refused:
        limiter.hit(THRICE, "amal")
    assert refused.value.retry_after_s == 60
    now += 60.001
    limiter.hit(THRICE, "amal")


def test_the_window_moves_with_each_request(monkeypatch: pytest.MonkeyPatch) -> None:
    limiter, now = Limiter(), time.time()
    monkeypatch.setattr(time, "time", lambda: now)
    for _ in range(3):
        limiter.hit(THRICE, "amal")
        now += 25
    limiter.hit(THRICE, "amal")  # the first of them is 75 s old
    with pytest.raises(TooMany):
        limiter.hit(THRICE, "amal")


def test_who_has_gone_is_forgotten_without_any_thread(monkeypatch: pytest.MonkeyPatch) -> None:
    limiter, now = Limiter(), time.time()
    for timer in threading.enumerate():
        if isinstance(timer, threading.Timer):
            timer.join()  # the library's own, of its start
    threads = threading.active_count()
    monkeypatch.setattr(time, "time", lambda: now)
    for number in range(100):
        limiter.hit(THRICE, f"guest {number}")
    assert (limiter.known, threading.active_count()) == (100, threads)
    now += TIDY_S + 60.001
    limiter.hit(THRICE, "amal")
    assert limiter.known == 1


def test_clock_put_back_locks_nobody_out(monkeypatch: pytest.MonkeyPatch) -> None:
    limiter, now = Limiter(), time.time()
    monkeypatch.setattr(time, "time", lambda: now)
    for who in ("amal", "amal", "amal", "tariq"):
        limiter.hit(THRICE, who)
    now -= 7200
    for _ in range(3):
        limiter.hit(THRICE, "amal")
    assert limiter.known == 1
    with pytest.raises(TooMany) as refused:
        limiter.hit(THRICE, "amal")
    assert refused.value.retry_after_s in range(1, 61)


@pytest.mark.parametrize(
    ("host", "counted"),
    [
        ("203.0.113.7", "203.0.113.7"),
        ("2001:db8:1:2:aaaa::1", "2001:db8:1:2::/64"),
        ("2001:db8:1:2:bbbb::9", "2001:db8:1:2::/64"),
        ("fe80::1%eth0", "fe80::/64"),
        ("::ffff:203.0.113.7", "203.0.113.7"),
        ("testclient", "testclient"),
    ],
)
def test_one_household_of_the_newer_addresses_is_counted_as_one(host: str, counted: str) -> None:
    assert address_of(Request({"type": "http", "client": (host, 1)})) == counted
