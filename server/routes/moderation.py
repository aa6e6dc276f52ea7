"""What moderators see and do."""

from __future__ import annotations

from server.actions import ban, moderation, note, report, rules, silence, undo
from server.api.endpoint import Call, Endpoints
from server.api.rates import TALKING
from server.domain.moderation import (
    AuditPage,
    Bans,
    BanWish,
    CalmWish,
    Deed,
    MessageContext,
    ModerationSnapshot,
    NoteDraft,
    NoteView,
    PersonRecord,
    ReportDecision,
    ReportDraft,
    RulesChange,
    RulesView,
    SessionRulesChange,
    SilenceWish,
)
from server.queries import moderation as desk
from server.queries import rules as ruling
from server.queries import scope
from server.routes.chat import id_of

ENDPOINTS = Endpoints("moderation")
MESSAGE = "/api/messages/{message_id}"
SESSION = "/api/sessions/{session_id}"
CONFERENCE = "/api/conferences/{conference_id}"
PERSON = f"{CONFERENCE}/people/{{person_id}}"


@ENDPOINTS.query("moderation.show", f"{SESSION}/moderation", permission="chat.moderate", result=ModerationSnapshot)
def show(call: Call) -> ModerationSnapshot:
    """What waits, what was reported, who is silent, and the rules."""
    return desk.snapshot(call.db, call.actor, call.path["session_id"])


@ENDPOINTS.query("message.context", f"{MESSAGE}/context", permission="message.moderate", result=MessageContext)
def context(call: Call) -> MessageContext:
    """A message and what was said round it."""
    return desk.context(call.db, call.actor, call.path["message_id"])


@ENDPOINTS.command("message.hide", "POST", f"{MESSAGE}/hide", permission="message.moderate", result=Deed)
def hide(call: Call) -> Deed:
    """Take a message out of sight; it can be brought back."""
    return moderation.hide(call.db, call.actor, call.path["message_id"])


@ENDPOINTS.command("message.restore", "POST", f"{MESSAGE}/restore", permission="message.moderate", result=Deed)
def restore(call: Call) -> Deed:
    """Bring a hidden message back."""
    return moderation.restore(call.db, call.actor, call.path["message_id"])


@ENDPOINTS.command("message.approve", "POST", f"{MESSAGE}/approve", permission="message.moderate", result=Deed)
def approve(call: Call) -> Deed:
    """Let a message through that waits."""
    return moderation.approve(call.db, call.actor, call.path["message_id"])


@ENDPOINTS.command("message.refuse", "POST", f"{MESSAGE}/refuse", permission="message.moderate", result=Deed)
def refuse(call: Call) -> Deed:
    """Keep a message back that waits."""
    return moderation.refuse(call.db, call.actor, call.path["message_id"])


@ENDPOINTS.command("message.pin", "PUT", f"{MESSAGE}/pin", permission="message.pin", result=Deed)
def pin(call: Call) -> Deed:
    """Keep a message at the top of the chat."""
    return moderation.pin(call.db, call.actor, call.path["message_id"])


@ENDPOINTS.command("message.unpin", "DELETE", f"{MESSAGE}/pin", permission="message.pin", result=Deed)
def unpin(call: Call) -> Deed:
    """Let a message go from the top of the chat."""
    return moderation.unpin(call.db, call.actor, call.path["message_id"])


@ENDPOINTS.command(
    "message.report",
    "POST",
    f"{MESSAGE}/report",
    permission="message.report",
    body=ReportDraft,
    rate=TALKING,
)
def report_message(call: Call, body: ReportDraft) -> None:
    """Tell the moderators of a message."""
    report.message(call.db, call.actor, call.path["message_id"], body)


@ENDPOINTS.command(
    "person.report",
    "POST",
    f"{SESSION}/people/{{person_id}}/report",
    permission="message.report",
    body=ReportDraft,
    rate=TALKING,
)
def report_person(call: Call, body: ReportDraft) -> None:
    """Tell the moderators of somebody."""
    report.person(call.db, call.actor, call.path["session_id"], call.path["person_id"], body)


@ENDPOINTS.command(
    "person.report_outside",
    "POST",
    f"{PERSON}/report",
    permission="message.report",
    body=ReportDraft,
    rate=TALKING,
)
def report_person_outside(call: Call, body: ReportDraft) -> None:
    """Tell the moderators of somebody one met outside of a session."""
    report.person_of(call.db, call.actor, call.path["conference_id"], call.path["person_id"], body)


@ENDPOINTS.command(
    "report.decide",
    "POST",
    "/api/reports/{subject_id}/decide",
    permission="chat.moderate",
    body=ReportDecision,
    result=Deed,
)
def decide(call: Call, body: ReportDecision) -> Deed:
    """Close what was reported of one thing."""
    return report.decide(call.db, call.actor, call.path["subject_id"], body.decision)


@ENDPOINTS.command(
    "session_rules.change",
    "PATCH",
    f"{SESSION}/chat-rules",
    permission="chat.moderate",
    body=SessionRulesChange,
    result=RulesView,
)
def change_session_rules(call: Call, body: SessionRulesChange) -> RulesView:
    """Change the rules of one session's chat."""
    return rules.change_session(call.db, call.actor, call.path["session_id"], body)


@ENDPOINTS.command("calm.set", "PUT", f"{SESSION}/calm", permission="chat.moderate", body=CalmWish, result=Deed)
def calm(call: Call, body: CalmWish) -> Deed:
    """Calm a session down with one press, or let it go on."""
    return rules.calm(call.db, call.actor, call.path["session_id"], on=body.on)


@ENDPOINTS.query("chat_rules.show", f"{CONFERENCE}/chat-rules", permission="chat.rules", result=RulesView)
def show_rules(call: Call) -> RulesView:
    """The rules of all chats of a conference."""
    scope.of_conference(call.db, call.actor, call.path["conference_id"], "chat.rules")
    return ruling.of_conference(call.db, call.path["conference_id"])


@ENDPOINTS.command(
    "chat_rules.change",
    "PATCH",
    f"{CONFERENCE}/chat-rules",
    permission="chat.rules",
    body=RulesChange,
    result=RulesView,
)
def change_rules(call: Call, body: RulesChange) -> RulesView:
    """Change the rules of all chats of a conference."""
    return rules.change(call.db, call.actor, call.path["conference_id"], body)


@ENDPOINTS.query("person.record", f"{PERSON}/record", permission="person.moderate", result=PersonRecord)
def record(call: Call) -> PersonRecord:
    """What moderators should know of somebody."""
    return desk.record(call.db, call.actor, call.path["conference_id"], call.path["person_id"])


@ENDPOINTS.command(
    "person.silence",
    "POST",
    f"{PERSON}/silence",
    permission="person.moderate",
    body=SilenceWish,
    result=Deed,
)
def impose_silence(call: Call, body: SilenceWish) -> Deed:
    """Let somebody read and not write: in one session, or in the conference."""
    return silence.impose(call.db, call.actor, call.path["conference_id"], call.path["person_id"], body)


@ENDPOINTS.command(
    "silence.end", "DELETE", "/api/silences/{silence_id}", permission="person.moderate", result=Deed
)
def end_silence(call: Call) -> Deed:
    """Let somebody write again."""
    return silence.end(call.db, call.actor, call.path["silence_id"])


@ENDPOINTS.command("person.ban", "POST", f"{PERSON}/ban", permission="person.moderate", body=BanWish, result=Deed)
def impose_ban(call: Call, body: BanWish) -> Deed:
    """Put somebody out of the conference for good."""
    return ban.impose(call.db, call.actor, call.path["conference_id"], call.path["person_id"], body)


@ENDPOINTS.query("ban.list", f"{CONFERENCE}/bans", permission="person.moderate", result=Bans)
def bans(call: Call) -> Bans:
    """Who is kept out."""
    return desk.bans(call.db, call.actor, call.path["conference_id"])


@ENDPOINTS.command("ban.lift", "DELETE", "/api/bans/{ban_id}", permission="person.moderate", result=Deed)
def lift_ban(call: Call) -> Deed:
    """Let somebody in again."""
    return ban.lift(call.db, call.actor, call.path["ban_id"])


@ENDPOINTS.command(
    "note.write",
    "POST",
    f"{PERSON}/notes",
    permission="person.moderate",
    body=NoteDraft,
    result=NoteView,
    status=201,
)
def write_note(call: Call, body: NoteDraft) -> NoteView:
    """Write something down of somebody, for the other moderators."""
    return note.write(
        call.db, call.actor, call.path["conference_id"], call.path["person_id"], body.text, id=call.key
    )


@ENDPOINTS.command("note.delete", "DELETE", "/api/notes/{note_id}", permission="person.moderate")
def delete_note(call: Call) -> None:
    """Take a note away."""
    note.delete(call.db, call.actor, call.path["note_id"])


@ENDPOINTS.query(
    "audit.show",
    f"{CONFERENCE}/audit",
    permission="audit.show",
    result=AuditPage,
    parameters=("action", "person", "before"),
)
def audit(call: Call) -> AuditPage:
    """Who did what, newest first."""
    return desk.audit(
        call.db,
        call.actor,
        call.path["conference_id"],
        action=call.query.get("action", "")[:48],
        person_id=id_of(call, "person"),
        before=id_of(call, "before"),
    )


@ENDPOINTS.command("deed.undo", "POST", "/api/audit/{audit_id}/undo", permission="chat.moderate")
def undo_deed(call: Call) -> None:
    """Undo what one did; organisers undo anybody's."""
    undo.undo(call.db, call.actor, call.path["audit_id"])
