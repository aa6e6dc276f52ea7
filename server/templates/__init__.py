"""What a new board may begin with: columns, labels and first cards. One JSON file a template, all languages."""

from __future__ import annotations

import json
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

NAMES = ("plain", "content_calendar", "translation", "event_crew", "research", "help_desk")
LOCALES = ("ar", "en")
DEFAULT = "ar"


@dataclass(frozen=True)
class Column:
    title: str
    colour: str = ""
    soft_limit: int | None = None
    done: bool = False


@dataclass(frozen=True)
class Label:
    name: str
    colour: str


@dataclass(frozen=True)
class FirstCard:
    """`column` counts from 0; labels are named."""

    column: int
    title: str
    description: str = ""
    labels: tuple[str, ...] = ()
    size_minutes: int | None = None


@dataclass(frozen=True)
class Template:
    title: str
    about: str
    review: bool
    columns: tuple[Column, ...]
    labels: tuple[Label, ...]
    cards: tuple[FirstCard, ...]


@cache
def template(name: str, locale: str) -> Template:
    """A template in a language; Arabic when it is not one of ours."""
    text = (Path(__file__).parent / f"{name}.json").read_text("utf-8")
    told: dict[str, Any] = json.loads(text)
    words: dict[str, Any] = told[locale if locale in LOCALES else DEFAULT]
    shape: dict[str, Any] = told["shape"]
    labels = tuple(Label(label, colour) for label, colour in zip(words["labels"], shape["labels"], strict=True))
    return Template(
        title=words["title"],
        about=words["about"],
        review=shape["review"],
        columns=tuple(
            Column(title, **kept) for title, kept in zip(words["columns"], shape["columns"], strict=True)
        ),
        labels=labels,
        cards=tuple(
            FirstCard(
                kept["column"],
                said["title"],
                said.get("description", ""),
                tuple(labels[number].name for number in kept.get("labels", ())),
                kept.get("size_minutes"),
            )
            for said, kept in zip(words["cards"], shape["cards"], strict=True)
        ),
    )
