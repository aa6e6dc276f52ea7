"""Numbers for Prometheus, read off the parts when asked."""

from __future__ import annotations

import contextlib
import dataclasses
from collections.abc import Awaitable, Callable, Iterable, Mapping

from prometheus_client import CollectorRegistry, generate_latest
from prometheus_client.core import GaugeMetricFamily, Metric
from prometheus_client.registry import Collector
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from realtime.hub.numbers import HubNumbers
from server.domain.errors import Fault
from server.routes.system import LoopLag

CONTENT_TYPE = "text/plain; version=0.0.4; charset=utf-8"


class _Parts(Collector):
    def __init__(self, hub: HubNumbers, lag: LoopLag) -> None:
        self._hub = hub
        self._lag = lag
        self.media: Mapping[str, float] = {}

    def collect(self) -> Iterable[Metric]:
        yield GaugeMetricFamily("multaqa_loop_lag_seconds", "How late the event loop runs", self._lag.seconds)
        for field in dataclasses.fields(self._hub):
            value = getattr(self._hub, field.name)
            if isinstance(value, int | float):
                yield GaugeMetricFamily(f"multaqa_hub_{field.name}", f"Hub: {field.name}", value)
        yield GaugeMetricFamily("multaqa_media_up", "Whether media answers", float(bool(self.media)))
        for name, value in self.media.items():
            yield GaugeMetricFamily(f"multaqa_media_{name}", f"Media: {name.replace('_', ' ')}", value)


def metrics_app(hub: HubNumbers, lag: LoopLag, media: Callable[[], Awaitable[Mapping[str, float]]]) -> Starlette:
    """The application behind the metrics port: its own, never public. `media` asks media for its numbers."""
    registry = CollectorRegistry()
    parts = _Parts(hub, lag)
    registry.register(parts)

    async def metrics(request: Request) -> Response:
        parts.media = {}
        with contextlib.suppress(Fault):  # away: the other numbers are told all the same
            parts.media = await media()
        return Response(generate_latest(registry), media_type=CONTENT_TYPE)

    return Starlette(routes=[Route("/metrics", metrics)])
