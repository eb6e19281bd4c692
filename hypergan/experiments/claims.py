"""The claims ledger: what the paper says, and the rules that judge it.

In ``data/paper/claims.toml`` each claim names what is measured (one of the names of
:mod:`hypergan.experiments.measures`), what it is compared with, and the threshold.
:mod:`hypergan.experiments.verdicts` judges claims from records.
"""

import json
import math
import tomllib
from dataclasses import dataclass, field
from itertools import product
from typing import Any, Literal

from pydantic import TypeAdapter, ValidationError

from hypergan.errors import DataError, SettingsError
from hypergan.experiments.intervals import with_minus
from hypergan.experiments.measures import measure
from hypergan.experiments.paper import transcribed
from hypergan.experiments.profiles import Profile
from hypergan.experiments.records import Cell
from hypergan.experiments.values import STRICT, Count


@dataclass(frozen=True)
class Quantity:
    """What is measured of a method on a data set.

    Raises:
        SettingsError: If a name is unknown.
    """

    method: str
    dataset: str
    measure: str

    def __post_init__(self) -> None:
        """Refuse unknown names at once."""
        Cell(self.method, self.dataset)
        measure(self.measure)


@dataclass(frozen=True)
class Step:
    """When a rule was written or changed.

    Attributes:
        on: The date.
        what: What was done, such as "written".
        known: The results that were known by then.
        seen: Whether results of the claim's own were among them.
    """

    __pydantic_config__ = STRICT

    on: str
    what: str
    known: str
    seen: bool = False


@dataclass(frozen=True)
class Claim:
    """A claim of the ledger.

    Attributes:
        id: Its name.
        claim: What the paper says, in our words.
        short: The same in at most six words, for the marks on the pages.
        place: Where it says so.
        quote: A few of its words.
        rule: The decision rule in words.
        history: When the rule was written and changed.
        method: The method that is measured.
        dataset: The data set it is measured on.
        measure: The name of what is measured.
        seeds: The fewest needed for a verdict; if 1, a single value decides, without an interval.
        figure: The page of the book that shows it, and the anchor there.
        against: The quantities to subtract, each given by the fields in which it differs from the
            measured one; the claim is about each difference.
        choices: What the paper leaves open, such as eps, with the values tried; measures refer to
            it in braces.
        above: Where the effect has to lie: above this number,
        below: or below this one,
        between: or between these two.
        unit: The effect's unit.
        test_images: Whether the interval includes the variance over test images; false where the
            threshold already allows for it.
        not_comparable: By profile, why its runs cannot test the claim.

    Raises:
        SettingsError: If a name is unknown, or there is not exactly one threshold.
    """

    __pydantic_config__ = STRICT

    id: str
    claim: str
    short: str
    place: str
    quote: str
    rule: str
    history: tuple[Step, ...]
    method: str
    dataset: str
    measure: str
    seeds: Count
    figure: str
    against: tuple[dict[Literal["method", "dataset", "measure"], str], ...] = ()
    choices: dict[str, tuple[str, ...]] = field(default_factory=dict)
    above: float | None = None
    below: float | None = None
    between: tuple[float, float] | None = None
    unit: str = ""
    test_images: bool = True
    not_comparable: dict[Profile, str] = field(default_factory=dict)

    def __post_init__(self) -> None:
        """Refuse what cannot be judged."""
        _ = self.quantities
        measures = " ".join([self.measure, *(other.get("measure", "") for other in self.against)])
        for name in self.choices:
            if f"{{{name}}}" not in measures:
                raise SettingsError(f"no measure has {{{name}}}; use the choice, or remove it")
        if [self.above, self.below, self.between].count(None) != 2:
            raise SettingsError("give exactly one of above, below and between")

    @property
    def chosen(self) -> list[dict[str, str]]:
        """Every combination of the choices; a single empty one if the paper leaves nothing open."""
        return [
            dict(zip(self.choices, values, strict=True))
            for values in product(*self.choices.values())
        ]

    @property
    def quantities(self) -> dict[str, list[Quantity]]:
        """The measured quantity, then those subtracted from it, by the choice in words."""
        own = {"method": self.method, "dataset": self.dataset, "measure": self.measure}
        return {
            ", ".join(f"{name} {value}" for name, value in chosen.items()): [
                Quantity(**(both | {"measure": _filled(both["measure"], chosen)}))
                for both in (own | other for other in ({}, *self.against))
            ]
            for chosen in self.chosen
        }

    @property
    def region(self) -> tuple[float, float]:
        """Where the effect has to lie."""
        if self.between is not None:
            return self.between
        low = -math.inf if self.above is None else self.above
        return low, math.inf if self.below is None else self.below

    @property
    def goal(self) -> str:
        """The same in words."""
        low, high = (with_minus(f"{end:g}") for end in self.region)
        if self.between is not None:
            return f"between {low} and {high}"
        return f"> {low}" if self.below is None else f"< {high}"


def _filled(name: str, chosen: dict[str, str]) -> str:
    for choice, value in chosen.items():
        name = name.replace(f"{{{choice}}}", value)
    return name


_FORM = TypeAdapter(Claim)
_CORRECT = "correct data/paper/claims.toml"


def all_claims() -> list[Claim]:
    """All claims of the ledger.

    Raises:
        DataError: If there is no checkout, or a claim cannot be read; the message names it.
    """
    path = transcribed("claims.toml")
    try:
        tables = tomllib.loads(path.read_text(encoding="utf-8"))
    except ValueError as error:
        raise DataError(f"{path} is damaged ({error}); restore it from git") from error
    steps = tables.pop("steps", {})
    if not tables:
        raise DataError(f"{path} has no claims; restore it from git")
    return [read(name, _with_steps(name, table, steps)) for name, table in tables.items()]


def _with_steps(name: str, table: Any, steps: Any) -> Any:
    """A claim's table with the steps that its history names.

    Raises:
        DataError: If there is no step of a name.
    """
    if not isinstance(table, dict) or "history" not in table:
        return table  # which `read` refuses
    try:
        return table | {"history": [steps[step] for step in table["history"]]}
    except (KeyError, TypeError) as error:
        raise DataError(f"claim {name}: history: no step is named {error} ({_CORRECT})") from None


def read(name: str, table: Any) -> Claim:
    """A claim from its table.

    Raises:
        DataError: If the table is invalid; the message names the claim and the field.
    """
    try:
        return _FORM.validate_json(json.dumps({"id": name, **table}))
    except (TypeError, SettingsError) as error:
        raise DataError(f"claim {name}: {error} ({_CORRECT})") from None
    except ValidationError as error:
        first = error.errors()[0]
        place = ".".join(map(str, first["loc"]))
        raise DataError(f"claim {name}: {place}: {first['msg']} ({_CORRECT})") from None
