"""Logs: one JSON object a line for machines, short coloured lines on a terminal.

Every line written while a request is served carries its `request_id`. Bodies, tokens and addresses of
mail never reach a log; what a stranger sends is counted, not quoted.
"""

from __future__ import annotations

import logging
import sys
from typing import Literal

import structlog

Format = Literal["auto", "json", "plain"]

_REDACTED = frozenset({"token", "password", "key", "cookie", "authorization", "text", "email"})


def redact(_: object, __: str, event: structlog.types.EventDict) -> structlog.types.EventDict:
    """Replace values that must never be stored in a log."""
    for name in _REDACTED & event.keys():
        event[name] = "[redacted]"
    return event


def configure(log_format: Format = "auto", *, level: int = logging.INFO) -> None:
    """Send structlog and the standard library's loggers to standard error in one shape."""
    plain = log_format == "plain" or (log_format == "auto" and sys.stderr.isatty())
    shared: list[structlog.types.Processor] = [
        structlog.contextvars.merge_contextvars,
        structlog.processors.add_log_level,
        structlog.processors.TimeStamper(fmt="iso", utc=True),
        redact,
    ]
    renderer: structlog.types.Processor = (
        structlog.dev.ConsoleRenderer(colors=sys.stderr.isatty())
        if plain
        else structlog.processors.JSONRenderer(ensure_ascii=False)
    )
    structlog.configure(
        processors=[*shared, structlog.processors.format_exc_info, renderer],
        wrapper_class=structlog.make_filtering_bound_logger(level),
        logger_factory=structlog.PrintLoggerFactory(sys.stderr),
        cache_logger_on_first_use=True,
    )
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(
        structlog.stdlib.ProcessorFormatter(
            foreign_pre_chain=shared,
            processors=[
                structlog.stdlib.ProcessorFormatter.remove_processors_meta,
                structlog.processors.format_exc_info,
                renderer,
            ],
        )
    )
    root = logging.getLogger()
    root.handlers = [handler]
    root.setLevel(level)
    for quiet in ("uvicorn.access", "httpx", "aioice", "aiortc", "libav"):
        logging.getLogger(quiet).setLevel(logging.WARNING)
