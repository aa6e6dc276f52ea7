"""Files and links on a card."""

from __future__ import annotations

from typing import Literal
from uuid import UUID

from models.card import CardAttachment
from server.domain.address import Url
from server.domain.person import PersonView
from server.domain.text import OptionalLine
from server.domain.view import View
from server.domain.zone import Instant

FILE_BYTES = 10 * 1024 * 1024
MOST_ATTACHMENTS = 50  # of a card
TEAM_BYTES = 2 * 1024 * 1024 * 1024  # of all boards of a team
LONGEST_NAME = 120

Kind = Literal["picture", "pdf", "document", "text", "archive", "sound", "film", "link"]


class AttachmentView(View):
    """`url` is a link's own address, or where a file is downloaded; `preview` shows a picture, drawn anew."""

    id: UUID
    card_id: UUID
    kind: Kind
    name: str
    url: str
    preview: str | None
    size: int
    by: PersonView | None
    at: Instant


class UrlDraft(View):
    url: Url
    name: OptionalLine = ""


def attachment_view(row: CardAttachment, by: PersonView | None) -> AttachmentView:
    place = f"/api/attachments/{row.id}"
    return AttachmentView(
        id=row.id,
        card_id=row.card_id,
        kind=row.kind,
        name=row.name,
        url=row.url or f"{place}/content",
        preview=f"{place}/preview" if row.preview else None,
        size=row.size,
        by=by,
        at=row.created_at,
    )
