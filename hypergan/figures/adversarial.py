"""Figure 5: what ensembles make of adversarial examples."""

from itertools import product
from typing import Any

import matplotlib.pyplot as plt
import pandas as pd
import seaborn as sns
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from hypergan.collection import NAMES, Collection, Measure, judge
from hypergan.figures.anomaly import finished
from hypergan.intervals import interval
from hypergan.records import Record

ATTACKS = {"fgsm": "FGSM", "pgd": "PGD"}
Line = tuple[str, str, str]
"""A method, how many networks are attacked, and which are tested: "same" or "fresh"."""


def outcomes(collection: Collection) -> pd.DataFrame:
    """Every outcome of every attack, a row each, with the columns of the records' ``attacks``."""
    rows = [
        {"method": record.method, "seed": record.seed, "attack": attack, "attacked": attacked,
         "tested": tested, "eps": float(eps)} | numbers
        for record in collection.records
        for attack, by_size in record.metrics["attacks"].items()
        for attacked, by_tested in by_size.items()
        for tested, by_eps in by_tested.items()
        for eps, numbers in by_eps.items()
    ]  # fmt: skip
    names = ("method", "seed", "attack", "attacked", "tested", "eps")
    return pd.DataFrame(rows) if rows else pd.DataFrame(columns=names)


def papers_lines(collection: Collection) -> dict[Line, str]:
    """The curves of Figure 5 with their labels, as far as there are records.

    HyperGAN is tested on as many new networks as were attacked, standard ensembles on themselves,
    the others on new draws after one draw was attacked.
    """
    lines: dict[Line, str] = {}
    for method, record in collection.shown.items():
        sizes = record.metrics["attacks"]["pgd"]
        if method == "ensemble":
            lines |= {(method, n, "same"): f"{NAMES[method]}, {n}" for n in sizes if n != "1"}
        elif method == "hypergan":
            lines |= {(method, n, "fresh"): f"{NAMES[method]}, {n}" for n in sizes if n != "1"}
        else:
            lines[method, "1", "fresh"] = f"{NAMES[method]}, 1 attacked"
    return lines


def against_eps(
    collection: Collection,
    lines: dict[Line, str],
    measures: dict[str, str],
    *,
    adaptive: bool = False,
) -> Figure:
    """Measures against eps, a row of panels for each and a column for each attack.

    Args:
        collection: The records; a curve is the mean over seeds, its band their range.
        lines: What to draw, with labels.
        measures: Columns of :func:`outcomes` with labels.
        adaptive: Draw the adaptive attack on HyperGAN too, beside PGD.
    """
    table = outcomes(collection)
    figure, panels = plt.subplots(
        len(measures),
        len(ATTACKS),
        figsize=(9, 1 + 3 * len(measures)),
        sharex=True,
        sharey="row",
        squeeze=False,
    )
    for (i, measure), (j, attack) in product(enumerate(measures), enumerate(ATTACKS)):
        axes = panels[i][j]
        for (method, attacked, tested), label in lines.items():
            chosen = table[
                (table["method"] == method)
                & (table["attack"] == attack)
                & (table["attacked"] == attacked)
                & (table["tested"] == tested)
            ]
            _curve(axes, chosen.dropna(subset=[measure]), "eps", measure, label)
        if adaptive and attack == "pgd" and "hypergan" in collection.shown:
            chosen = table[(table["method"] == "hypergan") & (table["attack"] == "eot")]
            _curve(axes, chosen, "eps", measure, "HyperGAN, new networks, adaptive attack")
        axes.set_xscale("symlog", linthresh=0.01)
        title = ATTACKS[attack] if i == 0 else ""
        axes.set(title=title, ylabel=measures[measure], xlabel="eps" * (i == len(measures) - 1))
    return finished(figure, panels[0][-1], collection)


def _curve(axes: Axes, table: pd.DataFrame, x: str, y: str, label: str) -> None:
    """Mean over seeds with their range."""
    sns.lineplot(
        table.astype({y: float}), x=x, y=y, ax=axes, label=label, marker="o", ms=4,
        errorbar=lambda values: (values.min(), values.max()), legend=False,
    )  # fmt: skip


def entropy_against_eps(collection: Collection) -> Figure:
    """Figure 5: mean entropy, of all images and of those that fool every attacked network."""
    return against_eps(
        collection,
        papers_lines(collection),
        {"entropy": "entropy, all (nats)", "entropy_fooled": "entropy, fooling (nats)"},
    )


def success_against_eps(collection: Collection, size: str = "10") -> Figure:
    """How often an attack on HyperGAN and on a standard ensemble of a size gives a wrong answer."""
    lines: dict[Line, str] = {}
    for method, tested in product(collection.shown, ("same", "fresh")):
        if method in ("hypergan", "ensemble"):
            words = "the same" if tested == "same" else "new"
            lines[method, size, tested] = f"{NAMES[method]}, {words} networks"
    return against_eps(collection, lines, {"success": "share answered wrongly"}, adaptive=True)


def detection_against_eps(collection: Collection) -> Figure:
    """AUROC of the entropy, adversarial examples against the clean images."""
    return against_eps(collection, papers_lines(collection), {"auroc": "AUROC of the entropy"})


def transfers(collection: Collection, method: str = "hypergan") -> pd.DataFrame:
    """What examples of one network do to others: a row a seed, attack, eps and number of others."""
    return pd.DataFrame(
        [
            {"seed": record.seed, "attack": attack, "eps": float(eps), "networks": int(n)} | numbers
            for record in collection.of(method)
            for attack, by_eps in record.metrics["transfer"].items()
            for eps, by_size in by_eps.items()
            for n, numbers in by_size.items()
        ],
        columns=["seed", "attack", "eps", "networks", "examples", "fooled", "success"],
    )


def transfer(collection: Collection, method: str = "hypergan") -> Figure:
    """The supplementary claim: of what fools one network, the share that fools N others."""
    table = transfers(collection, method).dropna()
    measures = {"fooled": "share of networks fooled", "success": "share that fools their mean"}
    figure, panels = plt.subplots(2, 2, figsize=(9, 6.4), sharex=True, sharey=True)
    for (i, measure), (j, attack) in product(enumerate(measures), enumerate(ATTACKS)):
        axes = panels[i][j]
        if measure == "fooled":
            axes.axhspan(0.5, 0.7, color="lightgray", label="paper")
        for eps, chosen in table[table["attack"] == attack].groupby("eps"):
            _curve(axes, chosen, "networks", measure, f"eps {eps:g}")
        axes.set_xscale("log")
        axes.set(title=ATTACKS[attack] * (i == 0), ylabel=measures[measure], ylim=(0, 1))
    return finished(figure, panels[0][1], collection)


def success_table(collection: Collection) -> pd.DataFrame:
    """Share of images answered wrongly, mean over seeds, a column an eps."""
    table = outcomes(collection)
    if not len(table):
        return table
    chosen = table[table["eps"] > 0].assign(method=table["method"].map(NAMES))
    names = ["method", "attack", "attacked", "tested"]
    wide = chosen.pivot_table(index=names, columns="eps", values="success", sort=False)
    return wide.round(2)


def verdicts(collection: Collection) -> str:
    """The claims of section 4.5, each judged from the records, in Markdown."""
    lines = []
    for attack, words in ATTACKS.items():
        small = judge(collection, "hypergan", ["ensemble"], _entropy_of(attack, 10))
        large = judge(
            collection, "hypergan", ["apd", "mnf", "mc-dropout"], _entropy_of(attack, 100)
        )
        lines += [
            f"- {words}: HyperGAN's examples have a higher entropy than those of a standard "
            f"ensemble of as many networks, 10: {small}",
            f"- {words}: 100 networks of HyperGAN have a higher entropy than the others: {large}",
        ]
    lines.append(
        f"- What fools one network fools 50 to 70 % of others: {_transfer_verdict(collection)}"
    )
    lines.append(
        f"- New networks withstand an attack that knows of them: {_adaptive_verdict(collection)}"
    )
    return "\n".join(lines) + "\n\nAll numbers are means over eps, entropies in nats."


def _entropy_of(attack: str, size: int) -> Measure:
    """Mean entropy over eps, with the networks that Figure 5 attacks and tests."""

    def measured(record: Record) -> float:
        by_size = record.metrics["attacks"][attack]
        most = max(n for n in map(int, by_size) if n <= size)
        attacked, tested = {
            "hypergan": (most, "fresh"),
            "ensemble": (most, "same"),
        }.get(record.method, (1, "fresh"))
        return _mean(by_size[str(attacked)][tested], "entropy")

    return measured


def _transfer_verdict(collection: Collection) -> str:
    table = transfers(collection).dropna()
    if not len(table):
        return "**cannot be judged**: HyperGAN has no record."
    largest = table[table["networks"] == table["networks"].max()]
    means = largest.groupby("seed")["fooled"].mean()
    inside = means.between(0.5, 0.7).all()
    shares = interval([*means])
    return f"**{'holds' if inside else 'does not hold'}**: a share of {shares} of the networks."


def _adaptive_verdict(collection: Collection) -> str:
    """Robustness has vanished where new networks fall as the attacked ones do."""
    if "hypergan" not in collection.shown:
        return "**cannot be judged**: HyperGAN has no record."

    def success(attack: str, size: str | None, tested: str) -> Measure:
        def measured(record: Record) -> float:
            by_size = record.metrics["attacks"][attack]
            return _mean(by_size[size or next(iter(by_size))][tested], "success")

        return measured

    same, new, adaptive = (
        interval(collection.values("hypergan", success(*which)))
        for which in (("pgd", "10", "same"), ("pgd", "10", "fresh"), ("eot", None, "fresh"))
    )
    kept, claimed = same.mean - adaptive.mean, same.mean - new.mean
    verdict = "holds" if kept > claimed / 2 else "does not hold"
    return (
        f"**{verdict}**: PGD on 10 networks misleads them on a share of {same} of the images and "
        f"10 new ones on {new}; with an expectation over new draws at each step, {adaptive}."
    )


def _mean(by_eps: dict[str, dict[str, Any]], measure: str) -> float:
    """A measure's mean over all eps above 0."""
    values = [numbers[measure] for eps, numbers in by_eps.items() if float(eps) > 0]
    return float(sum(values) / len(values))
