"""Which deeds can be undone. Deleted words cannot come back: that is what deleting is for."""

UNDOABLE = frozenset(
    {
        "ban.lifted",
        "calm.off",
        "calm.on",
        "message.approved",
        "message.hidden",
        "message.pinned",
        "message.refused",
        "message.restored",
        "message.unpinned",
        "note.deleted",
        "note.written",
        "person.banned",
        "person.silenced",
        "report.decided",
        "role.changed",
        "rules.changed",
        "silence.lifted",
    }
)
