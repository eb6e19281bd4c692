"""What the attacks came to, as tables and in words: means over seeds with their intervals."""

from collections.abc import Callable, Sequence
from itertools import pairwise

import pandas as pd

from hypergan.experiments.collection import NONE, Collection
from hypergan.experiments.intervals import Interval, interval
from hypergan.experiments.measures import Measure, over_eps
from hypergan.experiments.methods import title_of
from hypergan.experiments.records import Record
from hypergan.figures.adversarial import (
    ATTACKS,
    ENSEMBLES,
    MEASURES,
    TO_THE_END,
    outcomes,
    papers_lines,
    transfers,
)

TESTED = ["method", "attack", "attacked", "tested"]
"""The columns of :func:`hypergan.figures.adversarial.outcomes` that name a row of a table."""

SOME_EPS = (0.03, 0.1, 0.3)
"""Columns of tables. Below them attacks fool hardly an image, above them nearly every one."""


def papers_table(collection: Collection) -> pd.DataFrame:
    """Entropy and AUROC of the curves of Figure 5, as means over eps."""
    rows = {
        label: {
            (words, measure): collection.text(method, _mean_of(attack, attacked, tested, measure))
            for measure in ("entropy", "auroc")
            for attack, words in ATTACKS.items()
        }
        for (method, attacked, tested), label in papers_lines(collection).items()
    }
    columns = pd.MultiIndex.from_product([ATTACKS.values(), ("entropy", "auroc")])
    return pd.DataFrame.from_dict(rows, orient="index", columns=columns)


def adaptive_table(collection: Collection, method: str = "hypergan") -> pd.DataFrame:
    """The comparison that shows what adapting is worth, as means over eps."""
    return pd.DataFrame(
        {
            label: {
                words: collection.text(method, _mean_of(attack, None, tested, measure))
                for measure, words in MEASURES.items()
            }
            for (attack, tested), label in TO_THE_END.items()
        }
    ).T


def _mean_of(attack: str, attacked: str | None, tested: str, measure: str) -> Measure:
    """A measure's mean over eps, by default of the one size that an attack has."""

    def measured(record: Record) -> float:
        size = attacked or next(iter(record.metrics["attacks"][attack]))
        return over_eps(record, attack, size, tested, measure)

    return measured


def success_table(collection: Collection) -> pd.DataFrame:
    """Share of images answered wrongly at :data:`SOME_EPS`, a row for each tested ensemble.

    Of the methods that are attacked as ensembles.
    """
    table = _outcomes(collection)
    table = table[table["method"].isin(ENSEMBLES)]
    return _by_eps(table.assign(method=table["method"].map(title_of)), TESTED, "success")


def papers_by_eps(collection: Collection, measure: str) -> pd.DataFrame:
    """A measure for the curves of Figure 5 at :data:`SOME_EPS`, a row for each."""
    table, lines = _outcomes(collection), papers_lines(collection)
    keys = zip(table["method"], table["attacked"], table["tested"], strict=True)
    table = table.assign(
        curve=[lines.get(key) for key in keys], attack=table["attack"].map(ATTACKS)
    )
    return _by_eps(table.dropna(subset=["curve", "attack"]), ["curve", "attack"], measure)


def transfer_table(collection: Collection, method: str = "hypergan") -> pd.DataFrame:
    """Share of the most new networks that examples of one network fool, likewise."""
    table = transfers(collection, method).dropna()
    table = table[table["networks"] == table["networks"].max()]
    return _by_eps(table.assign(attack=table["attack"].map(ATTACKS)), ["attack"], "fooled")


def _outcomes(collection: Collection) -> pd.DataFrame:
    """All that came of attacks, without the clean images."""
    table = outcomes(collection)
    return table[table["eps"] > 0]


def _by_eps(table: pd.DataFrame, names: list[str], measure: str) -> pd.DataFrame:
    """A measure's mean over seeds with its interval, one row per ``names``, one column per eps."""
    table = table[table["eps"].isin(SOME_EPS)]
    if not len(table):
        return pd.DataFrame(columns=[*names, "eps"])
    texts = table.groupby([*names, "eps"], sort=False)[measure].agg(_text)
    return texts.unstack("eps", fill_value=NONE)


def _text(values: pd.Series) -> str:
    return str(interval([*values.astype(float)]))


def adaptive_finding(collection: Collection, method: str = "hypergan") -> str:
    """What new networks protect from, and what an adaptive attack leaves of it, in Markdown."""
    table = _outcomes(collection)
    table = table[table["method"] == method]
    wide = table.set_index(["attack", "tested", "eps", "seed"]).sort_index()
    if not {("unstopped", "same"), ("eot", "fresh")} <= set(wide.index.droplevel([2, 3])):
        return f"- {NONE}: there is no record of both attacks."
    attacked, new, adaptive = (wide.loc[ends, "success"] for ends in TO_THE_END)
    auroc = wide.loc[("eot", "fresh"), "auroc"]
    protected = _where(attacked - new, lambda gap: gap.low > 0)
    kept = [eps for eps in _where(attacked - adaptive, lambda gap: gap.low > 0) if eps in protected]
    lost = [eps for eps in protected if eps not in kept]
    unsure = _where(auroc, lambda area: area.low > 0.5)
    sure = _where(auroc, lambda area: area.high < 0.5)
    left = (
        f"Of that protection the adaptive attack leaves something: {_at(kept)}; "
        f"it vanishes: {_at(lost)}."
        if protected
        else "So there is no protection that an adaptive attack would have to overcome."
    )
    return "\n".join(
        [
            f"- New networks are wrong less often than those attacked: {_at(protected)}.",
            f"- {left}",
            f"- The entropy tells adaptive examples from clean images: {_at(unsure)}; "
            f"it takes them for the clean ones, with an AUROC below one half: {_at(sure)}.",
        ]
    )


def _where(values: pd.Series, holds: Callable[[Interval], bool]) -> list[float]:
    """The eps at which something holds of the interval over seeds."""
    by_eps = values.dropna().astype(float).groupby("eps")
    return [float(eps) for eps, seeds in by_eps if len(seeds) > 1 and holds(interval([*seeds]))]


def _at(eps: Sequence[float]) -> str:
    return f"at eps {', '.join(f'{e:g}' for e in eps)}" if eps else "at no eps"


def checks(collection: Collection) -> pd.DataFrame:
    """Whether the attacks behave as attacks should, on the attacked networks themselves.

    One row per property: in how many records and sizes it holds, of how many.
    """
    table = _outcomes(collection)
    table = table[(table["tested"] == "same") & table["attack"].isin(ATTACKS)]
    found = []
    for _, attacked in table.groupby(["method", "seed", "attacked"]):
        curves = attacked.pivot(index="eps", columns="attack", values="success")
        fgsm, pgd = curves["fgsm"], curves["pgd"]
        found.append(
            (
                all(small <= large for small, large in pairwise(fgsm)),
                all(small <= large for small, large in pairwise(pgd)),
                (pgd >= fgsm).all(),
                pgd.iloc[-1] == 1,
            )
        )
    holds = pd.DataFrame(
        found,
        columns=[
            "FGSM is wrong more often with a larger eps",
            "PGD is wrong more often with a larger eps",
            "PGD is wrong as often as FGSM or more",
            "PGD is always wrong at the largest eps",
        ],
    )
    return pd.DataFrame({"holds": holds.sum(), "of": holds.count()})
