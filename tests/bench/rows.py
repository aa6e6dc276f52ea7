"""One row for each figure: what was measured, against whom, and whether the design's bar is held."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from statistics import median
from typing import Literal


@dataclass(frozen=True)
class Row:
    """`bar` is compared with `ratio`, or with `value` where there is none; without a bar nothing is to be held."""

    name: str
    value: float
    unit: str
    against: str | None
    ratio: float | None
    better: Literal["lower", "higher"]
    bar: float | None
    held: bool | None
    conditions: str


def row(
    name: str,
    values: Sequence[float],
    unit: str,
    *,
    conditions: str,
    against: str | None = None,
    others: Sequence[float] = (),
    bar: float | None = None,
    better: Literal["lower", "higher"] = "lower",
    sound: bool = True,
) -> Row:
    """The medians of several rounds; the ratio is the median of each round's own ratio.

    `sound` is False when something went wrong besides the number: then no bar is held.
    """
    value = median(values)
    pairs = list(zip(values, others, strict=True)) if others else []
    ratio = median([one / other for one, other in pairs]) if pairs and all(others) else None
    compared = value if ratio is None else ratio
    held = None
    if bar is not None:
        held = sound and (compared <= bar if better == "lower" else compared >= bar)
    spread = f"{len(values)} round(s), {_range(values)}"
    if others:
        spread += f", {against}: {digits(median(others))}, {_range(others)}"
    return Row(
        name,
        round(value, 4),
        unit,
        against,
        None if ratio is None else round(ratio, 4),
        better,
        bar,
        held,
        f"{conditions}; {spread}",
    )


def _range(values: Sequence[float]) -> str:
    return f"{digits(min(values))} to {digits(max(values))}"


def table(rows: Sequence[Row]) -> str:
    """The rows for people."""
    lines = [f"{'what':56} {'value':>13} {'against':22} {'ratio':>6} {'bar':>6}  held"]
    for one in rows:
        ratio = "" if one.ratio is None else f"{one.ratio:.2f}"
        bar = "" if one.bar is None else f"{one.bar:g}"
        held = {None: "", True: "yes", False: "NO"}[one.held]
        value = f"{digits(one.value):>8} {one.unit:4}"
        lines.append(f"{one.name:56} {value} {one.against or '':22} {ratio:>6} {bar:>6}  {held}")
    return "\n".join(lines)


def write(rows: Sequence[Row], file: Path) -> None:
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_text(json.dumps([asdict(one) for one in rows], indent=1) + "\n")


def digits(value: float) -> str:
    """Three digits that mean something."""
    return f"{value:.0f}" if abs(value) >= 100 else f"{value:.3g}"
