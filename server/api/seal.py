"""Answers that hold a secret shown only once are kept locked: by the asker's own login token, of which the
database holds nothing but a hash. Who reads the database (or a backup of it) reads no link and no key."""

from __future__ import annotations

import base64
import hashlib

from cryptography.fernet import Fernet, InvalidToken

from server.domain.errors import Conflict


def lock(text: str, token: str) -> str:
    return _cipher(token).encrypt(text.encode()).decode()


def unlock(locked: str, token: str) -> str:
    """Raises Conflict when the command was given by another login of the same person."""
    try:
        return _cipher(token).decrypt(locked.encode()).decode()
    except InvalidToken:
        raise Conflict("answer.elsewhere") from None


def _cipher(token: str) -> Fernet:
    digest = hashlib.sha256(b"multaqa answer\n" + token.encode("utf-8", "replace")).digest()
    return Fernet(base64.urlsafe_b64encode(digest))
