"""Coming back with a position: everything missed, or an honest no."""

from __future__ import annotations

import asyncio
from contextlib import AsyncExitStack
from dataclasses import replace

from tests.hub.fakes import FakeHistory
from tests.hub.nodes import QUICK, Client, node
from tests.hub.raw import OFFER, raw


async def recovered(client: Client, history: FakeHistory, offset: int) -> list[int] | None:
    """Subscribe with the position at an offset; the replayed offsets, or None when it was not recovered."""
    id = history.rows["session:a"][offset - 1].id if offset else None
    reply = await client.subscribe("session:a", offset, id)
    return [item["offset"] for item in reply["publications"]] if reply["recovered"] else None


async def test_position_at_the_head_needs_nothing() -> None:
    async with node() as n, n.client() as client:
        n.publish("session:a", 5)
        assert await recovered(client, n.history, 5) == []
        assert n.history.since_asked == 0


async def test_position_zero_of_a_channel_without_publications() -> None:
    async with node() as n, n.client() as client:
        reply = await client.subscribe("session:a", 0, None)
        assert reply == {"recovered": True, "position": {"offset": 0, "id": None}, "publications": []}
        n.publish("session:a")
        assert await client.publications("session:a", 1) == [1]


async def test_position_zero_replays_from_the_beginning() -> None:
    async with node() as n, n.client() as client:
        n.publish("session:a", 4)
        assert await recovered(client, n.history, 0) == [1, 2, 3, 4]


async def test_log_answers_without_reading_history() -> None:
    async with node() as n, n.client() as stays, n.client("badr") as returns:
        await stays.subscribe("session:a")
        n.publish("session:a", 100)
        assert await recovered(returns, n.history, 40) == list(range(41, 101))
        assert n.history.since_asked == 0
        assert n.hub.numbers.recovered_from_log == 1


async def test_log_and_history_together_are_contiguous() -> None:
    async with node() as n:
        n.publish("session:a", 100)
        async with n.client() as stays, n.client("badr") as returns:
            await stays.subscribe("session:a")
            n.publish("session:a", 20)
            assert await recovered(returns, n.history, 90) == list(range(91, 121))
            assert n.hub.numbers.recovered_from_history == 1


async def test_same_offset_with_another_id_is_not_recovered() -> None:
    async with node() as n, n.client() as client:
        n.publish("session:a", 5)
        reply = await client.subscribe("session:a", 5, "from-another-history")
        assert reply == {
            "recovered": False,
            "position": {"offset": 5, "id": n.history.ids("session:a")[4]},
            "jitter_ms": [0, 1],
            "publications": [],
        }


async def test_earlier_offset_with_another_id_is_not_recovered() -> None:
    async with node() as n, n.client() as client:
        n.publish("session:a", 5)
        assert (await client.subscribe("session:a", 3, "from-another-history"))["recovered"] is False


async def test_position_ahead_of_history_is_not_recovered_and_live_goes_on() -> None:
    async with node() as n, n.client() as client:
        n.publish("session:a", 5)
        assert (await client.subscribe("session:a", 9, "lost-by-a-restore"))["recovered"] is False
        n.publish("session:a")
        assert await client.publications("session:a", 1) == [6]


async def test_position_ahead_of_this_node_only_makes_the_node_look() -> None:
    async with node() as n, n.client() as stays, n.client("badr") as comes_from_another_node:
        await stays.subscribe("session:a")
        n.history.commit_many("session:a", 3)  # committed elsewhere, not yet heard here
        assert await recovered(comes_from_another_node, n.history, 3) == []
        assert await stays.publications("session:a", 3) == [1, 2, 3]


async def test_purged_position_is_not_recovered() -> None:
    async with node() as n, n.client() as client:
        n.publish("session:a", 50)
        n.history.purge("session:a", 20)
        assert await recovered(client, n.history, 19) is None
        assert await recovered(client, n.history, 20) == list(range(21, 51))


async def test_exactly_the_limit_is_recovered_and_one_more_is_not() -> None:
    limits = replace(QUICK, recovery_frames=30)
    async with node(limits=limits) as n, n.client() as client:
        n.publish("session:a", 40)
        assert await recovered(client, n.history, 10) == list(range(11, 41))
        asked = n.history.since_asked
        assert await recovered(client, n.history, 9) is None
        assert n.history.since_asked == asked


async def test_too_many_bytes_are_not_replayed() -> None:
    limits = replace(QUICK, recovery_bytes=2000)
    async with node(limits=limits) as n, n.client() as client:
        n.publish("session:a", 40)
        assert await recovered(client, n.history, 30) == list(range(31, 41))
        assert await recovered(client, n.history, 1) is None


async def test_log_edge_is_recovered_from_both_sides() -> None:
    limits = replace(QUICK, log_frames=40)
    async with node(limits=limits) as n, n.client() as stays, n.client("badr") as returns:
        await stays.subscribe("session:a")
        for _ in range(10):
            n.publish("session:a", 10)
            await stays.publications("session:a", 10)
        for offset in (59, 60, 61, 69, 70, 71, 99, 100):
            assert await recovered(returns, n.history, offset) == list(range(offset + 1, 101))


async def test_mass_return_of_a_thousand_reads_history_a_handful_of_times() -> None:
    """All were cut at once, each at another place; half of them read compressed frames."""
    history = FakeHistory()
    history.commit_many("session:a", 400)
    limits = replace(QUICK, recovery_bytes=1 << 20, connections_per_address=2000)
    async with node(history=history, limits=limits) as n, AsyncExitStack() as stack:
        ids = history.ids("session:a")

        async def come_back(number: int) -> None:
            offer = OFFER if number % 2 else None
            socket = await stack.enter_async_context(raw(n, offer=offer, cookie=f"p{number}"))
            offset = 100 + number % 300
            socket.say(do="subscribe", id=2, channel=f"person:{number}", position=None)
            reply = await socket.subscribe("session:a", offset, ids[offset - 1])
            replayed = [item["offset"] for item in reply.json["ok"]["publications"]]
            assert replayed == list(range(offset + 1, 401))

        for wave in range(10):  # as fast as one client can: what is left of the spread retry
            await asyncio.gather(*(come_back(100 * wave + number) for number in range(100)))
        assert n.hub.numbers.connections == 1000
        assert history.since_asked <= 3
        assert n.history.heads_asked - n.hub.numbers.head_checks <= 50  # the persons' channels, read together


async def test_publications_during_a_slow_recovery_come_after_the_replay_without_a_gap() -> None:
    async with node() as n, n.client() as stays, n.client("badr") as returns:
        n.publish("session:a", 20)
        await stays.subscribe("session:a")
        n.history.gate = asyncio.Event()
        id = n.history.ids("session:a")[9]
        await returns.send(do="subscribe", id=1, channel="session:a", position={"offset": 10, "id": id})
        n.publish("session:a", 5)
        await stays.publications("session:a", 5)
        n.history.gate.set()
        reply = await returns.until_type("reply")
        assert [item["offset"] for item in reply["ok"]["publications"]] == list(range(11, 26))
        n.publish("session:a", 2)
        assert await returns.publications("session:a", 2) == [26, 27]


async def test_history_that_is_away_delays_the_subscription() -> None:
    async with node() as n, n.client() as client:
        n.publish("session:a", 3)
        n.history.failing = True
        await client.send(do="subscribe", id=1, channel="session:a", position=None)
        await asyncio.sleep(0.15)
        n.history.failing = False
        assert (await client.until_type("reply"))["ok"]["position"]["offset"] == 3


async def test_history_that_stays_away_answers_busy() -> None:
    limits = replace(QUICK, subscribe_s=0.2)
    async with node(limits=limits) as n, n.client() as client:
        n.history.failing = True
        reply = await client.subscribe("session:a")
        assert reply["error"]["code"] == "server.busy"
        n.history.failing = False
        assert (await client.subscribe("session:a"))["recovered"] is True


async def test_subscribing_again_replaces_the_subscription() -> None:
    async with node() as n, n.client() as client:
        await client.subscribe("session:a")
        n.publish("session:a", 3)
        assert await recovered(client, n.history, 1) == [2, 3]
        n.publish("session:a")
        assert await client.publications("session:a", 1) == [4]
        assert n.hub.numbers.subscriptions == 1


async def test_unsubscribe_overtakes_a_waiting_subscribe() -> None:
    async with node() as n, n.client() as client:
        n.history.gate = asyncio.Event()
        await client.send(do="subscribe", id=1, channel="session:a", position=None)
        await client.send(do="unsubscribe", id=2, channel="session:a")
        assert (await client.until_type("reply"))["id"] == 2
        n.history.gate.set()
        reply = await client.until_type("reply")
        assert (reply["id"], reply["error"]["code"]) == (1, "subscription.replaced")
        n.publish("session:a")
        assert n.hub.numbers.subscriptions == 0


async def test_large_replay_is_one_valid_message() -> None:
    async with node() as n, n.client() as client:
        for _ in range(60):
            n.hub.publish([n.history.commit("session:a", data={"text": "سلام" * 700})])
        assert await recovered(client, n.history, 0) == list(range(1, 61))


async def test_erased_words_are_not_replayed_from_the_log() -> None:
    """The publication that tells of the erasing makes the log forget; History has the blanked rows."""
    async with node(erases=lambda frame: b"message.deleted" in frame.payload) as n, n.client() as stays:
        await stays.subscribe("session:a")
        n.hub.publish([n.history.commit("session:a", data={"text": "secret"}) for _ in range(3)])
        await stays.publications("session:a", 3)
        row = n.history.rows["session:a"][1]
        n.history.rows["session:a"][1] = replace(row, payload=row.payload.replace(b"secret", b""))
        n.hub.publish([n.history.commit("session:a", "message.deleted")])
        await stays.publications("session:a", 1)
        async with n.client("badr") as returns:
            reply = await returns.subscribe("session:a", 1, n.history.ids("session:a")[0])
            texts = [item["data"].get("text") for item in reply["publications"]]
            assert texts == ["", "secret", None]
