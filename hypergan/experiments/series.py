"""A quantity of a method, measured in the record of each seed."""

from collections.abc import Iterable
from dataclasses import dataclass, field
from pathlib import Path

from hypergan.experiments.effects import Sample
from hypergan.experiments.measures import Outcomes, Unmeasured, binomial, measure, outcomes
from hypergan.experiments.records import Record


@dataclass(frozen=True)
class Measured:
    """A quantity measured with one seed.

    Attributes:
        value: The quantity.
        path: The file that it was read from; None if it was not written.
        bound: See :func:`hypergan.experiments.measures.binomial`.
    """

    value: float
    path: Path | None
    bound: float | None = None


@dataclass
class Series:
    """A quantity of a method's records.

    Attributes:
        values: By seed, where it was measured.
        sums: The sums over seeds of :func:`hypergan.experiments.measures.outcomes`; None where a
            seed has none, or of other images.
        lacking: The records that could not have such a number, and why.
    """

    values: dict[int, Measured] = field(default_factory=dict)
    sums: Outcomes | None = ()
    lacking: list[str] = field(default_factory=list)

    def add(self, record: Record, name: str) -> None:
        """Measure a record."""
        written = record.path is not None  # else there are no arrays beside it
        try:
            bound = binomial(record, name) if written else None
            found = Measured(measure(name)(record), record.path, bound)
            parts = outcomes(record, name) if written else None
        except Unmeasured:
            return
        except KeyError as error:
            self.lacking.append(
                f"{name!r} needs {error.args[0]!r}, which {record.path} does not have"
            )
            return
        if not self.values:
            self.sums = parts
        elif self.sums is not None:
            alike = parts is not None and [*map(len, parts)] == [*map(len, self.sums)]
            sums = zip(self.sums, parts or (), strict=True) if alike else None
            self.sums = None if sums is None else tuple(a + b for a, b in sums)
        self.values[record.seed] = found

    @property
    def sample(self) -> Sample:
        """All seeds together."""
        found = [self.values[seed] for seed in sorted(self.values)]
        bounds = [each.bound for each in found if each.bound is not None]
        return Sample(
            [each.value for each in found],
            self.sums and tuple(parts / len(found) for parts in self.sums),
            max(bounds) if len(bounds) == len(found) else None,
        )


def series(records: Iterable[Record], name: str) -> Series:
    """A quantity of some records of a method, by the name of its measure."""
    found = Series()
    for record in records:
        found.add(record, name)
    return found
