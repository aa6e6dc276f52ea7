"""One's notifications, and how one wants to hear of things."""

from __future__ import annotations

from server.actions import notify
from server.api.endpoint import Call, Endpoints, Reply, Visit
from server.api.rates import ENTERING
from server.api.runner import Units
from server.domain.notice import MailHabits, MailHabitsChange, MailState, Notifications, NotificationsSeen
from server.queries import notices

ONE = "/api/me/notifications"
HABITS = "/api/me/mail-habits"


def endpoints(units: Units, *, mail: bool) -> Endpoints:
    """`mail`: whether this server sends any."""
    doors = Endpoints("notices")

    @doors.query("notification.list", ONE, permission=None, result=Notifications)
    def mine(call: Call) -> Notifications:
        """The newest of one's notifications."""
        return notices.mine(call.db, call.actor)

    @doors.command("notification.see", "POST", f"{ONE}/read", permission=None, body=NotificationsSeen)
    def see(call: Call, body: NotificationsSeen) -> None:
        """Mark one's notifications as read."""
        notify.see(call.db, call.actor, body)

    @doors.query("mail_habits.show", HABITS, permission=None, result=MailHabits)
    def habits(call: Call) -> MailHabits:
        """How one wants to hear of things."""
        return notices.habits(call.db, call.actor, mail=mail)

    @doors.command(
        "mail_habits.change", "PATCH", HABITS, permission=None, body=MailHabitsChange, result=MailHabits
    )
    def change(call: Call, body: MailHabitsChange) -> MailHabits:
        """Choose how one hears of things, and the quiet hours of one's mail."""
        notify.change_habits(call.db, call.actor, body)
        call.db.flush()
        return notices.habits(call.db, call.actor, mail=mail)

    @doors.flow("mail.show", "GET", "/api/mail", result=MailState)
    async def state(visit: Visit) -> Reply:
        """Whether this server sends mail."""
        return Reply(MailState(on=mail))

    @doors.flow("mail.stop", "POST", "/api/mail/stop/{stop_id}", status=204, rate=ENTERING)
    async def stop(visit: Visit) -> Reply:
        """End all mail to whoever got this link (RFC 8058: mail programs send it by themselves)."""
        await units.write(lambda db: notify.stop_mail(db, visit.path["stop_id"]))
        return Reply(None, status=204)

    return doors
