"""Connections of people who check their network: they stand, carry nothing, and go."""

from __future__ import annotations

import pytest

from realtime.media import probe
from realtime.media.engine import Engine
from realtime.media.errors import MediaError

from .clients import Watcher, closed_by_peer


async def test_probe_connects_and_ends_by_itself(engine: Engine, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(probe, "LIFE_S", 1.0)
    watcher = Watcher()
    try:
        made = engine.probe("p1", await watcher.offer())
        assert "a=inactive" in made.answer
        assert "a=sendonly" not in made.answer
        await watcher.accept(made.answer)
        await closed_by_peer(watcher.pc)
    finally:
        await watcher.close()
    assert engine.stats()["endpoints"] == 0
    assert engine.stats()["viewers"] == 0


async def test_strangers_hold_a_bounded_number_of_probes(engine: Engine) -> None:
    watcher = Watcher()
    offer = await watcher.offer()
    for number in range(probe.MOST):
        engine.probe(f"p{number}", offer)
    with pytest.raises(MediaError) as refused:
        engine.probe("one more", offer)
    assert (refused.value.status, refused.value.code) == (503, "media.busy")
    assert engine.stats()["endpoints"] == probe.MOST
    await watcher.close()
