"""What goes over the wire: views of rows, and facts about them."""

from __future__ import annotations

from typing import Any, ClassVar

from pydantic import BaseModel, ConfigDict


class View(BaseModel):
    """A frozen shape. Times are UTC with `Z`, ids are strings, unknown names are refused."""

    model_config = ConfigDict(frozen=True, extra="forbid")


class Position(View):
    """A place in a channel's log. Offset 0, before the first publication, has no id."""

    offset: int
    id: str | None


class Fact(View):
    """A publication's data. Its name is in the past tense; its shape only ever grows (design 4)."""

    name: ClassVar[str]
    channels: ClassVar[tuple[str, ...]]
    public: ClassVar[bool] = True  # told to browsers; `access` is for server processes alone

    def __init_subclass__(cls, *, name: str = "", channels: tuple[str, ...] = (), **more: Any) -> None:
        super().__init_subclass__(**more)
        if name:
            cls.name, cls.channels = name, channels
            cls.public = channels != ("access",)
            FACTS[name] = cls


class Signal(View):
    """Something said in passing: never stored, never repeated."""

    name: ClassVar[str]

    def __init_subclass__(cls, *, name: str = "", **more: Any) -> None:
        super().__init_subclass__(**more)
        if name:
            cls.name = name
            SIGNALS[name] = cls


FACTS: dict[str, type[Fact]] = {}
SIGNALS: dict[str, type[Signal]] = {}
