"""Registration: what the organiser asks, what people answer, and the states between wish and seat.

    waiting_approval -> confirmed | waiting_list (no seat) | refused
    waiting_list     -> offered (a seat is free, the first of the list is asked) | confirmed | refused
    offered          -> confirmed (they said yes) | cancelled (no, or time ran out) | refused
    confirmed        -> cancelled (by themselves) | revoked (by the organiser)

Who cancelled may ask again; whoever was refused or revoked waits for the organiser. A seat is held by those
confirmed and those asked. Nobody waits while a seat is free: whoever frees one offers it in the same transaction.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, timedelta
from typing import Annotated, Any, Literal, Self
from uuid import UUID

from pydantic import AfterValidator, Field, StringConstraints, model_validator

from models.registration import RegistrationForm
from server.domain.errors import BadInput, Conflict
from server.domain.person import Email, Me, PersonView, Token
from server.domain.text import Name, checked, clean, clean_line
from server.domain.translation import Words as Titled
from server.domain.view import Fact, View
from server.domain.zone import Instant, Locale, Zone

State = Literal["waiting_approval", "waiting_list", "offered", "confirmed", "refused", "cancelled", "revoked"]
Mode = Literal["open", "approval", "closed"]
Decision = Literal["approve", "refuse", "revoke"]
Wish = Literal["accept", "cancel", "again"]
Move = Literal["approve", "refuse", "revoke", "offer", "lapse", "accept", "cancel"]

OFFER_LASTS = timedelta(hours=24)
SEATED = ("confirmed", "offered")
MOST_QUESTIONS = 5
MOST_CHOICES = 20
DECIDED_AT_ONCE = 200
PAGE = 100

# Where a move leads with a seat and without one; None: it stays. What is not here cannot be done.
MOVES: dict[str, dict[str, tuple[State | None, State | None]]] = {
    "approve": {
        "waiting_approval": ("confirmed", "waiting_list"),
        "waiting_list": ("confirmed", None),
        "offered": ("confirmed", "confirmed"),
        "confirmed": (None, None),
        "refused": ("confirmed", "waiting_list"),
        "revoked": ("confirmed", "waiting_list"),
    },
    "refuse": {
        **dict.fromkeys(("waiting_approval", "waiting_list", "offered"), ("refused", "refused")),
        "refused": (None, None),
    },
    "revoke": {
        **dict.fromkeys(
            ("waiting_approval", "waiting_list", "offered", "confirmed", "refused", "cancelled"),
            ("revoked", "revoked"),
        ),
        "revoked": (None, None),
    },
    "offer": {"waiting_list": ("offered", None)},
    "lapse": {"offered": ("cancelled", "cancelled")},
    "accept": {"offered": ("confirmed", "confirmed"), "confirmed": (None, None)},
    "cancel": {
        **dict.fromkeys(("waiting_approval", "waiting_list", "offered", "confirmed"), ("cancelled", "cancelled")),
        "cancelled": (None, None),
    },
}


def after(state: str, move: Move, *, seat: bool) -> str:
    """The state after a move; the same one when there is nothing to do. Raises Conflict for what cannot be."""
    if state not in MOVES[move]:
        raise Conflict("registration.state")
    with_seat, without = MOVES[move][state]
    return (with_seat if seat else without) or state


def first(mode: str, *, seat: bool) -> State:
    """Where a new wish begins. Raises Conflict while registration is closed."""
    if mode == "closed":
        raise Conflict("registration.closed")
    if mode == "approval":
        return "waiting_approval"
    return "confirmed" if seat else "waiting_list"


def seat_free(capacity: int | None, taken: int) -> bool:
    return capacity is None or taken < capacity


Slug = Annotated[str, StringConstraints(pattern=r"^[a-z0-9]{1,16}$")]
Label = Annotated[str, StringConstraints(max_length=300), checked(clean_line, most=300, may_be_empty=True)]
Prose = Annotated[str, StringConstraints(max_length=2000), checked(clean, most=2000, may_be_empty=True)]


class Words(View):
    """One text in the conference's languages; a reader without theirs gets the other."""

    ar: Label = ""
    en: Label = ""


class LongWords(View):
    ar: Prose = ""
    en: Prose = ""


class Choice(View):
    id: Slug
    words: Words


class FormQuestion(View):
    """`line` and `prose` are answered with text, `one` with a choice, `many` with several of them."""

    id: Slug
    kind: Literal["line", "prose", "one", "many", "yes_no"]
    words: Words
    required: bool = False
    choices: Annotated[tuple[Choice, ...], Field(max_length=MOST_CHOICES)] = ()

    @model_validator(mode="after")
    def _whole(self) -> Self:
        ids = {one.id for one in self.choices}
        named = [self.words, *(one.words for one in self.choices)]
        if not all(words.ar or words.en for words in named):
            raise ValueError("a text is missing")
        if (self.kind in {"one", "many"}) != (len(ids) >= 2) or len(ids) != len(self.choices):
            raise ValueError("choices")
        return self


def _apart(questions: tuple[FormQuestion, ...]) -> tuple[FormQuestion, ...]:
    if len({one.id for one in questions}) != len(questions):
        raise ValueError("two questions with one id")
    return questions


Questions = Annotated[tuple[FormQuestion, ...], Field(max_length=MOST_QUESTIONS), AfterValidator(_apart)]
Answer = (
    bool
    | Annotated[str, StringConstraints(max_length=2000)]
    | Annotated[list[Slug], Field(max_length=MOST_CHOICES)]
)
Answers = Annotated[dict[Slug, Answer], Field(max_length=2 * MOST_QUESTIONS)]


class FormView(View):
    """What the organiser set. `mail`: whether this server sends any; without, no link goes by mail alone."""

    mode: Mode
    capacity: int | None
    by_mail: bool
    questions: Questions
    thanks: LongWords
    version: int
    mail: bool


class FormChange(View):
    mode: Mode | None = None
    capacity: Annotated[int, Field(ge=1, le=100_000)] | None = None
    by_mail: bool | None = None
    questions: Questions | None = None
    thanks: LongWords | None = None


class PublicConference(View):
    id: UUID
    title: str
    description: str
    translations: dict[str, Titled]
    locale: Locale
    zone: str
    starts_on: date | None
    ends_on: date | None


LinkSecret = Annotated[str, StringConstraints(pattern=r"^[A-Za-z0-9_-]{22,64}$")]  # 128 bits and more


class FormRef(View):
    ref: Annotated[str, StringConstraints(min_length=1, max_length=80)]


class PublicForm(View):
    """The registration page. `mine` is the state of whoever looks, when they are registered already."""

    conference: PublicConference
    mode: Mode
    full: bool
    by_mail: bool
    mail: bool
    questions: Questions
    mine: State | None


class RegistrationDraft(View):
    """`website` is a field people never see: whoever fills it in is a program.

    `token` is the secret of the personal link, made by whoever asks: when the answer is lost on its way, the
    same wish sent again finds its own registration instead of taking a second seat.
    """

    ref: Annotated[str, StringConstraints(min_length=1, max_length=80)]
    name: Name
    email: Email | None = None
    answers: Answers = {}  # noqa: RUF012 - pydantic copies it
    locale: Locale = "ar"
    zone: Zone | None = None
    website: Annotated[str, StringConstraints(max_length=200)] = ""
    token: LinkSecret | None = None


class OwnRegistration(View):
    """What the registered person sees. `ahead` is how many wait before them."""

    id: UUID
    conference: PublicConference
    state: State
    name: str
    email: str | None
    answers: Answers
    questions: Questions
    thanks: LongWords
    offered_until: Instant | None
    ahead: int | None
    guest: bool


class PersonalLink(View):
    """The link that makes one the same person on any device; shown now and never again."""

    url: str
    qr: str  # a data: address of an SVG picture


class Registered(View):
    """`sent`: nothing is shown here, what there is to know goes to the address. Then all else is missing."""

    outcome: Literal["here", "sent"]
    registration: OwnRegistration | None = None
    link: PersonalLink | None = None
    me: Me | None = None


class Holder(View):
    """Who asks about their registration: by the personal link, or signed in."""

    token: Token | None = None
    conference_id: UUID | None = None


class HolderChange(Holder):
    name: Name
    answers: Answers


class HolderWish(Holder):
    do: Wish


class Pass(View):
    """One's registration as the link shows it. `me` is who one is now signed in as."""

    registration: OwnRegistration
    me: Me | None = None
    calendar: str = ""  # an iCalendar file


class RegistrationRow(View):
    id: UUID
    person: PersonView
    email: str | None
    state: State
    answers: Answers
    at: Instant
    offered_until: Instant | None
    guest: bool


class StateCount(View):
    state: State
    count: int


class Registrations(View):
    """`total` fit the search; `counts` are of all."""

    registrations: list[RegistrationRow]
    total: int
    counts: list[StateCount]
    capacity: int | None
    questions: Questions


class Decide(View):
    ids: Annotated[list[UUID], Field(min_length=1, max_length=DECIDED_AT_ONCE)]
    decision: Decision


class Decided(View):
    """How many changed; `waiting` of those approved found no seat and wait for one. `left` could not change."""

    changed: int
    waiting: int
    left: int = 0


class HandedLink(View):
    """A new personal link. Without `link` the organiser may not see it; `mailed` says whether it went out."""

    link: PersonalLink | None
    mailed: bool


class Sheet(View):
    name: str
    csv: str


class RegistrationChanged(Fact, name="registration.changed", channels=("person",)):
    """To the registered person: what became of it."""

    conference_id: UUID
    state: State


def form_view(form: RegistrationForm, *, mail: bool = True) -> FormView:
    kept = {name: getattr(form, name) for name in FormView.model_fields if name != "mail"}
    return FormView.model_validate(kept | {"mail": mail})


def checked_answers(questions: Sequence[FormQuestion], answers: dict[str, Any]) -> dict[str, Any]:
    """The answers as they are kept, only to what is asked. Raises BadInput naming each that is wrong."""
    kept: dict[str, Any] = {}
    wrong: dict[str, str] = {}
    for question in questions:
        value, fault = _answer(question, answers.get(question.id))
        if fault is not None:
            wrong[f"answers.{question.id}"] = fault
        elif value is not None:
            kept[question.id] = value
    if wrong:
        raise BadInput("input.unusable", fields=wrong)
    return kept


def _answer(question: FormQuestion, given: Any) -> tuple[Any, str | None]:
    """One answer, or the code of what is wrong with it."""
    if given is None or given in ("", []):
        return None, "field.missing" if question.required else None
    match question.kind:
        case "yes_no":
            if not isinstance(given, bool):
                return None, "field.not_a_choice"
            return given, None
        case "line" | "prose":
            if not isinstance(given, str):
                return None, "field.unusable"
            text = clean_line(given) if question.kind == "line" else clean(given)
            if question.kind == "line" and len(text) > 300:
                return None, "field.too_long"
            return text or None, "field.missing" if question.required and not text else None
        case "one":
            return (given, None) if given in {one.id for one in question.choices} else (None, "field.not_a_choice")
        case "many":
            known = [one.id for one in question.choices]
            if not isinstance(given, list) or not set(given) <= set(known):
                return None, "field.not_a_choice"
            return [one for one in known if one in given], None
