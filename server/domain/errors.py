"""The one family of errors. The domain raises them; one place per edge turns them into an answer.

    Fault                  code, status, and what the sentence needs
    |-- Malformed    400   not even readable
    |-- BadInput     422   a value that cannot be used (`fields` names which)
    |-- LoginNeeded  401   nobody is signed in
    |-- Forbidden    403   somebody is, but may not
    |-- NotFound     404   unknown, or somebody else's: foreign ids look like unknown ones
    |-- Conflict     409   the state of things does not allow it now
    |-- Gone         410   was there once
    |-- PreconditionFailed 412, PreconditionRequired 428
    |-- TooLarge     413
    |-- WrongKind    415   a content type nobody reads here
    |-- TooMany      429   wait `retry_after_s`
    `-- Away         503   a part behind us does not answer; wait `retry_after_s`

Each code has a sentence in every language in `server/messages`; a test holds that.
"""

from __future__ import annotations

from typing import ClassVar


class Fault(Exception):
    """`code` is stable and for programs; the sentence for people is made at the edge, in their language."""

    status: ClassVar[int] = 400

    def __init__(
        self,
        code: str,
        *,
        fields: dict[str, str] | None = None,
        retry_after_s: int | None = None,
        **values: object,
    ) -> None:
        super().__init__(code)
        self.code = code
        self.fields = fields or {}
        self.retry_after_s = retry_after_s
        self.values = values
        self.more: dict[str, object] = {}  # members of the answer that only this fault has (RFC 9457 3.2)


class BadInput(Fault):
    status = 422


class Malformed(Fault):
    status = 400


class LoginNeeded(Fault):
    status = 401


class Forbidden(Fault):
    status = 403


class NotFound(Fault):
    status = 404


class Conflict(Fault):
    status = 409


class Gone(Fault):
    status = 410


class PreconditionFailed(Fault):
    status = 412


class PreconditionRequired(Fault):
    status = 428


class TooLarge(Fault):
    status = 413


class WrongKind(Fault):
    status = 415


class TooMany(Fault):
    status = 429


class Away(Fault):
    status = 503
