"""Trello's JSON export of a board as a board file of ours.

The shape is the one of Trello's REST API for a nested board (developer.atlassian.com/cloud/trello, "Nested
Resources"; WeKan's and Planka's importers read the same): `lists`, `cards`, `checklists`, `labels`, `members`,
and of `actions` the comments. Positions are floats, `closed` is archived, times are ISO 8601 in UTC.

A text that is longer than ours may be goes on in a comment; what cannot be carried is counted and told.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from itertools import islice
from typing import Annotated, Any
from zoneinfo import ZoneInfo

from pydantic import (
    AfterValidator,
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    FiniteFloat,
    TypeAdapter,
    ValidationError,
)

from server.domain.address import Url
from server.domain.attachment import MOST_ATTACHMENTS
from server.domain.board_file import (
    BoardFile,
    FileAttachment,
    FileCard,
    FileColumn,
    FileComment,
    FileItem,
    FileLabel,
    plain_id,
)
from server.domain.card import LONGEST_DESCRIPTION, Due
from server.domain.checklist import MOST_ITEMS
from server.domain.comment import MOST_COMMENTS
from server.domain.programme import Colour
from server.domain.text import clean, clean_line, fold, seen

LONGEST_COMMENT = 4000
LONGEST_TITLE, LONGEST_ITEM, LONGEST_HEADING, LONGEST_NAME, LONGEST_LABEL = 300, 500, 80, 80, 40
# https://support.atlassian.com/trello: ten colours, each with a `_dark` and a `_light` one.
COLOURS: Mapping[str, Colour] = {
    "green": "green",
    "yellow": "amber",
    "orange": "amber",
    "red": "brick",
    "purple": "violet",
    "blue": "blue",
    "sky": "teal",
    "lime": "green",
    "pink": "rose",
    "black": "slate",
}
_ARABIC = "أخضر أصفر برتقالي أحمر بنفسجي أزرق سماوي ليموني وردي أسود"
COLOUR_WORDS = {
    "ar": dict(zip(COLOURS, _ARABIC.split(), strict=True)),
    "en": {colour: colour.capitalize() for colour in COLOURS},
}
_FINISHED = ("done", "completed", "complete", "finished", "تم", "منجز", "مكتمل", "مكتملة", "انتهى", "أنجز")
DONE = frozenset(map(fold, _FINISHED))
_URL: TypeAdapter[str] = TypeAdapter(Url)
UNTITLED = {"ar": "بلا عنوان", "en": "Untitled"}


def _text(value: Any) -> Any:
    return "" if value is None else value


Text = Annotated[str, BeforeValidator(_text)]
Id = Annotated[str, Field(min_length=1, max_length=64), AfterValidator(plain_id)]
Flag = Annotated[bool, BeforeValidator(lambda value: bool(value) if value is None else value)]


class _Part(BaseModel):
    model_config = ConfigDict(frozen=True, extra="ignore")


class _List(_Part):
    id: Id
    name: Text = ""
    closed: Flag = False
    pos: FiniteFloat = 0


class _Label(_Part):
    id: Id
    name: Text = ""
    color: str | None = None


class _Member(_Part):
    id: Text = ""
    full_name: Text = Field(default="", validation_alias="fullName")
    username: Text = ""


class _CheckItem(_Part):
    name: Text = ""
    pos: FiniteFloat = 0
    state: Text = ""


class _Checklist(_Part):
    id: Id
    card: str | None = Field(default=None, validation_alias="idCard")
    name: Text = ""
    pos: FiniteFloat = 0
    items: list[_CheckItem] = Field(default=[], validation_alias="checkItems")


class _Attachment(_Part):
    name: Text = ""
    url: Text = ""
    stored: Flag = Field(default=False, validation_alias="isUpload")


class _Badges(_Part):
    comments: int = 0


class _Card(_Part):
    id: Id
    number: int | None = Field(default=None, validation_alias="idShort")
    name: Text = ""
    desc: Text = ""
    list_id: Id = Field(validation_alias="idList")
    closed: Flag = False
    pos: FiniteFloat = 0
    start: datetime | None = None
    due: datetime | None = None
    finished: Flag = Field(default=False, validation_alias="dueComplete")
    touched: datetime | None = Field(default=None, validation_alias="dateLastActivity")
    members: list[Id] = Field(default=[], validation_alias="idMembers")
    label_ids: list[Id] = Field(default=[], validation_alias="idLabels")
    labels: list[_Label] = []
    checklists: list[_Checklist] = []
    attachments: list[_Attachment] = []
    badges: _Badges = _Badges()
    fields: list[Any] = Field(default=[], validation_alias="customFieldItems")


class _Named(_Part):
    id: Id


class _Said(_Part):
    text: Text = ""
    card: _Named | None = None


class _Action(_Part):
    id: Id
    type: str
    date: datetime | None = None
    data: Any = None
    by: _Member | None = Field(default=None, validation_alias="memberCreator")


class _Board(_Part):
    name: Text = ""
    lists: list[_List]
    cards: list[_Card]
    labels: list[_Label] = []
    members: list[_Member] = []
    checklists: list[_Checklist] = []
    actions: list[_Action] = []


@dataclass(frozen=True)
class Read:
    """A board that was read, and how often something of it could not be carried, by what it is."""

    file: BoardFile
    warnings: Counter[str]


class Unlike(Exception):
    """It is no such file; the text says where."""


def is_trello(told: Any) -> bool:
    return isinstance(told, dict) and isinstance(told.get("lists"), list) and isinstance(told.get("cards"), list)


def read(told: Any, *, locale: str, zone: str) -> Read:
    """The board of an export. Days are those of `zone`. Raises Unlike."""
    try:
        board = _Board.model_validate(told)
        return _Reading(board, locale, ZoneInfo(zone)).read()
    except ValidationError as error:
        raise Unlike(where(error)) from None


def where(error: ValidationError) -> str:
    """The first fault's place, as in `cards[3].idList`."""
    parts = error.errors(include_url=False, include_input=False, include_context=False)[0]["loc"]
    path = "".join(f"[{part}]" if isinstance(part, int) else f".{part}" for part in parts)
    return path.lstrip(".")[:120]


class _Reading:
    def __init__(self, board: _Board, locale: str, zone: ZoneInfo) -> None:
        self._board = board
        self._locale = locale if locale in UNTITLED else "en"
        self._zone = zone
        self._warnings: Counter[str] = Counter()
        spoke = (one.by for one in board.actions if one.by)  # also those who have left the board since
        self._names = {one.id: _name(one) for one in (*spoke, *board.members)}
        self._checklists: dict[str, list[_Checklist]] = defaultdict(list)
        for one in board.checklists:
            if one.card:
                self._checklists[one.card].append(one)
        self._comments: dict[str, list[FileComment]] = defaultdict(list)

    def read(self) -> Read:
        board = self._board
        holding = {card.list_id for card in board.cards}
        lists = [one for one in sorted(board.lists, key=_place) if not one.closed or one.id in holding]
        labels = self._labels()
        known = {one.id for one in labels}
        self._hear()
        columns = [
            FileColumn(
                id=one.id,
                title=self._line(one.name, 120) or self._untitled,
                done=fold(one.name) in DONE,
                archived=one.closed,
            )
            for one in lists
        ]
        cards = [self._card(one, known) for one in sorted(board.cards, key=_place)]
        file = BoardFile(
            title=self._line(board.name, 120) or self._untitled,
            columns=columns,
            labels=labels,
            cards=self._numbered(cards),
        )
        return Read(file, +self._warnings)

    @property
    def _untitled(self) -> str:
        return UNTITLED[self._locale]

    def _labels(self) -> list[FileLabel]:
        """Those of the board, and those that cards bring along; one without a name is called by its colour."""
        found: dict[str, FileLabel] = {}
        for one in (*self._board.labels, *(label for card in self._board.cards for label in card.labels)):
            colour = (one.color or "").partition("_")[0]
            words = COLOUR_WORDS[self._locale]
            name = self._line(one.name, LONGEST_LABEL) or words.get(colour, self._untitled)
            found.setdefault(one.id, FileLabel(id=one.id, name=name, colour=COLOURS.get(colour)))
        return list(found.values())

    def _card(self, card: _Card, known: set[str]) -> FileCard:
        title = self._line(card.name, LONGEST_TITLE) or self._untitled
        whole = [clean_line(card.name)] if len(clean_line(card.name)) > LONGEST_TITLE else []
        first, *rest = _pieces("\n\n".join([*whole, clean(card.desc)]).strip(), LONGEST_DESCRIPTION)
        touched = self._moment(card.touched) or datetime.now(UTC)
        due = self._moment(card.due)
        start = self._moment(card.start)
        said = sorted(self._comments[card.id], key=lambda one: one.at)
        spare = [piece for text in rest for piece in _pieces(text, LONGEST_COMMENT) if seen(piece)]
        self._warnings["older_comments"] += max(0, card.badges.comments - len(said))
        self._warnings["fields"] += len(card.fields)
        used = [*card.label_ids, *(one.id for one in card.labels)]
        return FileCard(
            id=f"trello:{card.id}",
            number=card.number if card.number and 0 < card.number < 1_000_000 else None,
            column=card.list_id,
            title=title,
            description=first,
            labels=[id for id in dict.fromkeys(used) if id in known],
            people=self._people(card.members),
            start_day=start.astimezone(self._zone).date() if start else None,
            due=Due(at=due) if due else None,
            items=self._items([*self._checklists[card.id], *card.checklists]),
            comments=self._most(
                [*(FileComment(at=touched, text=piece) for piece in spare), *said], MOST_COMMENTS, "comments"
            ),
            attachments=self._attachments(card.attachments),
            done_at=touched if card.finished else None,
            archived_at=touched if card.closed else None,
        )

    def _people(self, ids: Sequence[str]) -> list[str]:
        names = [self._names.get(id, "") for id in dict.fromkeys(ids)]
        self._warnings["people"] += sum(not name for name in names)
        return [name for name in names if name]

    def _items(self, checklists: Sequence[_Checklist]) -> list[FileItem]:
        own = {one.id: one for one in checklists}  # the same list may stand in both places
        found = []
        for checklist in sorted(own.values(), key=_place):
            heading = self._line(checklist.name, LONGEST_HEADING)
            for item in sorted(checklist.items, key=_place):
                text = self._line(item.name, LONGEST_ITEM)
                if text:
                    found.append(FileItem(text=text, checklist=heading, done=item.state == "complete"))
        return self._most(found, MOST_ITEMS, "items")

    def _attachments(self, attachments: Sequence[_Attachment]) -> list[FileAttachment]:
        found = []
        for one in attachments:
            url = clean_line(one.url)
            try:
                _URL.validate_python(url)
            except ValidationError:
                self._warnings["addresses"] += 1
                continue
            self._warnings["files"] += one.stored
            found.append(FileAttachment(name=clean_line(one.name)[:200] or url[:200], url=url))
        return self._most(found, MOST_ATTACHMENTS, "addresses")

    def _hear(self) -> None:
        """The comments among the actions, each with who said it and when."""
        for action in self._board.actions:
            if action.type not in {"commentCard", "copyCommentCard"}:
                continue
            try:
                said = _Said.model_validate(action.data)
            except ValidationError:
                raise Unlike(f"actions.{action.id}.data") from None
            at = self._moment(action.date)
            if said.card is None or at is None:
                continue
            name = _name(action.by) if action.by else ""
            for piece in _pieces(clean(said.text), LONGEST_COMMENT):
                if seen(piece):
                    self._comments[said.card.id].append(FileComment(author=name, at=at, text=piece))

    def _numbered(self, cards: list[FileCard]) -> list[FileCard]:
        """With the numbers people know them by, unless two cards claim one."""
        numbers = [card.number for card in cards]
        if None in numbers or len(set(numbers)) < len(numbers):
            return [card.model_copy(update={"number": None}) for card in cards]
        return cards

    def _line(self, text: str, most: int) -> str:
        line = clean_line(text)
        self._warnings["cut"] += len(line) > most
        return line[:most].strip() if seen(line[:most]) else ""

    def _moment(self, at: datetime | None) -> datetime | None:
        if at is None:
            return None
        aware = at if at.tzinfo else at.replace(tzinfo=UTC)
        if not 1971 <= aware.year < 2199:
            self._warnings["dates"] += 1
            return None
        return aware.astimezone(UTC)

    def _most(self, found: list[Any], most: int, code: str) -> list[Any]:
        self._warnings[code] += max(0, len(found) - most)
        return found[:most]


def _place(one: _List | _Card | _Checklist | _CheckItem) -> float:
    return one.pos


def _name(member: _Member) -> str:
    name = clean_line(member.full_name) or clean_line(member.username)
    return name[:LONGEST_NAME].strip() if seen(name[:LONGEST_NAME]) else ""


def _pieces(text: str, most: int) -> list[str]:
    """A text in parts of a length, cut between lines or words where that loses little; at least one part.

    No more than the comments of a card may be: what comes after is cut off.
    """
    return list(islice((piece for piece in _cut(text, most) if piece), MOST_COMMENTS + 1)) or [""]


def _cut(text: str, most: int) -> Iterator[str]:
    start = 0
    while len(text) - start > most:
        half, whole = start + most // 2, start + most
        at = max(text.rfind("\n", half, whole), text.rfind(" ", half, whole))
        at = at if at > 0 else whole
        yield text[start:at].strip()
        start = at
    yield text[start:].strip()
