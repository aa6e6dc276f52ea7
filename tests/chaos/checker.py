"""Compares what was promised with what happened. Every violation is a sentence; there must be none.

a  every acknowledged command took place exactly once, as it was answered
b  every refused one is absent
c  those nobody knows of took place once or not at all
d  offsets have no gaps, and the place of a message is its publication's offset
e  one sender's messages stand in the order of sending
f  what every listener heard is what is stored, from where it began to the end
g  its snapshot and the publications after it make what a fresh client sees
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterator, Sequence
from uuid import UUID

from tests.chaos.history import JSON, Heard, Operation, Piece, Stored, Told

ON_BOARD = ("move", "edit", "comment", "make", "label", "work", "undo")
Versions = dict[tuple[str, int], list[Told]]
PAGE = 50  # messages of a chat's snapshot


def violations(operations: Sequence[Operation], stored: Stored, listeners: Sequence[Heard]) -> list[str]:
    """Everything that breaks a promise, the first of each kind of trouble first."""
    return [
        *_commands(operations, stored),
        *_messages(operations, stored),
        *_moves(operations, stored),
        *_comments(operations, stored),
        *_boards(stored),
        *_offsets(stored),
        *_order(operations, stored),
        *(fault for heard in listeners for fault in _heard(heard, stored)),
    ]


# a, b, c: by the ledger of commands


def _commands(operations: Sequence[Operation], stored: Stored) -> Iterator[str]:
    for one in operations:
        if one.kind == "reused":
            continue  # its key belongs to an earlier command
        entry = stored.commands.get((one.sender, one.key))
        if one.outcome == "ok" and entry is None:
            yield f"{_name(one)} was acknowledged and is not there"
        elif one.outcome == "ok" and entry != (one.status, one.answer):
            yield f"{_name(one)} was answered {one.answer}, and is kept as {entry}"
        elif one.outcome == "fail" and entry is not None:
            yield f"{_name(one)} was refused with {one.status}, and took place"
        if one.kind in {"refused", "reused"} and one.outcome == "ok":
            yield f"{_name(one)} should have been refused"


def _took_place(one: Operation, stored: Stored) -> bool:
    return one.kind in {"post", *ON_BOARD} and (one.sender, one.key) in stored.commands


def _messages(operations: Sequence[Operation], stored: Stored) -> Iterator[str]:
    posted: dict[str, list[tuple[str, Told]]] = defaultdict(list)
    for channel, publications in stored.publications.items():
        for one_told in publications:
            if one_told.name == "message.posted":
                posted[str(one_told.data["message"]["id"])].append((channel, one_told))
    texts = Counter(message.text for message in stored.messages.values())
    wanted = {one.key for one in operations if one.kind == "post" and _took_place(one, stored)}
    for one in operations:
        if one.kind in {"refused", "reused"} and texts[one.text]:
            yield f"{_name(one)} must not be there, and is"
        if one.kind != "post":
            continue
        if texts[one.text] > 1:
            yield f"{_name(one)} is there {texts[one.text]} times"
        message, told = stored.messages.get(one.key), posted.get(str(one.key), [])
        if one.key not in wanted:
            if message is not None or told:
                yield f"{_name(one)} left a trace without having taken place"
            continue
        if message is None or (message.text, message.sender) != (one.text, one.sender):
            yield f"{_name(one)} is stored as {message}"
        elif [(channel, each.offset) for channel, each in told] != [(one.channel, message.place)]:
            yield f"{_name(one)} at place {message.place} is told at {[each.offset for _, each in told]}"
        elif told[0][1].data["message"]["text"] != one.text:
            yield f"{_name(one)} is told with another text"
    for id in stored.messages.keys() - wanted:
        yield f"message {id} is there and nobody sent it"


def _moves(operations: Sequence[Operation], stored: Stored) -> Iterator[str]:
    """Each change of a card raised its version, is told once, and told as it was answered."""
    told = _card_versions(stored)
    answered: set[tuple[str, int]] = set()
    for one in operations:
        if one.kind not in {"move", "edit", "make", "work"} or not _took_place(one, stored):
            continue
        card = stored.commands[one.sender, one.key][1]
        version = (str(card["id"]), int(card["version"]))
        if version in answered:
            yield f"{_name(one)} was answered with a version that another move has too"
        answered.add(version)
        if [each.data["card"] for each in told.get(version, [])] != [card]:
            yield f"{_name(one)} was answered {card}, and is told as {told.get(version)}"
    yield from _shown(operations, stored, told)
    for (card_id, number), several in told.items():
        if len(several) > 1:
            yield f"version {number} of card {card_id} is told {len(several)} times"


def _shown(operations: Sequence[Operation], stored: Stored, told: Versions) -> Iterator[str]:
    """What may leave a card as it was, or change several, is answered with cards as they are told."""
    for one in operations:
        if one.kind not in {"label", "undo"} or not _took_place(one, stored):
            continue
        answer = stored.commands[one.sender, one.key][1]
        for card in answer["cards"] if one.kind == "undo" else [answer]:
            versions = told.get((str(card["id"]), int(card["version"])), [])
            if card not in [each.data["card"] for each in versions]:
                yield f"{_name(one)} was answered {card}, and is told as {versions}"


def _comments(operations: Sequence[Operation], stored: Stored) -> Iterator[str]:
    """Each comment is told once, as it was sent; and what a card counts is what was said of it."""
    told: dict[str, list[Told]] = defaultdict(list)
    for publications in stored.publications.values():
        for each in publications:
            if each.name == "comment.created":
                told[str(each.data["comment"]["id"])].append(each)
    said: Counter[str] = Counter()
    for one in operations:
        if one.kind != "comment":
            continue
        texts = [each.data["comment"]["text"] for each in told.get(str(one.key), [])]
        if texts != ([one.text] if _took_place(one, stored) else []):
            yield f"{_name(one)} is told as {texts}"
        said.update([one.path.split("/")[3]] if texts else [])
    for channel, snapshot in stored.snapshots.items():
        for id, card in content(snapshot).items():
            if channel.startswith("board:") and card.get("comments", 0) != said[id]:
                yield f"card {id} counts {card.get('comments')} comments of {said[id]}"


def _boards(stored: Stored) -> Iterator[str]:
    """No two cards of a column share a rank."""
    for channel, snapshot in stored.snapshots.items():
        if channel.startswith("board:"):
            places = Counter((card.get("column_id"), card.get("rank")) for card in content(snapshot).values())
            for place, cards in places.items():
                if cards > 1:
                    yield f"{cards} cards of {channel} stand at {place}"


def _card_versions(stored: Stored) -> Versions:
    told: Versions = defaultdict(list)
    for publications in stored.publications.values():
        for each in publications:
            if "card" in each.data:
                told[str(each.data["card"]["id"]), int(each.data["card"]["version"])].append(each)
    return told


# d, e


def _offsets(stored: Stored) -> Iterator[str]:
    for channel, publications in stored.publications.items():
        offsets = [told.offset for told in publications]
        if offsets != list(range(1, len(offsets) + 1)):
            yield f"{channel} has gaps or doubles in its offsets"
        last = (publications[-1].offset, publications[-1].id) if publications else (0, None)
        if stored.heads.get(channel) != last:
            yield f"the head of {channel} is {stored.heads.get(channel)}, its last publication {last}"
        if len({told.id for told in publications}) != len(publications):
            yield f"{channel} has two publications of one id"


def _order(operations: Sequence[Operation], stored: Stored) -> Iterator[str]:
    last: dict[tuple[UUID, str], tuple[int, int]] = {}
    for one in sorted(operations, key=lambda one: one.number):
        message = stored.messages.get(one.key)
        if one.kind != "post" or one.outcome != "ok" or message is None:
            continue
        number, place = last.get((one.sender, one.channel), (-1, -1))
        if message.place <= place:
            yield f"{_name(one)} stands before the same sender's number {number}"
        last[one.sender, one.channel] = (one.number, message.place)


# f, g


def _heard(heard: Heard, stored: Stored) -> Iterator[str]:
    publications = stored.publications.get(heard.channel, ())
    if not heard.pieces:
        yield f"{heard.name} heard nothing at all"
        return
    for piece in heard.pieces:
        yield from _piece(heard.name, piece, publications)
    last = heard.pieces[-1]
    end = last.told[-1].offset if last.told else last.position[0]
    if end != len(publications):
        yield f"{heard.name} heard up to {end} of {len(publications)}"
    elif (mine := applied(last)) != (fresh := content(stored.snapshots[heard.channel])):
        yield f"{heard.name} sees {_first_difference(mine, fresh)}"


def _piece(name: str, piece: Piece, publications: Sequence[Told]) -> Iterator[str]:
    offset, id = piece.position
    if offset and (offset > len(publications) or publications[offset - 1].id != id):
        yield f"{name} began at a position that is not in the history: {piece.position}"
        return
    offsets = [told.offset for told in piece.told]
    if offsets != list(range(offset + 1, offset + 1 + len(offsets))):
        yield f"{name} heard gaps, doubles or disorder after {offset}"
    for told in piece.told:
        if told.offset > len(publications) or publications[told.offset - 1] != told:
            yield f"{name} heard something else at {told.offset} than what is stored"
            return


def content(snapshot: JSON) -> dict[str, JSON]:
    """The rows of a snapshot by their ids: the cards of a board, or the messages of a chat."""
    rows = snapshot["board"]["cards"] if "board" in snapshot else snapshot["messages"]
    return {str(row["id"]): row for row in rows}


def applied(piece: Piece) -> dict[str, JSON]:
    """A snapshot with the publications after it, as our pages apply them: the newer version wins."""
    rows = content(piece.snapshot)
    for told in piece.told:
        row = told.data.get("card") or told.data.get("message")
        if row and row["version"] >= rows.get(str(row["id"]), {"version": 0})["version"]:
            rows[str(row["id"])] = row
    if "board" in piece.snapshot:
        return {id: row for id, row in rows.items() if not row.get("archived")}
    return dict(list(rows.items())[-PAGE:])


def _first_difference(mine: dict[str, JSON], fresh: dict[str, JSON]) -> str:
    for id in sorted(mine.keys() | fresh.keys()):
        if mine.get(id) != fresh.get(id):
            return f"{mine.get(id)} where a fresh client sees {fresh.get(id)}"
    return "the same"


def _name(one: Operation) -> str:
    return f"{one.kind} {one.number} of {one.sender} ({one.outcome}, {one.tries} tries)"
