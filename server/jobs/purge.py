"""Forgetting what is kept for a time only."""

from __future__ import annotations

from datetime import timedelta

from sqlalchemy import update
from sqlmodel import Session, col, delete, select

from models.base import now
from models.board_import import BoardImport
from models.notification import Mail, Notification
from models.person import Command, Login, OneTimeLink
from models.programme import ProgrammeSheet
from models.publication import Channel, Publication

COMMANDS_KEPT = timedelta(days=30)
PUBLICATIONS_KEPT = timedelta(days=7)
FILES_KEPT = timedelta(days=1)  # that were read and wait to be imported
NOTIFICATIONS_KEPT = timedelta(days=90)
MAIL_KEPT = timedelta(days=30)
MAIL_WAITS = timedelta(days=2)
ALWAYS_KEPT = 1000  # of each channel, however old


def purge(db: Session) -> None:
    """Drop answered commands after 30 days, expired logins and links, files that were read, old publications.

    A client whose position is older than what is left is told to load the snapshot anew.
    """
    at = now()
    db.exec(delete(Command).where(col(Command.at) < at - COMMANDS_KEPT))
    db.exec(delete(Login).where(col(Login.expires_at) < at))
    db.exec(delete(OneTimeLink).where(col(OneTimeLink.expires_at) < at))
    db.exec(delete(BoardImport).where(col(BoardImport.created_at) < at - FILES_KEPT))
    db.exec(delete(ProgrammeSheet).where(col(ProgrammeSheet.created_at) < at - FILES_KEPT))
    db.exec(delete(Notification).where(col(Notification.created_at) < at - NOTIFICATIONS_KEPT))
    db.exec(delete(Mail).where(col(Mail.created_at) < at - MAIL_KEPT))
    # Mail that could not leave for a day (or for want of a mail server) would only surprise people now.
    late = update(Mail).where(col(Mail.state) == "queued", col(Mail.created_at) < at - MAIL_WAITS)
    db.exec(late.values(state="failed", fault="too late"))
    ended = update(Mail).where(col(Mail.state).in_(("failed", "unknown")))
    db.exec(ended.values(lines=[], button={}))
    head = select(Channel.head).where(col(Channel.name) == col(Publication.channel)).scalar_subquery()
    db.exec(
        delete(Publication)
        .where(col(Publication.at) < at - PUBLICATIONS_KEPT, col(Publication.offset) <= head - ALWAYS_KEPT)
        .execution_options(synchronize_session=False)
    )
