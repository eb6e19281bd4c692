"""Results of the attacks, as tables and in words: means over seeds with their intervals."""

from collections.abc import Callable, Mapping, Sequence
from itertools import pairwise, product
from typing import Any

import pandas as pd

from hypergan.experiments.collection import NONE, Collection
from hypergan.experiments.effects import Sample, effect
from hypergan.experiments.intervals import Interval, interval
from hypergan.experiments.methods import title_of
from hypergan.experiments.records import Record
from hypergan.figures.adversarial import (
    ATTACKS,
    ENSEMBLES,
    MEASURES,
    SOME_EPS,
    TO_THE_END,
    outcomes,
    papers_lines,
    transfers,
)
from hypergan.figures.numbers import percent, text
from hypergan.figures.page import MISSING, listed
from hypergan.figures.tables import Better, Table


def finding(collection: Collection) -> list[str]:
    """The page in one or two sentences: who is more certain under attack, and who is fooled."""
    entropy = "between_eps/pgd/{}/{}/0.01/{}/entropy"
    ten = [collection.sample("hypergan", entropy.format(10, "fresh", to)) for to in (0.3, 1)]
    plain = [collection.sample("ensemble", entropy.format(10, "same", to)) for to in (0.3, 1)]
    hundred = collection.sample("hypergan", entropy.format(100, "fresh", 1))
    wrong = collection.sample("hypergan", "attacks/pgd/10/fresh/0.1/success")
    plain_wrong = collection.sample("ensemble", "attacks/pgd/10/same/0.1/success")
    if not (all(ten + plain) and hundred and wrong and plain_wrong):
        return MISSING
    others = {
        title_of(method): collection.sample(method, entropy.format(1, "fresh", 1))
        for method in collection.shown
        if method not in ENSEMBLES
    }
    sure = {1: "less certain than", -1: "more certain than", 0: "about as certain as"}
    moderate, every = (
        f"{sure[_side(ours, its)]} it ({text(ours.mean, 2)} against {text(its.mean, 2)} nats of "
        "entropy)"
        for ours, its in zip(ten, plain, strict=True)
        if ours and its
    )
    safe = {1: "easier to fool", -1: "harder to fool", 0: "not clearly harder to fool"}[
        _side(wrong, plain_wrong)
    ]
    further = []
    if comparison := _beside(hundred, others):
        further = [f"Under PGD a hundred new networks are {comparison}, over all eps."]
        alike = collection.sample("hypergan", entropy.format(1, "fresh", 1))
        if alike and (comparison := _beside(alike, others)):
            further.append(
                f"Where HyperGAN, too, is attacked through one network, they are {comparison}."
            )
    overshot = [
        collection.sample(method, f"attacks/fgsm/10/{tested}/0.3/success")
        for method, tested in (("hypergan", "fresh"), ("ensemble", "same"))
    ]
    if overshot[0] and overshot[1]:
        ours, its = (percent(sample.mean) for sample in overshot if sample)
        further.append(f"With FGSM at eps 0.3 ten are wrong on {ours}, the ensemble on {its}.")
    return [
        f"At eps 0.1 of PGD, ten new networks of HyperGAN are {safe} than a deep ensemble of ten: "
        f"they are wrong on {percent(wrong.mean)} of the images, the ensemble on "
        f"{percent(plain_wrong.mean)}. Over eps up to 0.3 they are {moderate}, over all eps up to "
        f"1 {every}.",
        *further,
    ]


def _beside(sample: Sample, others: Mapping[str, Sample | None]) -> str:
    """Which others an entropy is below, above, or near; empty without any."""
    sides = {-1: "more certain than", 1: "less certain than", 0: "about as certain as"}
    return listed(
        [
            f"{words} {listed(names)}"
            for sign, words in sides.items()
            if (
                names := [
                    name for name, its in others.items() if its and _side(sample, its) == sign
                ]
            )
        ]
    )


def _side(one: Sample, other: Sample) -> int:
    """1 if a quantity is clearly above another, -1 if below it, 0 if it is not clear."""
    gap = effect(one, other, bounds=None).interval()
    return (gap.low > 0) - (gap.high < 0)


def papers_table(collection: Collection) -> Table:
    """Entropy and AUROC of the curves of Figure 5, as means over eps."""
    columns = {"entropy": "entropy (nats)", "auroc": "AUROC"}
    rows: dict[str, dict[Any, Any]] = {
        label: {
            (words, column): collection.mean(
                method, f"over_eps/{attack}/{attacked}/{tested}/{measure}"
            )
            for attack, words in ATTACKS.items()
            for measure, column in columns.items()
        }
        for (method, attacked, tested), label in papers_lines(collection).items()
    }
    heads = [(words, column) for words in ATTACKS.values() for column in columns.values()]
    caption = (
        "Entropy of attacked images, and how well it tells them from clean ones: means over eps."
    )
    better: dict[Any, Better] = {(words, "AUROC"): "high" for words in ATTACKS.values()}
    return Table(_frame(rows, heads, ["networks"]), caption, better, name="attacks")


def adaptive_table(collection: Collection, method: str = "hypergan") -> Table:
    """The comparison that shows what adapting is worth, as means over eps."""
    rows = {}
    for (attack, tested), label in TO_THE_END.items():
        sizes = [size for r in collection.of(method) for size in _attacks(r).get(attack, ())]
        name = f"over_eps/{attack}/{sizes[0] if sizes else 10}/{tested}"
        rows[label] = {
            words: collection.mean(method, f"{name}/{measure}")
            for measure, words in MEASURES.items()
        }
    frame = pd.DataFrame.from_dict(rows, orient="index").rename_axis("the attack works")
    return Table(frame, "PGD with all its steps, means over eps.", name="adaptive-attack")


def _attacks(record: Record) -> Mapping[str, Any]:
    """What a record has of attacks, by kind and number of networks attacked."""
    return record.metrics.get("attacks") or {}


def success_table(collection: Collection) -> Table:
    """Share of images answered wrongly at :data:`SOME_EPS`, one row per tested ensemble.

    For the methods that are attacked as ensembles.
    """
    lines = {
        (title_of(method), f"{int(attacked):,}", {"same": "same", "fresh": "new"}[tested]): (
            method, f"{attacked}/{tested}/{{eps:g}}/success"
        )
        for method, record in collection.shown.items()
        if method in ENSEMBLES
        for attacked, by_tested in _attacks(record).get("pgd", {}).items()
        for tested in by_tested
    }  # fmt: skip
    frame = _by_eps(collection, lines, ["method", "attacked", "tested"])
    return Table(frame, "Share of images answered wrongly.", name="success")


def papers_by_eps(collection: Collection, measure: str) -> Table:
    """A measure for the curves of Figure 5 at :data:`SOME_EPS`, one row per curve."""
    lines = {
        label: (method, f"{attacked}/{tested}/{{eps:g}}/{measure}")
        for (method, attacked, tested), label in papers_lines(collection).items()
    }
    frame = _by_eps(collection, lines, ["networks"])
    return Table(frame, f"For the networks of Figure 5: {MEASURES[measure]}.", name=measure)


def transfer_table(collection: Collection, method: str = "hypergan") -> Table:
    """The same for the share of new networks that examples made for one network fool."""
    most = transfers(collection, method).dropna()["networks"].max()
    name = f"{{eps:g}}/{most}/fooled"
    lines = {} if pd.isna(most) else {title_of(method): (method, name)}
    frame = _by_eps(collection, lines, ["method"], of="transfer")
    return Table(frame, f"Share of {text(most, 0)} new networks fooled.", name="transfer")


def _outcomes(collection: Collection) -> pd.DataFrame:
    """All outcomes of attacks, without the clean images."""
    table = outcomes(collection)
    return table[table["eps"] > 0]


def _by_eps(
    collection: Collection,
    lines: Mapping[Any, tuple[str, str]],
    names: list[str],
    of: str = "attacks",
) -> pd.DataFrame:
    """A measure with its interval, one row per line and one column per attack and eps.

    Args:
        collection: The records.
        lines: The method and the end of the measure's name, by the row's label.
        names: The names of the labels.
        of: The beginning of the measure's name.
    """
    rows: dict[Any, dict[Any, Any]] = {}
    for (attack, words), eps in product(ATTACKS.items(), SOME_EPS):
        for label, (method, rest) in lines.items():
            cell = collection.mean(method, f"{of}/{attack}/{rest.format(eps=eps)}")
            if isinstance(cell, Interval):
                rows.setdefault(label, {})[words, f"eps {eps:g}"] = cell
    heads = [(words, f"eps {eps:g}") for words in ATTACKS.values() for eps in SOME_EPS]
    measured = [head for head in heads if any(head in row for row in rows.values())]
    return _frame(rows, measured, names)


def _frame(
    rows: dict[Any, dict[Any, Any]], heads: Sequence[Any], names: Sequence[str]
) -> pd.DataFrame:
    """Rows as a data frame with these columns; a cell that a row lacks is :data:`NONE`."""
    index = pd.MultiIndex.from_tuples([*rows]) if len(names) > 1 and rows else pd.Index([*rows])
    frame = pd.DataFrame(
        [[row.get(head, NONE) for head in heads] for row in rows.values()],
        index=index, columns=pd.MultiIndex.from_tuples(heads) if heads else None, dtype=object,
    )  # fmt: skip
    return frame.rename_axis(index=[*names] if isinstance(index, pd.MultiIndex) else names[0])


def adaptive_finding(collection: Collection, method: str = "hypergan") -> str:
    """How far new networks protect, and how much of that an adaptive attack leaves (Markdown)."""
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
    left = "So there is no protection for an adaptive attack to overcome."
    if protected:
        parts = [f"leaves some of the protection {_at(kept)}"] * bool(kept)
        parts += [f"leaves none that these seeds could show {_at(lost)}"] * bool(lost)
        left = f"The adaptive attack {' and '.join(parts)}."
    return "\n".join(
        [
            f"- New networks are wrong less often than the attacked ones {_at(protected)}.",
            f"- {left}",
            f"- The entropy tells adaptive examples from clean images {_at(unsure)}; it is lower "
            f"for them than for clean ones (AUROC below one half) {_at(sure)}.",
        ]
    )


def _where(values: pd.Series, holds: Callable[[Interval], bool]) -> list[float]:
    """The eps at which something holds of the interval over seeds."""
    by_eps = values.dropna().astype(float).groupby("eps")
    return [float(eps) for eps, seeds in by_eps if len(seeds) > 1 and holds(interval([*seeds]))]


def _at(eps: Sequence[float]) -> str:
    return f"at eps {', '.join(f'{e:g}' for e in eps)}" if eps else "at no eps"


def checks(collection: Collection) -> Table:
    """Whether the attacks behave as attacks should, on the attacked networks themselves.

    One row per property: for how many methods, seeds and sizes it holds, and out of how many.
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
            "FGSM succeeds no less often with a larger eps",
            "PGD succeeds no less often with a larger eps",
            "PGD succeeds no less often than FGSM",
            "PGD always succeeds at the largest eps",
        ],
    )
    frame = pd.DataFrame({"holds": holds.sum(), "of": holds.count()}).rename_axis("property")
    caption = "How often attacks behave as they should, over methods, seeds and attacked ensembles."
    return Table(frame, caption, name="checks")
