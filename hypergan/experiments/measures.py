"""Measures: numbers of a record, by name, for claims, figures and tables alike.

A name is a path with slashes: into the record's metrics, such as ``accuracy/100``, or one of
:data:`STATISTICS` followed by its arguments, such as ``history/accuracy/end``.
"""

import math
from collections.abc import Callable
from typing import Any

import numpy as np
from numpy.typing import NDArray

from hypergan.data import cubic
from hypergan.errors import SettingsError
from hypergan.evaluation import predictive
from hypergan.experiments.records import Record

Measure = Callable[[Record], float]
"""Reads a number from a record; raises KeyError if it has none."""


class Unmeasured(KeyError):  # noqa: N818
    """A number that a record could have but lacks: no such size or eps, or nothing to measure."""


def measure(name: str) -> Measure:
    """The measure with a given name.

    Raises:
        SettingsError: If a statistic gets the wrong number of arguments.
    """
    first, *rest = name.split("/")
    if first not in STATISTICS:
        return lambda record: number(record.metrics, first, *rest)
    statistic = STATISTICS[first]
    expected = statistic.__code__.co_argcount - 1
    if len(rest) != expected:
        raise SettingsError(f"{name!r} gives {first} {len(rest)} arguments; it takes {expected}")
    return lambda record: statistic(record, *rest)


def at(content: Any, *keys: str) -> Any:
    """The value in nested dictionaries at some keys.

    Raises:
        KeyError: If there is none.
    """
    for key in keys:
        if not isinstance(content, dict) or key not in content:
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
    """A number of the attacks on ensembles of one size, mean over all eps above 0.

    ``tested`` is "same" or "fresh": the networks attacked, or as many new ones.
    """
    return between_eps(record, kind, size, tested, _LEAST, "inf", column)


_LEAST = "1e-9"
"""Less than any eps but 0."""


def between_eps(
    record: Record, kind: str, size: str, tested: str, low: str, high: str, column: str
) -> float:
    """The same, mean over the eps from ``low`` to ``high``, both included."""
    by_eps, chosen = at(record.metrics, "attacks", kind, size, tested), _within(low, high)
    rows = [row for eps, row in by_eps.items() if chosen(float(eps))]
    if not rows:
        raise Unmeasured(column)
    return float(np.mean([number(row, column) for row in rows]))


def _within(low: str, high: str) -> Callable[[float], bool]:
    return lambda eps: float(low) <= eps <= float(high)


def relative_norm_std(record: Record) -> float:
    """Standard deviation of a layer's norm over its mean, mean over the layers (Fig. 7)."""
    norms = record.metrics["norms"].values()
    if not norms or not all(norm["mean"] for norm in norms):
        raise Unmeasured("norms")
    return float(np.mean([norm["std"] / norm["mean"] for norm in norms]))


def history(record: Record, column: str, when: str) -> float:
    """A column of the history, mean over its first ("start") or last ("end") tenth."""
    values = [number(row, column) for row in record.history]
    tenth = max(1, len(values) // 10)
    return float(np.mean({"start": values[:tenth], "end": values[-tenth:]}[when]))


def gain(record: Record) -> float:
    """How much more accurate a hundred networks are than one, in points."""
    return number(record.metrics, "accuracy", "100") - number(record.metrics, "accuracy", "1")


def memory(record: Record) -> float:
    """Peak memory in GB during training; of the whole run if the record has only that."""
    peaks = [row["peak_memory_bytes"] for row in record.history if "peak_memory_bytes" in row]
    return float(max(peaks, default=record.peak_memory_bytes)) / 1e9


def log_likelihood(record: Record, where: str, size: str) -> float:
    """Log likelihood of a regression, mean over inputs "inside" or "outside" the data's interval.

    This is the mean over disjoint ensembles of ``size`` networks.
    """
    arrays = record.arrays
    inside = abs(arrays["x"]) <= cubic.LIMIT
    chosen = {"inside": inside, "outside": ~inside}[where]
    predictions, y = arrays["predictions"][:, chosen], arrays["y"][chosen]
    number, left = divmod(len(predictions), int(size))
    if left:
        ensembles = np.array_split(predictions, number)
    else:
        ensembles = [predictions.reshape(number, -1, len(y))]  # all at once
    return float(np.mean([predictive.log_likelihood(e, y, cubic.NOISE) for e in ensembles]))


STATISTICS: dict[str, Callable[..., float]] = {
    function.__name__: function
    for function in (over_eps, between_eps, relative_norm_std, history, memory, log_likelihood)
}
"""What can be computed from a record besides its metrics, by name."""

SHARES = {"success", "fooled", "all_fooled"}
"""Shares of attacked images, or of pairs of an image and a network."""

_UP_TO_ONE = SHARES | {"auroc", "aupr", "fpr95", "disagreement", "calibration_error"}
_NOT_NEGATIVE = {"entropy", "norms", "rmse", "std_inside", "std_outside", "memory", "diversity",
                 "relative_norm_std", "negative_log_likelihood", "brier_score"}  # fmt: skip


def bounds(name: str) -> tuple[float, float]:
    """The smallest and largest values that a measure can have."""
    words = set(name.split("/"))
    if "accuracy" in words:
        return 0, 100
    if words & _UP_TO_ONE:
        return 0, 1
    return 0 if words & _NOT_NEGATIVE else -math.inf, math.inf


Outcomes = tuple[NDArray[Any], ...]
"""Each test image's contribution to a measure, (B,) per set of images it is measured on."""


def outcomes(record: Record, name: str) -> Outcomes | None:
    """Each test image's contribution to a measure; None if it has none, or it is not stored.

    A measure varies over test images as the mean of these contributions does. For an AUROC they are
    what DeLong, DeLong and Clarke-Pearson (1988) call structural components.

    Raises:
        KeyError: If metrics and arrays are of other eps.
    """
    first, *rest = name.split("/")
    arrays, full = record.arrays, record.full_size if first in _BY_SIZE else 0
    if first == "accuracy" and f"right_{rest[0]}" in arrays:
        groups = full // int(rest[0])
        return (100.0 * arrays[f"right_{rest[0]}"].astype(float) / groups,)
    if first == "entropy" and f"entropy_{rest[0]}_{full}" in arrays:
        return (arrays[f"entropy_{rest[0]}_{full}"].astype(float),)
    if first == "detection" and rest[1] == "auroc" and f"{rest[0]}_in_{full}" in arrays:
        return placements(arrays[f"{rest[0]}_out_{full}"], arrays[f"{rest[0]}_in_{full}"])
    if first == "over_eps":
        kind, size, tested, column = rest
        return outcomes(record, f"between_eps/{kind}/{size}/{tested}/{_LEAST}/inf/{column}")
    if first == "between_eps":
        kind, size, tested, low, high, column = rest
    elif first == "attacks":
        kind, size, tested, low, column = rest
        high = low
    else:
        return None
    by_eps = at(record.metrics, "attacks", kind, size, tested)
    chosen = np.array([*map(_within(low, high), map(float, by_eps))])
    stored = arrays.get(f"{_STORED.get(column, column)}_{kind}_{size}_{tested}")
    if stored is None:
        return None
    if len(stored) != len(chosen):
        raise Unmeasured(column)
    if column == "auroc":  # the same images, attacked and clean
        return (np.mean([np.add(*placements(x, stored[0])) for x in stored[chosen]], axis=0),)
    parts = stored == 1 if column == "all_fooled" else stored
    return (parts[chosen].mean(0, dtype=float),)


_BY_SIZE = {"accuracy", "entropy", "detection"}
"""Measures of a full ensemble, or of parts of it."""


def placements(above: NDArray[Any], below: NDArray[Any]) -> Outcomes:
    """The share of ``below`` that each score of ``above`` exceeds, and the reverse.

    Ties count half. Each mean is the AUROC.
    """
    above, below = (x.astype(np.result_type(x, np.float32)) for x in (above, below))
    return _beaten(above, below), 1 - _beaten(below, above)


def _beaten(scores: NDArray[Any], others: NDArray[Any]) -> NDArray[Any]:
    """The share of other scores below each; sorting both makes this four times as fast."""
    order, others = np.argsort(scores), np.sort(others)
    ranked = scores[order]
    shares = np.empty(len(scores))
    twice = np.searchsorted(others, ranked) + np.searchsorted(others, ranked, "right")
    shares[order] = twice / (2 * len(others))
    return shares


_STORED = {"all_fooled": "fooled", "success": "wrong", "auroc": "entropy"}
"""Names of the attacks' arrays by column, where the two differ."""


def binomial(record: Record, name: str) -> float | None:
    """An upper bound on a share's variance over test images; None for other measures.

    It is the binomial variance of images that are each right or wrong; the mean of such shares over
    ensembles or networks varies less. Two right and two wrong images are added, so that a share of
    0 or 1 does not look certain (Agresti and Coull).
    """
    *path, last = name.split("/")
    if path[:1] == ["accuracy"] or last == "disagreement":
        shown = record.arrays.get(f"entropy_in_{record.full_size}")
        if shown is None:
            return None
        images, unit = len(shown), 100 if path[0] == "accuracy" else 1
    elif last in SHARES and path[0] == "attacks":
        images, unit = int(at(record.metrics, *path)["images"]), 1
    elif last in SHARES and path[0] == "transfer":
        attacked = record.config["evaluation"]["attack"]["images"]  # by several networks each
        images, unit = min(attacked, int(at(record.metrics, *path)["examples"])), 1
    else:
        return None
    share = (measure(name)(record) / unit * images + 2) / (images + 4)
    return unit**2 * share * (1 - share) / (images + 4)
