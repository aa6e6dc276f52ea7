"""What a page keeps: a snapshot, and publications applied to it. They must add up to the next snapshot."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from tests.support.client import JSON

Apply = Callable[[JSON, str, JSON], None]


def replayed(snapshot: JSON, publications: list[JSON], apply: Apply) -> JSON:
    """The snapshot after all publications that came later than it."""
    state: JSON = {**snapshot}
    for one in publications:
        if one["offset"] > snapshot["position"]["offset"]:
            apply(state, one["name"], one["data"])
            state["position"] = {"offset": one["offset"], "id": one["id"]}
    return state


def put(rows: list[JSON], row: JSON) -> list[JSON]:
    """The rows with this one: in place of its older version, else at the end."""
    known = next((one for one in rows if one["id"] == row["id"]), None)
    if known is None:
        return [*rows, row]
    return [row if one["id"] == row["id"] and row["version"] >= one["version"] else one for one in rows]


def chat(state: JSON, name: str, data: JSON) -> None:
    if name == "message.signed":
        rows = state["messages"]
        state["messages"] = [
            one | {"signs": data["signs"]} if one["id"] == data["message_id"] else one for one in rows
        ]
    elif name == "rules.changed":
        state["rules"] = data["rules"]
    elif name.startswith("message."):
        row = data["message"]
        state["messages"] = put(state["messages"], row)
        pins = [one for one in state["pins"] if one["id"] != row["id"]]
        state["pins"] = [*pins, row] if row["pinned"] else pins


def moderation(state: JSON, name: str, data: JSON) -> None:
    """The desk's queue: what waits, what was reported, who is silent, the rules."""
    if name == "message.held":
        state["held"] = [*(one for one in state["held"] if not same_message(one, data["held"])), data["held"]]
    elif name == "message.settled":
        state["held"] = [one for one in state["held"] if one["message"]["id"] != data["message_id"]]
    elif name == "report.changed":
        rows = [one for one in state["reports"] if one["subject_id"] != data["report"]["subject_id"]]
        state["reports"] = sorted([*rows, data["report"]], key=lambda one: str(one["at"]))
    elif name == "silence.changed":
        rows = [one for one in state["silences"] if one["id"] != data["silence"]["id"]]
        state["silences"] = [*rows, data["silence"]] if data["silenced"] else rows
    elif name == "session_rules.changed":
        state["rules"] = data["rules"]


def same_message(one: JSON, other: JSON) -> bool:
    return bool(one["message"]["id"] == other["message"]["id"])


def session(state: JSON, name: str, data: JSON) -> None:
    if name == "session.changed":
        state["session"] = data["session"]
    elif name == "stage.changed":
        state["stage"] = data["stage"]


def desk(state: JSON, name: str, data: JSON) -> None:
    if name == "stage.directed":
        state["desk"] = data["desk"]


def questions(state: JSON, name: str, data: JSON) -> None:
    """Also the moderators' queue: there every decision comes with the whole question."""
    rows: list[JSON] = state["questions"]
    if name == "question.withdrawn":
        rows = [one for one in rows if one["id"] != data["question_id"]]
    elif name.startswith("question."):
        rows = put(rows, data["question"])
    elif name == "tally.changed":
        sums = {one["subject_id"]: one["votes"] for one in (data, *data["others"])}
        rows = [one | {"votes": sums.get(one["id"], one["votes"])} for one in rows]
    state["questions"] = sorted(rows, key=lambda row: (row["at"], row["id"]))


def recordings(state: JSON, name: str, data: JSON) -> None:
    if name == "recording.changed":
        rows = put(state["recordings"], data["recording"])
        state["recordings"] = sorted(rows, key=lambda row: (row["started_at"], row["id"]))
    elif name == "recording.deleted":
        state["recordings"] = [one for one in state["recordings"] if one["id"] != data["recording_id"]]


def polls(state: JSON, name: str, data: JSON) -> None:
    """Those of the public and those of the desk."""
    rows: list[JSON] = state["polls"]
    if name == "poll.tallied":
        told = {key: data[key] for key in ("voters", "sums", "tally")}
        rows = [one | told if one["id"] == data["poll_id"] else one for one in rows]
    elif name == "poll.deleted":
        rows = [one for one in rows if one["id"] != data["poll_id"]]
    elif name.startswith("poll."):
        rows = put(rows, data["poll"])
    state["polls"] = sorted(rows, key=lambda row: (row["at"], row["id"]))


def interaction(state: JSON, name: str, data: JSON) -> None:
    if name == "interaction.changed":
        state["interaction"] = data["interaction"]
    elif name == "rules.changed":
        state["calm"] = data["rules"]["calm"]


def hands(state: JSON, name: str, data: JSON) -> None:
    if not name.startswith("hand."):
        return
    who = data["person_id"] if name == "hand.lowered" else data["hand"]["person"]["id"]
    rows = [one for one in state["hands"] if one["person"]["id"] != who]
    rows += [] if name == "hand.lowered" else [data["hand"]]
    state["hands"] = sorted(rows, key=lambda row: (row["at"], row["person"]["id"]))


def line(state: JSON, name: str, data: JSON) -> None:
    if name == "line.said":
        state["line"] = data["line"]


def conference(state: JSON, name: str, data: JSON) -> None:
    if name == "conference.changed":
        state["conference"] = data["conference"]
    elif name == "person.renamed":
        state |= {key: _renamed(state[key], data["person"]) for key in ("sessions", "speakers")}
    elif name in {"session.created", "session.changed", "programme.changed", "session.shifted", "session.removed"}:
        state["sessions"] = sorted(_sessions(state["sessions"], name, data), key=_by_time)
    elif name in {"hall.changed", "track.changed"}:
        kind = name.partition(".")[0]
        rows = put(state[f"{kind}s"], data[kind])
        state[f"{kind}s"] = sorted(rows, key=lambda row: (row["rank"], row["name"]))
    elif name in {"hall.removed", "track.removed"}:
        kind = name.partition(".")[0]
        state[f"{kind}s"] = [one for one in state[f"{kind}s"] if one["id"] != data[f"{kind}_id"]]
    elif name == "speaker.changed":
        others = [one for one in state["speakers"] if one["person"]["id"] != data["speaker"]["person"]["id"]]
        state["speakers"] = by_person([*others, data["speaker"]])
    elif name == "speaker.removed":
        state["speakers"] = [one for one in state["speakers"] if one["person"]["id"] != data["person_id"]]


def _renamed(rows: Any, person: JSON) -> Any:
    """The same with the person's new name, wherever they are in it."""
    if isinstance(rows, list):
        return [_renamed(one, person) for one in rows]
    if not isinstance(rows, dict):
        return rows
    if rows.keys() == person.keys() and rows["id"] == person["id"]:
        return person
    return {key: _renamed(value, person) for key, value in rows.items()}


def _sessions(rows: list[JSON], name: str, data: JSON) -> list[JSON]:
    if name == "session.removed":
        return [one for one in rows if one["id"] != data["session_id"]]
    if name == "session.shifted":
        times = {one["session_id"]: one for one in data["shifts"]}
        told = ("starts_at", "ends_at", "version")
        return [one | {key: times[one["id"]][key] for key in told} if one["id"] in times else one for one in rows]
    for row in data["sessions"] if name == "programme.changed" else [data["session"]]:
        rows = put(rows, row)
    return rows


def _by_time(row: JSON) -> tuple[str, str]:
    return row["starts_at"], row["id"]


def announcements(state: JSON, name: str, data: JSON) -> None:
    rows: list[JSON] = state["announcements"]
    if name == "announcement.made":
        rows = put(rows, data["announcement"])
    elif name == "announcement.withdrawn":
        rows = [one for one in rows if one["id"] != data["announcement_id"]]
    state["announcements"] = sorted(rows, key=lambda row: (row["at"], row["id"]), reverse=True)


def team(state: JSON, name: str, data: JSON) -> None:
    if name in {"board.created", "board.changed"}:
        boards = put(state["team"]["boards"], data["board"])
        first = next((one["id"] for one in boards if not one["archived"]), None)
        state["team"] = {**state["team"], "boards": boards, "board_id": first}
    elif name == "team.changed":
        state["team"] = data["team"]
    elif name == "membership.changed":
        members: list[Any] = state["team"]["members"]
        left = [one for one in members if one["person"]["id"] != data["person"]["id"]]
        now = [] if data["role"] is None else [{"person": data["person"], "role": data["role"]}]
        state["team"] = {**state["team"], "members": by_person([*left, *now])}


def work(state: JSON, name: str, data: JSON) -> None:
    if name == "work.shown":
        state["work"] = data["work"]


def by_person(members: list[Any]) -> list[Any]:
    return sorted(members, key=lambda one: str(one["person"]["id"]))


def board(state: JSON, name: str, data: JSON) -> None:
    board = {**state["board"]}
    if name == "board.changed":
        board |= data["board"]
    elif name == "label.removed":
        board["labels"] = [one for one in board["labels"] if one["id"] != data["label_id"]]
        gone = data["label_id"]
        board["cards"] = [
            one | {"labels": [label for label in one["labels"] if label != gone]} for one in board["cards"]
        ]
    elif name == "label.changed":
        board["labels"] = sorted(put(board["labels"], data["label"]), key=lambda row: str(row["id"]))
    elif name.startswith("column."):
        board["columns"] = sorted(put(board["columns"], data["column"]), key=lambda row: str(row["rank"]))
    elif "card" in data:
        cards = [one for one in put(board["cards"], data["card"]) if not one["archived"]]
        board["cards"] = sorted(cards, key=lambda row: (row["rank"], row["id"]))
    state["board"] = board
