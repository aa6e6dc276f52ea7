"""Errors as people and programs read them: RFC 9457 problem JSON.

A stable `code`, a sentence in the reader's language and the request's id; never a stack, SQL or a path.
"""

from __future__ import annotations

from collections.abc import Sequence

from pydantic import ValidationError
from pydantic_core import ErrorDetails
from starlette.responses import JSONResponse

from server.domain.errors import BadInput, Fault, Malformed
from server.domain.view import View
from server.messages import sentence

CONTENT_TYPE = "application/problem+json"
FIELD_CODES = {
    "missing": "field.missing",
    "string_too_long": "field.too_long",
    "string_too_short": "field.too_short",
    "value_error": "field.unusable",
    "extra_forbidden": "field.unknown",
    "literal_error": "field.not_a_choice",
    "email_at": "email.at",
    "email_host": "email.host",
    "email_sign": "email.sign",
    "email_space": "email.space",
}


class Problem(View):
    """The body of every error answer."""

    type: str
    title: str
    status: int
    code: str
    detail: str
    request_id: str
    fields: dict[str, str]


def problem(fault: Fault, *, locale: str, request_id: str) -> JSONResponse:
    detail = sentence(locale, fault.code, **fault.values)
    body = Problem(
        type=f"urn:multaqa:{fault.code}",
        title=detail,
        status=fault.status,
        code=fault.code,
        detail=detail,
        request_id=request_id,
        fields={name: sentence(locale, code, **fault.values) for name, code in fault.fields.items()},
    )
    headers = {"Retry-After": str(fault.retry_after_s)} if fault.retry_after_s else {}
    if fault.status == 401:
        headers["WWW-Authenticate"] = 'Bearer realm="multaqa"'
    return JSONResponse(
        {**body.model_dump(mode="json"), **fault.more},
        status_code=fault.status,
        headers=headers,
        media_type=CONTENT_TYPE,
    )


def from_validation(error: ValidationError) -> Fault:
    """What pydantic found, as one of ours: unreadable JSON apart from values that cannot be used."""
    found: Sequence[ErrorDetails] = error.errors(include_url=False, include_context=False)
    if any(item["type"] == "json_invalid" for item in found):
        return Malformed("json.malformed")
    fields = {".".join(str(part) for part in item["loc"]) or "body": _code(item) for item in found[:20]}
    return BadInput("input.unusable", fields=fields)


def _code(item: ErrorDetails) -> str:
    given = item["input"]
    if isinstance(given, str) and not given.strip():
        return "field.missing"  # to somebody before a form, an empty box is not too short but empty
    return FIELD_CODES.get(item["type"], "field.unusable")
