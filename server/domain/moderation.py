"""What moderators see and do, and the rules of who may do it to whom."""

from __future__ import annotations

from collections.abc import Collection
from datetime import datetime
from typing import Annotated, Any, Literal
from uuid import UUID

from pydantic import AfterValidator, Field

from models.moderation import ChatRules, Silence
from server.domain.errors import Conflict, Forbidden
from server.domain.filters import Rules, Word
from server.domain.message import ChatRulesView, HeldView, MessageView
from server.domain.permissions import Role
from server.domain.person import PersonView
from server.domain.text import Line, NoteText, OptionalNote, fold
from server.domain.view import Fact, Position, View
from server.domain.zone import Instant

Reason = Literal["spam", "abuse", "off_topic", "other"]
HoldWhom = Literal["nobody", "newcomers", "all"]
Links = Literal["all", "known", "nobody"]

LONGEST_SLOW_S = 3600
MOST_WORDS = 300

# Who may be silenced or banned by whom; organisers step down before anybody can act on them.
_REACH: dict[str, frozenset[str]] = {
    "organiser": frozenset({"moderator", "speaker", "attendee"}),
    "moderator": frozenset({"speaker", "attendee"}),
}


class WordView(View):
    text: Line
    whole: bool = True
    action: Literal["hold", "refuse"] = "hold"


def _once(words: list[WordView]) -> list[WordView]:
    """Spellings that are compared as one word are one entry: the first as it is, refused if any of them was."""
    kept: dict[str, WordView] = {}
    for word in words:
        known = kept.setdefault(fold(word.text), word)
        stricter = {
            "whole": known.whole and word.whole,
            "action": "refuse" if "refuse" in (known.action, word.action) else "hold",
        }
        kept[fold(word.text)] = known.model_copy(update=stricter)
    return list(kept.values())


Words = Annotated[list[WordView], Field(max_length=MOST_WORDS), AfterValidator(_once)]


class RulesView(View):
    """All rules of a conference's chats, or of a session; a session has no words and messages of its own."""

    slow_s: int
    hold: HoldWhom
    links: Links
    newcomer_minutes: int
    words: list[WordView]
    direct: bool
    calm: bool
    own: bool  # the session has rules of its own
    version: int


class RulesChange(View):
    slow_s: Annotated[int, Field(ge=0, le=LONGEST_SLOW_S)] | None = None
    hold: HoldWhom | None = None
    links: Links | None = None
    newcomer_minutes: Annotated[int, Field(ge=1, le=24 * 60)] | None = None
    words: Words | None = None
    direct: bool | None = None


class SessionRulesChange(View):
    """`inherit`: the conference's rules again."""

    slow_s: Annotated[int, Field(ge=0, le=LONGEST_SLOW_S)] | None = None
    hold: HoldWhom | None = None
    links: Links | None = None
    newcomer_minutes: Annotated[int, Field(ge=1, le=24 * 60)] | None = None
    inherit: bool = False


class CalmWish(View):
    on: bool


class SilenceWish(View):
    """In one session (chat lock) or, without one, in the whole conference (mute); for a time or until lifted."""

    session_id: UUID | None = None
    minutes: Annotated[int, Field(ge=1, le=7 * 24 * 60)] | None = None


class BanWish(View):
    reason: OptionalNote = ""
    close_invitation: bool = False


class ReportDraft(View):
    reason: Reason
    text: OptionalNote = ""


class ReportDecision(View):
    decision: Literal["acted", "kept"]


class NoteDraft(View):
    text: NoteText


class Deed(View):
    """Something done, by which it can be undone."""

    id: UUID
    action: str


class SilenceView(View):
    id: UUID
    person: PersonView
    session_id: UUID | None
    until: Instant | None
    at: Instant


class BanView(View):
    id: UUID
    person: PersonView
    by: PersonView | None
    reason: str
    at: Instant
    lifted_at: Instant | None


class Bans(View):
    bans: list[BanView]


class OneReport(View):
    reporter: PersonView
    reason: Reason
    text: str
    at: Instant


class ReportItem(View):
    """Everything said against one thing. `message` still has its words here, unless its author deleted it."""

    subject_id: UUID
    kind: Literal["message", "person"]
    person: PersonView
    message: MessageView | None
    reports: list[OneReport]
    decided: Literal["acted", "kept"] | None
    at: Instant


class ModerationSnapshot(View):
    """The desk's queue beside the questions: what waits, what was reported, who is silent, and the rules."""

    position: Position
    held: list[HeldView]
    reports: list[ReportItem]
    silences: list[SilenceView]
    rules: RulesView


class MessageContext(View):
    """A message with what was said round it, words of hidden ones included."""

    message: MessageView
    before: list[MessageView]
    after: list[MessageView]


class NoteView(View):
    id: UUID
    author: PersonView
    text: str
    at: Instant


class PersonRecord(View):
    """What moderators should know of somebody before they act."""

    person: PersonView
    role: Role | None
    guest: bool
    joined_at: Instant | None
    messages: int
    removed: int
    reported: int
    silences: list[SilenceView]
    bans: list[BanView]
    notes: list[NoteView]
    recent: list[MessageView]


class AuditEntry(View):
    id: UUID
    at: Instant
    actor: PersonView | None
    action: str
    person: PersonView | None
    session_id: UUID | None
    session: str | None
    subject_id: UUID | None
    data: dict[str, Any]
    undone_at: Instant | None
    undone_by: PersonView | None
    undoable: bool


class AuditPage(View):
    entries: list[AuditEntry]
    more: bool


class ReportChanged(Fact, name="report.changed", channels=("session:moderation",)):
    report: ReportItem


class SilenceChanged(Fact, name="silence.changed", channels=("session:moderation", "person")):
    silence: SilenceView
    silenced: bool


class SessionRulesChanged(Fact, name="session_rules.changed", channels=("session:moderation",)):
    rules: RulesView


def check_reach(roles: Collection[str], target: str | None, *, oneself: bool) -> None:
    """Raises Forbidden unless these roles may silence or ban somebody of that role."""
    reach: frozenset[str] = frozenset().union(*(_REACH.get(role, frozenset()) for role in roles))
    if oneself or (target is not None and target not in reach):
        raise Forbidden("not_over_them")


def in_force(conference: ChatRules | None, session: ChatRules | None) -> Rules:
    """The session's own rules, else the conference's; the words are always the conference's."""
    ruling = session if session is not None and session.own else conference
    words = conference.words if conference else []
    calm = session.calm if session else False
    listed = tuple(Word(word["text"], word["whole"], word["action"] == "refuse") for word in words)
    if ruling is None:
        return Rules(words=listed, calm=calm)
    return Rules(ruling.slow_s, ruling.hold, ruling.links, ruling.newcomer_minutes, listed, calm)


def rules_view(conference: ChatRules | None, session: ChatRules | None) -> RulesView:
    rules = in_force(conference, session)
    return RulesView(
        slow_s=rules.slow_s,
        hold=rules.hold,
        links=rules.links,
        newcomer_minutes=rules.newcomer_minutes,
        words=[WordView.model_validate(word) for word in (conference.words if conference else [])],
        direct=conference.direct if conference else False,
        calm=rules.calm,
        own=session is not None and session.own,
        version=rules_version(conference, session),
    )


def public_rules(conference: ChatRules | None, session: ChatRules | None) -> ChatRulesView:
    rules = in_force(conference, session)
    return ChatRulesView(
        slow_s=rules.slow_s,
        hold=rules.hold,
        links=rules.links,
        calm=rules.calm,
        version=rules_version(conference, session),
    )


def rules_version(conference: ChatRules | None, session: ChatRules | None) -> int:
    """Rises with every change of either."""
    return (conference.version if conference else 0) + (session.version if session else 0)


def still_silent(silence: Silence, at: datetime) -> bool:
    return silence.lifted_at is None and (silence.until is None or silence.until > at)


def check_not_calm(rules: Rules) -> None:
    if rules.calm:
        raise Conflict("calm.hands")
