"""What the API offers, told to programs: OpenAPI 3.1 for endpoints, JSON Schema for what is published."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Any

from pydantic.json_schema import models_json_schema

from server.api.endpoint import Endpoint, is_id
from server.api.problem import CONTENT_TYPE, Problem
from server.domain.view import FACTS, SIGNALS, View

ALWAYS = ("400", "401", "403", "404", "409", "413", "415", "422", "429", "503")


def openapi(endpoints: Sequence[Endpoint], *, version: str) -> dict[str, Any]:
    """The whole API as one OpenAPI document; what comes over the socket stands in it as webhooks.

    The front end's types are made from it, so that a shape is written once.
    """
    bodies = {endpoint.body for endpoint in endpoints if endpoint.body}
    results = {endpoint.result for endpoint in endpoints if endpoint.result}
    told: set[type[View]] = {fact for fact in FACTS.values() if fact.public} | set(SIGNALS.values())
    modes: list[tuple[type[View], Any]] = [
        (view, "validation" if view in bodies else "serialization")
        for view in sorted(bodies | results | told | {Problem}, key=lambda view: view.__name__)
    ]
    names, definitions = models_json_schema(modes, ref_template="#/components/schemas/{model}")
    schemas = {view: names[(view, mode)] for view, mode in modes}
    paths: dict[str, dict[str, Any]] = {}
    for endpoint in endpoints:
        paths.setdefault(endpoint.path, {})[endpoint.method.lower()] = _operation(endpoint, schemas)
    return {
        "openapi": "3.1.0",
        "info": {"title": "Multaqa", "version": version},
        "paths": paths,
        "webhooks": {
            **{name: _told(fact, schemas) for name, fact in sorted(FACTS.items()) if fact.public},
            **{name: _told(signal, schemas) for name, signal in sorted(SIGNALS.items())},
        },
        "components": {
            "schemas": definitions.get("$defs", {}),
            "securitySchemes": {"login": {"type": "apiKey", "in": "cookie", "name": "login"}},
        },
    }


def _told(kind: type[View], schemas: dict[type[View], Any]) -> dict[str, Any]:
    return {
        "post": {
            "summary": (kind.__doc__ or "").strip().partition("\n")[0],
            "requestBody": {"content": {"application/json": {"schema": schemas[kind]}}},
            "responses": {"default": {"description": "over the socket, where nothing is answered"}},
        }
    }


def _operation(endpoint: Endpoint, schemas: dict[type[View], Any]) -> dict[str, Any]:
    operation: dict[str, Any] = {
        "operationId": endpoint.name,
        "summary": (endpoint.handler.__doc__ or "").strip().partition("\n")[0],
        "parameters": _parameters(endpoint),
        "responses": _responses(endpoint, schemas),
    }
    if endpoint.permission:
        operation["x-permission"] = endpoint.permission
    if endpoint.errors:
        operation["x-errors"] = list(endpoint.errors)
    if endpoint.kind != "flow":
        operation["security"] = [{"login": []}]
    if endpoint.body:
        operation["requestBody"] = {
            "required": endpoint.needs_body,
            "content": {"application/json": {"schema": schemas[endpoint.body]}},
        }
    if endpoint.most_bytes:
        operation["requestBody"] = {
            "required": True,
            "content": {"application/octet-stream": {"schema": {"type": "string", "format": "binary"}}},
        }
    return operation


def _parameters(endpoint: Endpoint) -> list[dict[str, Any]]:
    text = {"type": "string"}
    identifier = {"type": "string", "format": "uuid"}
    in_path = [
        {"name": name, "in": "path", "required": True, "schema": identifier if is_id(name) else text}
        for name in re.findall(r"{(\w+)}", endpoint.path)
    ]
    in_query = [{"name": name, "in": "query", "schema": text} for name in endpoint.parameters]
    key = {"name": "Idempotency-Key", "in": "header", "schema": identifier}
    return [*in_path, *in_query, *([key] if endpoint.kind == "command" else [])]


def _responses(endpoint: Endpoint, schemas: dict[type[View], Any]) -> dict[str, Any]:
    success: dict[str, Any] = {"description": "done"}
    if endpoint.result:
        success["content"] = {"application/json": {"schema": schemas[endpoint.result]}}
    fault = {"description": "a problem", "content": {CONTENT_TYPE: {"schema": schemas[Problem]}}}
    return {str(endpoint.status): success} | dict.fromkeys(ALWAYS, fault) | {"default": fault}


def events() -> dict[str, Any]:
    """Every publication and signal: its name, the channels it is told on, the schema of its data."""
    told: list[tuple[type[View], Any]] = [(kind, "serialization") for kind in (*FACTS.values(), *SIGNALS.values())]
    names, definitions = models_json_schema(told, ref_template="#/$defs/{model}")
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "publications": {
            name: {"channels": list(fact.channels), "data": names[(fact, "serialization")]}
            for name, fact in sorted(FACTS.items())
            if fact.public
        },
        "signals": {name: {"data": names[(signal, "serialization")]} for name, signal in sorted(SIGNALS.items())},
        "$defs": definitions.get("$defs", {}),
    }
