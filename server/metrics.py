"""Numbers for Prometheus, read off the parts when asked."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterable

from prometheus_client import CollectorRegistry, generate_latest
from prometheus_client.core import GaugeMetricFamily, Metric
from prometheus_client.registry import Collector
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from realtime.hub.numbers import HubNumbers
from server.routes.system import LoopLag

CONTENT_TYPE = "text/plain; version=0.0.4; charset=utf-8"


class _Parts(Collector):
    def __init__(self, hub: HubNumbers, lag: LoopLag) -> None:
        self._hub = hub
        self._lag = lag

    def collect(self) -> Iterable[Metric]:
        yield GaugeMetricFamily("multaqa_loop_lag_seconds", "How late the event loop runs", self._lag.seconds)
        for field in dataclasses.fields(self._hub):
            value = getattr(self._hub, field.name)
            if isinstance(value, int | float):
                yield GaugeMetricFamily(f"multaqa_hub_{field.name}", f"Hub: {field.name}", value)


def metrics_app(hub: HubNumbers, lag: LoopLag) -> Starlette:
    """The application behind the metrics port: its own, never public."""
    registry = CollectorRegistry()
    registry.register(_Parts(hub, lag))

    async def metrics(request: Request) -> Response:
        return Response(generate_latest(registry), media_type=CONTENT_TYPE)

    return Starlette(routes=[Route("/metrics", metrics)])
