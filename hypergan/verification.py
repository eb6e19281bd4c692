"""Comparing a re-run with the published record.

On the same CPU, with the same code, libraries and data, a seed gives the same record to the last
digit, and nothing less is accepted. Anywhere else sums are rounded differently, and training
amplifies that until the run is like one of another seed: its metrics then have to lie within
:data:`TOLERANCES`.
"""

import math
import re
import subprocess
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from hypergan import records
from hypergan.errors import RecordError
from hypergan.paths import PROJECT, published, runs
from hypergan.records import Cell, Record
from hypergan.training import COSTS


@dataclass(frozen=True)
class Tolerance:
    """How far a re-run's metric may lie from the published one.

    Attributes:
        relative: Share of the larger of the two values, so that 0.6 allows a factor of 2.5 up or
            down, and a value that collapses to 0 is never allowed.
        absolute: In the metric's own unit; the larger of the two tolerances holds.
    """

    relative: float = 0.0
    absolute: float = 0.0


TOLERANCES = {
    # How many networks, ensembles and images there were, and how strong the attack.
    r"accuracy_ensembles|networks|attacked|images|examples|eps": Tolerance(),
    # In percent. At 77 % of 10,000 images the difference of two independent counts has a standard
    # deviation of 0.6; networks of one architecture err on much the same images.
    r"accuracy": Tolerance(absolute=1.0),
    # Spreads of few values each: of ten, a standard deviation is known to a quarter.
    r"accuracy_std": Tolerance(0.75, absolute=0.2),
    r"\w+_std": Tolerance(0.75, absolute=0.02),
    # Layers can trade scale for scale without changing what a network computes, and the spread of
    # the norms is where the adversarial game ends. On the cubic (lite) the same seed with AVX2 in
    # place of AVX-512 instructions changed a mean norm by a factor of 1.6, its std by 2.5.
    r"norms\.mean": Tolerance(0.5),
    r"norms\.std": Tolerance(0.75),
    # In the same way std_outside changed by a factor of 2.2, and rmse by 1.15.
    r"rmse|std_inside|std_outside": Tolerance(0.6),
    # Twice what two seeds of any method differ by on MNIST at most: 0.17, and 0.36 for ensembles of
    # one network; of calibration errors, a hundredth or less, 0.43.
    r"entropy|negative_log_likelihood|pairwise_kl": Tolerance(0.35, absolute=0.01),
    r"brier_score|disagreement": Tolerance(0.35, absolute=0.01),
    r"uncertainty|calibration_error": Tolerance(0.7, absolute=0.01),
    # Areas and shares between 0 and 1.
    r"uncertainty\.(auroc|aupr|fpr95)|attacks|transfer": Tolerance(absolute=0.15),
}
"""Tolerances by the names of metrics, or by a metric's name and the last key inside it."""


LINE = "  {:<36} {:>11} {:>11} {:>11} {:>10}  {}"
"""A line of the table."""


@dataclass(frozen=True)
class Row:
    """One metric of a comparison; a number, or what a number says nothing about."""

    metric: str
    published: Any
    rerun: Any
    tolerance: float

    @property
    def difference(self) -> float:
        """The re-run's number less the published one, 0 between equals, else infinite."""
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
        reason: In what they were made differently, so that they cannot be identical; empty where
            they have to be.
        rows: The metrics.
        identical: Whether history, metrics and arrays are the same to the last digit.
    """

    cell: Cell
    reason: str
    rows: list[Row]
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
        name = self.cell.path.with_suffix("").as_posix()
        return "\n".join([f"{name}: {rule}", head, *map(str, self.rows)])


def compare(cell: Cell) -> Comparison:
    """Compare the record in ``runs/`` with the published one.

    Raises:
        RecordError: If one of them is missing, damaged, or not of today's settings; if they do
            not measure the same, or a metric has no tolerance.
    """
    reference, rerun = (_read(cell, folder) for folder in (published(), runs()))
    reason = difference(reference, rerun)
    metrics, found = flat(reference.metrics), flat(rerun.metrics)
    if odd := metrics.keys() ^ found.keys():
        raise RecordError(
            f"the records of {cell.path} do not measure the same: only one of them has "
            f"{', '.join(sorted(odd))}; run the cell again with `{cell.command} --force`"
        )
    for folder in (published(), runs()):
        records.arrays(folder / cell.path)  # refuses altered ones
    rows = [
        Row(name, value, found[name], tolerance_of(name, value, found[name]) if reason else 0.0)
        for name, value in metrics.items()
    ]
    return Comparison(cell, reason, rows, _lasting(reference) == _lasting(rerun))


def difference(one: Record, other: Record) -> str:
    """In what two records of a cell were made differently; empty where they have to be identical.

    A GPU sums in changing order, so that no two of its runs are identical.
    """
    if not one.device.startswith("cpu"):
        return "made on a GPU"
    if one.device != other.device:
        return f"made on another machine ({one.device}; {other.device})"
    names = [name for name in one.versions if one.versions[name] != other.versions.get(name)]
    if names:
        return f"made with other versions of {', '.join(names)}"
    if one.data_sha256 != other.data_sha256:
        return "made from other files"
    return "" if same_code(one.commit, other.commit) else "made by code that may differ"


def same_code(one: str, other: str) -> bool:
    """Whether the package is the same at two commits; one with changes on top never is."""
    if "-dirty" in one + other:
        return False
    command = ["git", "-C", str(PROJECT), "diff", "--quiet", one, other, "--", "hypergan"]
    try:
        return subprocess.run(command, capture_output=True).returncode == 0
    except OSError:  # no git here
        return False


def tolerance_of(metric: str, *values: Any) -> float:
    """How far two values of a metric, given by its dotted name, may lie apart.

    Raises:
        RecordError: If the metric has no tolerance.
    """
    if not all(isinstance(value, int | float) for value in values):
        return 0.0
    outer, last = metric.split(".")[0], metric.split(".")[-1]
    # The most special name first: a count is exact wherever it stands.
    for name in (last, f"{outer}.{last}", outer):
        for pattern, tolerance in TOLERANCES.items():
            if re.fullmatch(pattern, name):
                return max(tolerance.relative * max(map(abs, values)), tolerance.absolute)
    raise RecordError(
        f"the metric {metric} has no tolerance; give it one in hypergan/verification.py"
    )


def chosen(filters: list[str]) -> list[Cell]:
    """The cells to verify.

    Args:
        filters: Records' paths or the folders above them, below ``runs/`` or as ``list`` shows
            them: every published record there has to have been run again. None at all: whatever
            has.

    Raises:
        RecordError: If there is nothing to compare.
    """
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
    return [_cell(path) for path in sorted(wanted)]


def flat(content: Any, name: str = "") -> dict[str, Any]:
    """Nested metrics by dotted names."""
    if isinstance(content, dict | list):
        pairs = content.items() if isinstance(content, dict) else enumerate(content)
        parts = (flat(value, f"{name}.{key}" if name else str(key)) for key, value in pairs)
        return {key: value for part in parts for key, value in part.items()}
    return {name: content}


def _read(cell: Cell, folder: Path) -> Record:
    """The record in a folder, if it is one of today's settings."""
    path = folder / cell.path
    if not path.exists():
        how = f"run it with `{cell.command}`"
        if folder == published():
            how = "publish it with `python -m hypergan promote`, or verify another"
        raise RecordError(f"{cell.path} has no record in {folder}; {how}")
    record = records.read(path)
    records.check(record, cell, path)
    return record


def _lasting(record: Record) -> Any:
    """What the same seed gives again."""
    history = [{k: v for k, v in row.items() if k not in COSTS} for row in record.history]
    return record.metrics, history, record.arrays_sha256


def _below(text: str) -> Path:
    """A record or folder as `list` or a shell names it, relative to a folder of records."""
    path = Path(text.removesuffix(".json"))
    for folder in (runs(), published()):
        if path.absolute().is_relative_to(folder.absolute()):
            path = path.absolute().relative_to(folder.absolute())
    is_record = path.name.startswith("seed")
    return path.with_name(f"{path.name}.json") if is_record else path


def _cell(path: Path) -> Cell:
    """The cell of a record's path below a folder of records."""
    profile, dataset, method, seed = path.with_suffix("").parts
    return Cell(method, dataset, int(seed.removeprefix("seed")), profile)
