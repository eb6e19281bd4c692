"""Numbers as every page prints them: a true minus, and as many decimals as an interval deserves."""

import math
from collections.abc import Iterable, Sequence

from hypergan.experiments.intervals import EQUAL, MINUS, Interval, with_minus


def text(number: float, decimals: int | None = None) -> str:
    """A number with this many decimals, by default with three significant digits."""
    if not math.isfinite(number):
        return {math.inf: "∞", -math.inf: f"{MINUS}∞"}.get(number, "–")
    if decimals is None:
        decimals = significant([number])
    rounded = f"{number:,.{decimals}f}".replace(",", "\N{NARROW NO-BREAK SPACE}")
    return with_minus(rounded) if float(f"{number:.{decimals}f}") else rounded.lstrip("-")


def percent(share: float, decimals: int = 0) -> str:
    """A share in percent."""
    return f"{text(100 * share, decimals)} %"


def span(numbers: Sequence[float], decimals: int = 0) -> str:
    """The lowest and the highest of some numbers; one number if they read the same."""
    ends = dict.fromkeys(text(end, decimals) for end in (min(numbers), max(numbers)))
    return " to ".join(ends)


def with_ends(interval: Interval) -> str:
    """A mean and the ends of its interval, in a sentence or where units differ."""
    places = decimals([interval])
    mean = text(interval.mean, places)
    if interval.n == 1:
        return mean
    return f"{mean} ({text(interval.low, places)} to {text(interval.high, places)})"


def significant(numbers: Iterable[float]) -> int:
    """The decimals that give the largest of some numbers three significant digits."""
    largest = max((abs(number) for number in numbers if math.isfinite(number)), default=0.0)
    return max(0, 2 - math.floor(math.log10(largest))) if largest else 0


def decimals(intervals: Sequence[Interval]) -> int:
    """The decimals for a column of intervals.

    The median half-width keeps one significant digit, or two where the first is a 1; where no
    number has an interval, the largest keeps three significant digits. Intervals of two values do
    not count: they are so wide, nine standard deviations either way, that no decimals would remain.
    """
    halves = sorted(
        half
        for interval in intervals
        if interval.n > 2
        and EQUAL * abs(interval.mean) < (half := (interval.high - interval.low) / 2) < math.inf
    )
    if not halves:
        return min(4, significant(interval.mean for interval in intervals))
    return max(0, math.ceil(-math.log10(halves[len(halves) // 2] / 2)))
