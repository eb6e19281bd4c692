"""Times of contenders that take turns, so that other load on the machine affects all alike."""

import time
from collections.abc import Callable
from statistics import median
from typing import Any

COST = "us per image and network"

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


def compared(
    part: str, what: str, contenders: dict[str, Callable[[], object]], rounds: int, scale: float
) -> list[Row]:
    """Ours and the plain way beside each other at one size, and how many times longer it takes.

    Args:
        part: Of the table.
        what: The size, in words.
        contenders: One of them is called "ours".
        rounds: How often each has its turn.
        scale: Images times networks: costs are per image and network.
    """
    times = take_turns(contenders, rounds)
    named = {f"{what}, {name}": values for name, values in times.items()}
    rows = [
        row(part, name, [1e6 * t / scale for t in values], COST) for name, values in named.items()
    ]
    return rows + ratios(part, named, f"{what}, ours")


def row(part: str, what: str, values: list[float], unit: str) -> Row:
    """The median over rounds and their range."""
    spread = {"low": min(values), "high": max(values)} if len(values) > 1 else {}
    return {"part": part, "what": what, "value": median(values), "unit": unit} | spread
