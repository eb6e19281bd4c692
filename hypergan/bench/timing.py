"""Times of contenders that take turns, so that other load on the machine affects all alike."""

import time
from collections.abc import Callable
from statistics import median
from typing import Any

Row = dict[str, Any]
"""A measured quantity: ``part``, ``what``, ``value``, ``unit``, and ``low`` and ``high`` over the
rounds where there are several."""


def seconds(work: Callable[[], object]) -> float:
    """Wall time of one call."""
    started = time.perf_counter()
    work()
    return time.perf_counter() - started


def take_turns(contenders: dict[str, Callable[[], object]], rounds: int) -> dict[str, list[float]]:
    """Seconds per contender and round, after a warm-up round that is not counted."""
    times: dict[str, list[float]] = {name: [] for name in contenders}
    for counted in [False] + [True] * rounds:
        for name, work in contenders.items():
            elapsed = seconds(work)
            if counted:
                times[name].append(elapsed)
    return times


def ratios(part: str, times: dict[str, list[float]], ours: str = "ours") -> list[Row]:
    """How many times longer each other contender takes, paired by round."""
    return [
        row(part, f"{name} / {ours}", [a / b for a, b in zip(other, times[ours], strict=True)], "x")
        for name, other in times.items()
        if name != ours
    ]


def row(part: str, what: str, values: list[float], unit: str) -> Row:
    """The median over rounds and their range."""
    spread = {"low": min(values), "high": max(values)} if len(values) > 1 else {}
    return {"part": part, "what": what, "value": median(values), "unit": unit} | spread
