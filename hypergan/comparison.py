"""Methods beside each other: the records that a page on several of them is drawn from."""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from hypergan import cells, collection, records
from hypergan.errors import RecordError
from hypergan.intervals import Interval, interval
from hypergan.methods import METHODS
from hypergan.records import Cell, Record

NAMES = {name: title for name, title in collection.NAMES.items() if name != "ensemble-normal-init"}
"""The methods that the paper compares, as it calls them, and the sampler that APD distils."""


@dataclass(frozen=True)
class Comparison:
    """What there is of each method on a data set.

    Attributes:
        dataset: Data set's name.
        seed: The seed that is shown where there is room for one.
        found: Records and where they lie, by method and seed.
        missing: Cells of that seed without a usable record: why, and the command that makes one.
    """

    dataset: str
    seed: int
    found: dict[str, dict[int, tuple[Record, Path]]]
    missing: dict[Cell, tuple[str, str]]

    @property
    def shown(self) -> dict[str, tuple[Record, Path]]:
        """Each method's record of the seed that is shown."""
        return {method: seeds[self.seed] for method, seeds in self.found.items()}

    @property
    def stand_in(self) -> bool:
        """Whether the numbers come from embedded stand-ins."""
        return any(record.stand_in for record, _ in self.shown.values())

    def values(self, method: str, measure: Callable[[Record], float]) -> dict[int, float]:
        """A number of each of a method's records, by seed."""
        seeds = self.found.get(method, {})
        return {seed: measure(record) for seed, (record, _) in seeds.items()}

    def interval(self, method: str, measure: Callable[[Record], float]) -> Interval:
        """Its mean over seeds with an interval of 95 %."""
        return interval([*self.values(method, measure).values()])

    def not_run(self) -> str:
        """The methods without a usable record, and the commands that make one, in Markdown."""
        lines = [
            f"- {NAMES[cell.method]} on {cell.dataset}, {state}: `{command}`"
            for cell, (state, command) in self.missing.items()
        ]
        return "\n".join(lines) or f"- Every method has a record on {self.dataset}."


def compare(dataset: str, seed: int = 0, profile: str = "lite") -> Comparison:
    """Collect the records of all methods; those of ``smoke`` are made now if there are none.

    Args:
        dataset: Data set's name.
        seed: The seed to show; a method without a record of it is left out. Other seeds go into
            the intervals, except in ``smoke``.
        profile: Profile's name.
    """
    found: dict[str, dict[int, tuple[Record, Path]]] = {}
    missing: dict[Cell, tuple[str, str]] = {}
    for method in (name for name in NAMES if name in METHODS):
        cell = Cell(method, dataset, seed, profile)
        if profile == "smoke":
            cells.get(cell)
            others = []
        else:
            others = [other for other in records.seeds(cell) if other != seed]
        try:
            first = records.find(cell)
        except RecordError:
            missing[cell] = "damaged or of other settings", f"{cell.command} --force"
            continue
        if first is None:
            missing[cell] = "not run", cell.command
            continue
        found[method] = {seed: first}
        for other in others:
            try:
                another = records.find(Cell(method, dataset, other, profile))
            except RecordError:
                continue
            if another is not None:
                found[method][other] = another
    return Comparison(dataset, seed, found, missing)


def judge(
    comparison: Comparison, method: str, others: list[str], measure: Callable[[Record], float]
) -> str:
    """Whether a method has more of something than all others, seed by seed, in a sentence.

    Args:
        comparison: The records.
        method: The method that a claim is about.
        others: Those that it is compared with.
        measure: What is compared.

    Returns:
        "holds", "does not hold" or "holds for some seeds" with the numbers, or what is missing.
    """
    own = comparison.values(method, measure)
    rivals = {other: comparison.values(other, measure) for other in others}
    rivals = {other: values for other, values in rivals.items() if values}
    lacking = [NAMES[other] for other in others if other not in rivals]
    note = f" Not run: {', '.join(lacking)}." if lacking else ""
    if not own or not rivals:
        return f"**cannot be judged**: too few methods have records.{note}"
    best = [
        all(values[seed] < value for values in rivals.values() if seed in values)
        for seed, value in own.items()
    ]
    verdict = "holds" if all(best) else "holds for some seeds" if any(best) else "does not hold"
    ranked = sorted(
        {method: own, **rivals}.items(), key=lambda pair: -interval([*pair[1].values()]).mean
    )
    listed = ", ".join(f"{NAMES[name]} {interval([*v.values()])}" for name, v in ranked)
    return f"**{verdict}**: {listed}.{note}"
