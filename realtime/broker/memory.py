"""The broker of a single process: what one hub publishes, every listener in the process hears."""

import asyncio
from collections.abc import Callable

from realtime.hub.ports import Listener, Stop


class MemoryBroker:
    """Delivers in publishing order, after the publisher's own step; never loses anything."""

    def __init__(self) -> None:
        self._topics: dict[str, list[Listener]] = {}
        self.degraded = False

    async def start(self) -> None: ...

    async def stop(self) -> None: ...

    def on_gap(self, callback: Callable[[], None]) -> None:
        """Nothing is ever lost, so there is nothing to call back for."""

    async def publish(self, topic: str, payload: bytes) -> None:
        if topic in self._topics:
            asyncio.get_running_loop().call_soon(self._deliver, topic, payload)

    def _deliver(self, topic: str, payload: bytes) -> None:
        for listener in list(self._topics.get(topic, ())):
            listener(payload)

    async def listen(self, topic: str, listener: Listener) -> Stop:
        self._topics.setdefault(topic, []).append(listener)

        async def stop() -> None:
            listeners = self._topics[topic]
            listeners.remove(listener)
            if not listeners:
                del self._topics[topic]

        return stop
