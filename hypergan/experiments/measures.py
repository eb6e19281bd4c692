"""Measures: numbers of a record, by name, for claims, figures and tables alike.

A name is a path with slashes. It leads through the record's metrics, such as ``accuracy/100``, or
begins with one of :data:`STATISTICS` and gives its arguments, such as ``history/accuracy/end``.
"""

from collections.abc import Callable, Iterable
from functools import partial
from typing import Any

import numpy as np

from hypergan.data import cubic
from hypergan.errors import SettingsError
from hypergan.evaluation import predictive
from hypergan.experiments.records import Record

Measure = Callable[[Record], float]
"""A number of a record; a KeyError where it has none."""


class Unmeasured(KeyError):  # noqa: N818
    """A number that a record could have: there was no such size or eps, or nothing to measure."""


def measure(name: str) -> Measure:
    """The measure of a name.

    Raises:
        SettingsError: If a statistic has other arguments.
    """
    first, *rest = name.split("/")
    if first not in STATISTICS:
        return partial(metric, keys=(first, *rest))
    statistic = STATISTICS[first]
    expected = statistic.__code__.co_argcount - 1
    if len(rest) != expected:
        raise SettingsError(f"{name!r} gives {first} {len(rest)} arguments instead of {expected}")
    return lambda record: statistic(record, *rest)


def metric(record: Record, keys: Iterable[str]) -> float:
    """A number in the metrics."""
    return number(record.metrics, *keys)


def at(content: Any, *keys: str) -> Any:
    """What lies in nested dictionaries at some keys.

    Raises:
        KeyError: If nothing does.
    """
    for key in keys:
        if key not in content:
            raise (Unmeasured if key.replace(".", "").isdecimal() else KeyError)(key)
        content = content[key]
    return content


def number(content: Any, *keys: str) -> float:
    """A number in nested dictionaries.

    Raises:
        KeyError: If there is none.
    """
    content = at(content, *keys)
    if not isinstance(content, int | float):  # null is a mean over nothing
        raise (Unmeasured if content is None else KeyError)(keys[-1])
    return float(content)


def over_eps(record: Record, kind: str, size: str, tested: str, column: str) -> float:
    """A number of the attacks on ensembles of a size, mean over all eps above 0.

    ``tested`` is "same" or "fresh": the networks attacked, or as many new ones.
    """
    by_eps = at(record.metrics, "attacks", kind, size, tested)
    return float(np.mean([number(row, column) for eps, row in by_eps.items() if float(eps) > 0]))


def relative_norm_std(record: Record) -> float:
    """Standard deviation of a layer's norm over its mean, mean over the layers (Fig. 7)."""
    return float(np.mean([norm["std"] / norm["mean"] for norm in record.metrics["norms"].values()]))


def history(record: Record, column: str, when: str) -> float:
    """A column of the history, mean over the first tenth ("start") or the last ("end")."""
    values = [number(row, column) for row in record.history]
    tenth = max(1, len(values) // 10)
    return float(np.mean({"start": values[:tenth], "end": values[-tenth:]}[when]))


def memory(record: Record) -> float:
    """Peak memory in GB while training; of a record that tells no more, of the whole run."""
    told = [row["peak_memory_bytes"] for row in record.history if "peak_memory_bytes" in row]
    return float(max(told, default=record.peak_memory_bytes)) / 1e9


def log_likelihood(record: Record, where: str, size: str) -> float:
    """Log likelihood of a regression, mean over inputs "inside" or "outside" the data's interval.

    The mean over disjoint ensembles of ``size`` networks.
    """
    arrays = record.arrays
    inside = abs(arrays["x"]) <= cubic.LIMIT
    chosen = {"inside": inside, "outside": ~inside}[where]
    predictions, y = arrays["predictions"][:, chosen], arrays["y"][chosen]
    ensembles = np.array_split(predictions, len(predictions) // int(size))
    return float(np.mean([predictive.log_likelihood(e, y, cubic.NOISE) for e in ensembles]))


STATISTICS: dict[str, Callable[..., float]] = {
    function.__name__: function
    for function in (over_eps, relative_norm_std, history, memory, log_likelihood)
}
"""What can be measured of a record besides its metrics, by name."""
