"""Comparing a re-run with the published record.

On the same CPU, with the same code, libraries, data and number of threads, a seed gives the same
record to the last digit, and nothing less is accepted. Anywhere else sums are rounded differently,
and training amplifies that until the run is like one with another seed: its metrics must then agree
within :data:`TOLERANCES`, as those of two published seeds of a method do.
"""

import math
import re
from collections.abc import Iterable
from dataclasses import dataclass
from itertools import accumulate
from pathlib import Path
from typing import Any

from hypergan.checkout import same_code
from hypergan.errors import RecordError
from hypergan.experiments import records
from hypergan.experiments.provenance import SAMPLERS
from hypergan.experiments.records import Cell, Record, flat
from hypergan.fitting import COSTS
from hypergan.paths import published, runs


@dataclass(frozen=True)
class Tolerance:
    """How far a re-run's metric may lie from the published one.

    Attributes:
        relative: As a share of the larger of the two values: 0.6 allows a factor of 2.5 up or
            down, and a value that collapses to 0 is never allowed.
        absolute: In the metric's own unit; the larger of the two tolerances holds.
        top: For a mean over few images, the largest value that one of them can have, 0 being the
            smallest. Three standard deviations of the difference of two such means are added.
    """

    relative: float = 0.0
    absolute: float = 0.0
    top: float = 0.0

    def between(self, values: tuple[Any, Any], counts: tuple[float, float]) -> float:
        """The largest difference allowed between two values, means over ``counts`` images.

        A mean over no images is None and agrees with any other, because the number of images is
        compared separately.
        """
        if self.top and 0 in counts:
            return math.inf
        if None in values:
            return 0.0
        allowed = max(self.relative * max(map(abs, values)), self.absolute)
        return allowed + 3 * self._scatter(sum(values) / 2, counts) if self.top else allowed

    def _scatter(self, mean: float, counts: tuple[float, float]) -> float:
        """The largest standard deviation of the difference that values of this mean can have."""
        variance = max(0.0, mean * (self.top - mean))
        return math.sqrt(variance * sum(1 / count for count in counts))


_SHARE = 1.0
_NATS = math.log(10)
"""The largest entropy over ten classes; every attacked network has ten."""

TOLERANCES = {
    # How many networks, ensembles and images there were.
    r"accuracy_ensembles/.+|attacks/.+/(networks|images)": Tolerance(),
    # In percent. Two seeds of mc-dropout on CIFAR-10 differ by 2 points, as no others do.
    r"accuracy/.+": Tolerance(absolute=2.5),
    # One failed network in a hundred makes them up to 13 times larger; that of two ensembles can be
    # almost 0.
    r"accuracy_std/.+": Tolerance(0.975, absolute=0.1),
    r"\w+_std/.+": Tolerance(0.975, absolute=0.005),
    # Layers can trade scale for scale without changing what a network computes, and the spread of
    # the norms depends on where the adversarial game ends. On the cubic (lite) the same seed
    # with AVX2 in place of AVX-512 instructions changed a mean norm by a factor of 1.6, its std by
    # 2.5; the std of a layer without dropout is only rounding error, and that of ten members hangs
    # on the oddest of them. Of the compact method's networks on CIFAR one seed varies conv2 eleven
    # times as much as another.
    r"norms/.+/mean": Tolerance(0.5),
    r"norms/.+/std": Tolerance(0.967, absolute=1e-4),
    # In the same way std_outside changed by a factor of 2.2, and rmse by 1.15.
    r"rmse|std_inside|std_outside": Tolerance(0.6),
    r"(negative_log_likelihood|brier_score|entropy)/.+": Tolerance(0.4, absolute=0.002),
    r"diversity/disagreement": Tolerance(0.6),
    r"diversity/pairwise_kl": Tolerance(0.85),
    # One network's uncertainty depends on the draw; those of a confident method are almost certain.
    # The networks of apd differ six times as much for one seed as for another on MNIST.
    r"uncertainty/(1/.+|\d+/mutual_information)/(in|out)": Tolerance(0.95, absolute=0.002),
    r"uncertainty/1/.+/(auroc|aupr)": Tolerance(absolute=0.4),
    r"calibration_error/.+|uncertainty/.+/(in|out)": Tolerance(0.8, absolute=0.002),
    r"(detection|uncertainty)/.+/(auroc|aupr)": Tolerance(absolute=0.1),
    # For one network, or a few that agree, the score of some outliers rounds to 0; if those are
    # more than 5 %, every image is flagged. The same goes for large ensembles of networks that saw
    # few images and are certain of all.
    r"uncertainty/[15]/.+/fpr95": Tolerance(absolute=1.0),
    r"(detection|uncertainty/\d+)/least_confidence/fpr95": Tolerance(absolute=1.0),
    r"(detection|uncertainty)/.+/fpr95": Tolerance(absolute=0.45),
    # What depends on the one network attacked, or on three: new networks of apd got 14 % of
    # its adversarial examples wrong for one seed, 85 % for another.
    r"attacks/\w+/1/.+/(all_fooled|fooled|success)": Tolerance(absolute=0.7, top=_SHARE),
    r"transfer/.+/(fooled|success)": Tolerance(absolute=0.5, top=_SHARE),
    r"transfer/.+/examples": Tolerance(0.6, absolute=20),
    # What training and the draw of networks change, on top of the scatter over few images.
    r"attacks/.+/(all_fooled|fooled|success)": Tolerance(absolute=0.2, top=_SHARE),
    r"attacks/.+/auroc\w*": Tolerance(absolute=0.2, top=_SHARE),
    r"attacks/.+/entropy\w*": Tolerance(absolute=0.2 * _NATS, top=_NATS),
}
"""Tolerances by patterns of metrics' names; the first that matches holds.

They come from the differences between two published seeds of a method on a data set: relative ones
allow the largest ratio to the power 1.4, absolute ones 1.25 times the largest difference, or more.
"""


LINE = "  {:<36} {:>11} {:>11} {:>11} {:>10}  {}"
"""A line of the table."""


@dataclass(frozen=True)
class Row:
    """One metric of a comparison; each value is a number, or None for a mean over nothing."""

    metric: str
    published: Any
    rerun: Any
    tolerance: float

    @property
    def difference(self) -> float:
        """The re-run's number minus the published one; 0 if equal, infinite if one is no number."""
        if self.published == self.rerun:
            return 0.0
        both = isinstance(self.published, int | float) and isinstance(self.rerun, int | float)
        return self.rerun - self.published if both else math.inf

    @property
    def ok(self) -> bool:
        """Whether the difference is within the tolerance."""
        return abs(self.difference) <= self.tolerance

    def __str__(self) -> str:
        """A line of the table."""
        pair = (self.published, self.rerun)
        values = (f"{x:.6g}" if isinstance(x, float) else str(x) for x in pair)
        verdict = "yes" if self.ok else "NO"
        return LINE.format(
            self.metric, *values, f"{self.difference:+.3g}", f"{self.tolerance:.3g}", verdict
        )


@dataclass(frozen=True)
class Comparison:
    """A re-run beside the published record of its cell.

    Attributes:
        cell: The cell.
        reason: How they were made differently, so that they need not be identical; empty where
            they must be.
        rows: The metrics of the published record.
        newer: What only the re-run measures, by the beginnings of names: added after the record
            was published, and not compared.
        identical: Whether history, metrics, arrays and, if both records contain its hash, the
            posterior are the same to the last digit.
    """

    cell: Cell
    reason: str
    rows: list[Row]
    newer: list[str]
    identical: bool

    @property
    def ok(self) -> bool:
        """Whether the re-run confirms the record."""
        return all(row.ok for row in self.rows) and (self.identical or bool(self.reason))

    def __str__(self) -> str:
        """The comparison as a table."""
        rule = (
            f"{self.reason}, so tolerances apply"
            if self.reason
            else f"made alike, so identical to the last digit: {'yes' if self.identical else 'NO'}"
        )
        head = LINE.format("metric", "published", "rerun", "difference", "tolerance", "ok")
        lines = [f"{self.cell.name}: {rule}", head, *map(str, self.rows)]
        if self.newer:
            lines.append(f"  newer, so not compared: {', '.join(self.newer)}")
        return "\n".join(lines)


def compare(cell: Cell) -> Comparison:
    """Compare the record in ``runs/`` with the published one.

    Raises:
        RecordError: If one is missing, damaged, or made with other settings; if the re-run
            lacks a metric, or one has no tolerance.
    """
    reference, rerun = (_read(cell, folder) for folder in (published(), runs()))
    _ = reference.arrays, rerun.arrays  # refuses altered ones
    return compare_records(reference, rerun)


def compare_records(reference: Record, rerun: Record) -> Comparison:
    """Compare a re-run with the published record.

    Raises:
        RecordError: If the re-run lacks a metric, or one has no tolerance.
    """
    cell, reason = reference.cell, difference(reference, rerun)
    metrics, found = flat(reference.metrics), flat(rerun.metrics)
    if missing := metrics.keys() - found.keys():
        raise RecordError(
            f"the re-run of {cell.path} lacks what the published record measures: "
            f"{', '.join(_beginnings(missing, found))}; run it again with `{cell.command} --force`"
        )
    rows = [
        Row(name, value, found[name], tolerance_of(name, metrics, found) if reason else 0.0)
        for name, value in metrics.items()
    ]
    newer = _beginnings(found.keys() - metrics.keys(), metrics)
    identical = _lasting(reference) == _lasting(rerun) and _same_posterior(reference, rerun)
    return Comparison(cell, reason, rows, newer, identical)


def difference(one: Record, other: Record) -> str:
    """How two records of a cell were made differently; empty where they must be identical.

    A GPU sums in varying order, so no two of its runs are identical.
    """
    if not one.on_cpu:
        return "made on a GPU"
    if one.device != other.device:
        return f"made on another machine ({one.device}; {other.device})"
    alike = (one.environment.keys() & other.environment.keys()) - {"posterior_sha256"}
    if names := sorted(name for name in alike if one.environment[name] != other.environment[name]):
        return f"made with other {', '.join(names)}"
    listed = one.versions.keys() & other.versions.keys()  # older records list fewer
    if not one.method.startswith("nuts"):
        listed -= set(SAMPLERS)
    if names := sorted(name for name in listed if one.versions[name] != other.versions[name]):
        return f"made with other versions of {', '.join(names)}"
    if one.data_sha256 != other.data_sha256:
        return "made from other files"
    return "" if same_code(one.commit, other.commit) else "made by code that may differ"


def tolerance_of(metric: str, one: dict[str, Any], other: dict[str, Any]) -> float:
    """How far a metric may differ between two sets of metrics.

    Raises:
        RecordError: If the metric has no tolerance.
    """
    for pattern, tolerance in TOLERANCES.items():
        if re.fullmatch(pattern, metric):
            counts = _count(metric, one), _count(metric, other)
            return tolerance.between((one[metric], other[metric]), counts)
    raise RecordError(
        f"the metric {metric} has no tolerance; give it one in hypergan/experiments/verification.py"
    )


def chosen(filters: list[str]) -> list[Path]:
    """The records to verify, by their paths below a folder of records.

    Args:
        filters: Paths of records or of folders of them, below ``runs/`` or as ``list`` shows them;
            every published record there must have been run again. If empty, all that were.

    Raises:
        RecordError: If there is nothing to compare.
    """
    if runs().resolve() == published().resolve():
        raise RecordError(
            "HYPERGAN_RUNS is the folder of the published records, so each would be compared with "
            "itself; set it to the folder of the re-runs"
        )
    reruns, references = (
        {path.relative_to(folder) for path in records.paths(folder)}
        for folder in (runs(), published())
    )
    if not filters and not reruns & references:
        raise RecordError(
            "no published record was run again; run some with `make sweep MODE=full`, or one with "
            "`python -m hypergan run`"
        )
    wanted = set() if filters else reruns & references
    for text in filters:
        below = _below(text)
        matches = {path for path in reruns | references if path.is_relative_to(below)}
        if not matches:
            raise RecordError(f"there is no record {text}; see `python -m hypergan list`")
        wanted |= {path for path in matches if path in references} or matches
    return sorted(wanted)


def _read(cell: Cell, folder: Path) -> Record:
    """The record in a folder, if it was made with the current settings."""
    found = records.find(cell, [folder])
    if found is None:
        how = f"run it with `{cell.command}`"
        if folder == published():
            how = "publish it with `python -m hypergan promote`, or verify another"
        raise RecordError(f"{cell.path} has no record in {folder}; {how}")
    return found


def _count(metric: str, metrics: dict[str, Any]) -> float:
    """How many images a metric is a mean over, infinite where they are not few."""
    parent, _, last = metric.rpartition("/")
    images = metrics.get(f"{parent}/images", metrics.get(f"{parent}/examples", math.inf))
    return images * metrics[f"{parent}/all_fooled"] if last == "entropy_fooled" else images


def _beginnings(names: Iterable[str], others: Iterable[str]) -> list[str]:
    """The shortest beginnings of names that no other name shares."""
    known = {beginning for name in others for beginning in _prefixes(name)}
    return sorted({next((b for b in _prefixes(name) if b not in known), name) for name in names})


def _prefixes(name: str) -> list[str]:
    """A name's beginnings, from its first word to all of it."""
    return list(accumulate(name.split("/"), "{}/{}".format))


def _lasting(record: Record) -> Any:
    """What the same seed must reproduce."""
    history = [{k: v for k, v in row.items() if k not in COSTS} for row in record.history]
    return record.metrics, history, record.arrays_sha256


def _same_posterior(one: Record, other: Record) -> bool:
    """Whether both evaluated the same posterior; True if a record does not say which."""
    hashes = {record.environment.get("posterior_sha256") for record in (one, other)}
    return None in hashes or len(hashes) == 1


def _below(text: str) -> Path:
    """A record or folder as `list` or a shell names it, relative to a folder of records."""
    path = Path(text.removesuffix(".json"))
    for folder in (runs(), published()):
        if path.absolute().is_relative_to(folder.absolute()):
            path = path.absolute().relative_to(folder.absolute())
    is_record = path.name.startswith("seed")
    return path.with_name(f"{path.name}.json") if is_record else path
