"""What a task spends its time on, by PyTorch's operations."""

import os
from collections.abc import Callable

LEAST = 1.0
"""Percent of the time below which operations are put together."""

Shares = dict[str, float]
"""Percent of the time in operations by their names, the largest first, then the others together."""

Profiles = dict[str, dict[str, Shares]]
"""By task and contender."""


def shares(work: Callable[[], object], repeats: int) -> Shares:
    """The share of each operation's own time, in calls after a first that is not counted."""
    os.environ.setdefault("KINETO_LOG_LEVEL", "99")  # it would report what it does not find
    from torch.profiler import ProfilerActivity, profile  # takes a while

    work()
    with profile(activities=[ProfilerActivity.CPU]) as found:
        for _ in range(repeats):
            work()
    times = {event.key: event.self_cpu_time_total for event in found.key_averages()}
    total = sum(times.values())
    each = sorted(((100 * t / total, name) for name, t in times.items()), reverse=True)
    large = {name.removeprefix("aten::"): share for share, name in each if share >= LEAST}
    return large | {"others": 100 - sum(large.values())}
