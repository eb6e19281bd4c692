"""Figure 5: what ensembles make of adversarial examples."""

from itertools import product

import matplotlib.pyplot as plt
import pandas as pd
import seaborn as sns
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from hypergan.experiments.collection import Collection
from hypergan.experiments.methods import title_of
from hypergan.figures.style import SEE_COMMANDS, band, finished

ATTACKS = {"fgsm": "FGSM", "pgd": "PGD"}
ENSEMBLES = ("hypergan", "ensemble")
"""The methods of which whole ensembles are attacked."""
TO_THE_END = {
    ("unstopped", "same"): "on ten networks, tested on them",
    ("unstopped", "fresh"): "on ten networks, tested on new ones",
    ("eot", "fresh"): "on ten new ones at each step, tested on new ones",
}
"""Attack and tested networks of the comparison that shows what adapting is worth."""
MEASURES = {
    "success": "share answered wrongly",
    "entropy": "entropy (nats)",
    "auroc": "AUROC of the entropy",
}
Line = tuple[str, str, str]
"""A method, how many networks are attacked, and which are tested: "same" or "fresh"."""


def outcomes(collection: Collection) -> pd.DataFrame:
    """Every outcome of every attack, one per row, with the columns of the records' ``attacks``."""
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

    HyperGAN is tested on as many new networks as were attacked, deep ensembles on themselves,
    the others on new draws after one draw was attacked.
    """
    lines: dict[Line, str] = {}
    for method, record in collection.shown.items():
        sizes = record.metrics["attacks"]["pgd"]
        if method == "ensemble":
            lines |= {(method, n, "same"): f"{title_of(method)}, {n}" for n in sizes if n != "1"}
        elif method == "hypergan":
            lines |= {(method, n, "fresh"): f"{title_of(method)}, {n}" for n in sizes if n != "1"}
        else:
            lines[method, "1", "fresh"] = f"{title_of(method)}, 1 attacked"
    return lines


def against_eps(collection: Collection, lines: dict[Line, str], measures: dict[str, str]) -> Figure:
    """Measures against eps, a row of panels for each and a column for each attack.

    Args:
        collection: The records; a curve is the mean over seeds.
        lines: What to draw, with labels.
        measures: Columns of :func:`outcomes` with labels.
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
        axes.set_xscale("symlog", linthresh=0.01)
        title = ATTACKS[attack] if i == 0 else ""
        axes.set(title=title, ylabel=measures[measure], xlabel="eps" * (i == len(measures) - 1))
    return finished(figure, collection, fontsize="small", empty=SEE_COMMANDS)


def _curve(
    axes: Axes, table: pd.DataFrame, x: str, y: str, label: str, *, banded: bool = False
) -> None:
    """Mean over seeds, with its interval where curves are few enough to see it."""
    sns.lineplot(
        table.astype({y: float}), x=x, y=y, ax=axes, label=label, marker="o", ms=4,
        errorbar=band if banded else None, legend=False,
    )  # fmt: skip


def entropy_against_eps(collection: Collection) -> Figure:
    """Figure 5: mean entropy, of all images and of those that fool every attacked network."""
    return against_eps(
        collection,
        papers_lines(collection),
        {"entropy": "entropy, all (nats)", "entropy_fooled": "entropy, fooling (nats)"},
    )


def success_against_eps(collection: Collection, size: str = "10") -> Figure:
    """How often an attack on HyperGAN and on a deep ensemble of a size gives a wrong answer."""
    lines: dict[Line, str] = {}
    for method, tested in product(collection.shown, ("same", "fresh")):
        if method in ENSEMBLES:
            words = "the same" if tested == "same" else "new"
            lines[method, size, tested] = f"{title_of(method)}, {words} networks"
    return against_eps(collection, lines, {"success": MEASURES["success"]})


def detection_against_eps(collection: Collection) -> Figure:
    """AUROC of the entropy, adversarial examples against the clean images."""
    return against_eps(collection, papers_lines(collection), {"auroc": MEASURES["auroc"]})


def adaptive(collection: Collection, method: str = "hypergan") -> Figure:
    """PGD that takes all its steps, on networks that stay and on new ones at each step."""
    table = outcomes(collection)
    figure, panels = plt.subplots(1, len(MEASURES), figsize=(12, 4), sharex=True)
    for axes, (measure, words) in zip(panels, MEASURES.items(), strict=True):
        for (attack, tested), label in TO_THE_END.items():
            chosen = (
                (table["method"] == method)
                & (table["attack"] == attack)
                & (table["tested"] == tested)
            )
            if chosen.any():
                _curve(axes, table[chosen], "eps", measure, label, banded=True)
        axes.set_xscale("symlog", linthresh=0.01)
        axes.set(xlabel="eps", ylabel=words)
    panels[-1].axhline(0.5, color="gray", linestyle=":", zorder=0)
    return finished(figure, collection, fontsize="small", empty=SEE_COMMANDS)


def transfers(collection: Collection, method: str = "hypergan") -> pd.DataFrame:
    """What examples of one network do to others, by seed, attack, eps and number of others."""
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
    return finished(figure, collection, fontsize="small", empty=SEE_COMMANDS)
