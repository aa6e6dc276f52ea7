"""Ranks: strings between any two of which another fits, so that a move changes one row.

The method is the base-62 fraction described in "Implementing Fractional Indexing" (observablehq.com,
David Greenspan): a rank is the digits after the point of a number between 0 and 1, compared byte by
byte. None ends with the lowest digit, so there is always room before it.
"""

from __future__ import annotations

import string

DIGITS = string.digits + string.ascii_uppercase + string.ascii_lowercase  # in ASCII order
LONGEST = 100  # the column holds 120; a move that would pass this respaces the column first


def between(low: str | None, high: str | None) -> str:
    """A rank above `low` and below `high`; None is the open end. `low` must be below `high`."""
    if low is not None and high is not None and low >= high:
        raise ValueError("ranks out of order")
    return _middle(low or "", high)


def _middle(low: str, high: str | None) -> str:
    if high is not None:
        shared = 0
        while shared < len(high) and (low[shared] if shared < len(low) else DIGITS[0]) == high[shared]:
            shared += 1
        if shared:
            return high[:shared] + _middle(low[shared:], high[shared:])
    first = DIGITS.index(low[0]) if low else 0
    last = DIGITS.index(high[0]) if high else len(DIGITS)
    if last - first > 1:
        return DIGITS[(first + last) // 2]
    if high and len(high) > 1:
        return high[0]
    return DIGITS[first] + _middle(low[1:], None)


def spread(count: int) -> list[str]:
    """`count` ranks in order, with room between all of them."""
    width = 1
    while len(DIGITS) ** width < 4 * (count + 1):
        width += 1
    step = len(DIGITS) ** width // (count + 1)
    return [_digits(step * place, width) for place in range(1, count + 1)]


def _digits(number: int, width: int) -> str:
    text = ""
    for _ in range(width):
        number, digit = divmod(number, len(DIGITS))
        text = DIGITS[digit] + text
    return text.rstrip(DIGITS[0])
