"""Subscribe, live, leave."""

from tests.hub.nodes import node


async def test_hello_is_the_first_frame() -> None:
    async with node() as n, n.client() as client:
        assert client.hello.items() >= {"type": "hello", "build": "b1", "beat": 20}.items()


async def test_publication_reaches_a_live_subscriber_once_with_its_position() -> None:
    async with node() as n, n.client() as client:
        n.publish("session:a", 2)
        reply = await client.subscribe("session:a")
        assert reply == {
            "recovered": True,
            "position": {"offset": 2, "id": n.history.ids("session:a")[1]},
            "publications": [],
        }
        n.publish("session:a", 3)
        assert await client.publications("session:a", 3) == [3, 4, 5]


async def test_subscriber_with_a_position_gets_what_it_missed_then_live() -> None:
    async with node() as n, n.client() as client:
        n.publish("session:a", 5)
        ids = n.history.ids("session:a")
        reply = await client.subscribe("session:a", 2, ids[1])
        assert [item["offset"] for item in reply["publications"]] == [3, 4, 5]
        assert reply["position"] == {"offset": 5, "id": ids[4]}
        n.publish("session:a")
        assert await client.publications("session:a", 1) == [6]


async def test_unsubscribe_ends_the_channel() -> None:
    async with node() as n, n.client() as client:
        await client.subscribe("session:a")
        await client.subscribe("session:b")
        assert (await client.ask(do="unsubscribe", channel="session:a"))["ok"] == {}
        n.publish("session:a")
        n.publish("session:b")
        frame = await client.until_type("publication")
        assert frame["channel"] == "session:b"
