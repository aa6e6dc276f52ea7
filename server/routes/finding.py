"""Finding work across teams, taking it, and handing it back."""

from __future__ import annotations

from server.actions import feed, finding
from server.api.endpoint import Call, Endpoints
from server.domain.finding import CardShowing, Pause, Paused, Taken, Tasks, WorkSnapshot, minutes
from server.domain.programme import Feeds, NewFeed
from server.queries import calendar
from server.queries import finding as queries

ENDPOINTS = Endpoints("finding")
SESSION = "/api/sessions/{session_id}"


@ENDPOINTS.query(
    "task.open",
    "/api/me/open-tasks",
    permission=None,
    result=Tasks,
    parameters=("minutes", "skill", "language"),
)
def open_tasks(call: Call) -> Tasks:
    """Cards with a free seat in teams one may join, what suits one first."""
    asked = call.query
    return queries.open_tasks(
        call.db,
        call.actor,
        most_minutes=minutes(asked.get("minutes", "")),
        skill=asked.get("skill", "")[:80],
        language=asked.get("language", "")[:3].lower(),
    )


@ENDPOINTS.query("work.mine", "/api/me/work", permission=None, result=Tasks)
def mine(call: Call) -> Tasks:
    """What one has taken and not finished, across all boards."""
    return queries.work_of(call.db, call.actor)


@ENDPOINTS.command("work.pause", "POST", "/api/me/pause", permission=None, body=Pause, result=Paused)
def pause(call: Call, body: Pause) -> Paused:
    """Hand all one's cards back, with one note to the leads."""
    return finding.pause(call.db, call.actor, body.note)


@ENDPOINTS.command("work.feed", "POST", "/api/me/feeds", permission=None, result=NewFeed, status=201, secret=True)
def make_feed(call: Call) -> NewFeed:
    """Make a calendar address of one's own due cards. It is shown now and never again."""
    return feed.of_work(call.db, call.actor, id=call.key, url=call.url)


@ENDPOINTS.query("work.feeds", "/api/me/feeds", permission=None, result=Feeds)
def feeds(call: Call) -> Feeds:
    """One's own calendar addresses for one's work."""
    return Feeds(feeds=calendar.work_feeds(call.db, call.actor))


@ENDPOINTS.command("task.take", "POST", "/api/cards/{card_id}/take", permission="task.take", result=Taken)
def take(call: Call) -> Taken:
    """Take a seat of a card, and come into its team on the way."""
    return finding.take(call.db, call.actor, call.path["card_id"])


@ENDPOINTS.query("work.show", f"{SESSION}/work", permission="session.show", result=WorkSnapshot)
def work(call: Call) -> WorkSnapshot:
    """What a session's audience may do: teams that began in it, and cards that are shown."""
    return queries.snapshot(call.db, call.actor, call.path["session_id"])


@ENDPOINTS.command("stage.card", "PUT", f"{SESSION}/cards/{{card_id}}", permission="stage.cards", body=CardShowing)
def show(call: Call, body: CardShowing) -> None:
    """Show a card to a session's audience, or no longer."""
    finding.show(call.db, call.actor, call.path["session_id"], call.path["card_id"], on=body.on)
