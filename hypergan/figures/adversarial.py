"""Figure 5: what ensembles make of adversarial examples."""

from collections.abc import Mapping
from itertools import product
from typing import Any

import pandas as pd
from matplotlib.axes import Axes

from hypergan.experiments.collection import Collection
from hypergan.experiments.intervals import interval
from hypergan.experiments.methods import title_of
from hypergan.figures.panels import Panels
from hypergan.figures.style import SEE_COMMANDS

ATTACKS = {"fgsm": "FGSM", "pgd": "PGD"}
ENSEMBLES = ("hypergan", "ensemble")
"""The methods whose ensembles are attacked as a whole."""
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

SOME_EPS = (0.03, 0.1, 0.3)
"""The eps of tables. Below them attacks fool hardly any image, above them nearly every one."""

PAPERS_SHARE = 0.5, 0.7
"""Shares of a larger ensemble that are fooled by what fools one network (section 4.5)."""

_LOOKS: dict[str, dict[str, Any]] = {
    "hypergan": {"color": "C0", "marker": "o", "lw": 2.2, "zorder": 3},
    "ensemble": {"color": "C3", "marker": "s"},
    "apd": {"color": "gray", "marker": "^", "ls": "--"},
    "sgld": {"color": "gray", "marker": "v", "ls": "-."},
    "mnf": {"color": "gray", "marker": "D", "ls": ":"},
    "mc-dropout": {"color": "gray", "marker": "x", "ls": (0, (5, 1, 1, 1, 1, 1))},
}
"""HyperGAN and the ensembles stand out; the others differ by dashes and markers."""
_OTHERWISE: dict[str, Any] = {"color": "gray", "marker": "."}
_DASHES = ("-", "--", "-.", ":")


def outcomes(collection: Collection) -> pd.DataFrame:
    """Every outcome of every attack, one per row, with the columns of the records' ``attacks``."""
    rows = [
        {"method": record.method, "seed": record.seed, "attack": attack, "attacked": attacked,
         "tested": tested, "eps": float(eps)} | numbers
        for record in collection.records
        for attack, by_size in record.metrics.get("attacks", {}).items()
        for attacked, by_tested in by_size.items()
        for tested, by_eps in by_tested.items()
        for eps, numbers in by_eps.items()
    ]  # fmt: skip
    names = ("method", "seed", "attack", "attacked", "tested", "eps", "entropy_fooled", *MEASURES)
    return pd.DataFrame(rows) if rows else pd.DataFrame(columns=names)


def papers_lines(collection: Collection) -> dict[Line, str]:
    """The curves of Figure 5 with their labels, as far as there are records.

    HyperGAN is tested on as many new networks as were attacked, deep ensembles on themselves,
    the others on new draws after one draw was attacked.
    """
    lines: dict[Line, str] = {}
    for method, record in collection.shown.items():
        if "attacks" not in record.metrics:
            continue
        sizes = record.metrics["attacks"]["pgd"]
        if method in ENSEMBLES:
            tested = "same" if method == "ensemble" else "fresh"
            lines |= {
                (method, n, tested): f"{title_of(method)}, {int(n):,}" for n in sizes if n != "1"
            }
        else:
            lines[method, "1", "fresh"] = title_of(method)
    return lines


def compared_lines(collection: Collection) -> dict[Line, str]:
    """Those that the paper's claims are about: as many networks as a deep ensemble has, or 100."""
    sizes = {"hypergan": ("10", "100"), "ensemble": ("10",)}
    lines = papers_lines(collection)
    return {line: lines[line] for line in lines if line[1] in sizes.get(line[0], ("1",))}


def sized_lines(collection: Collection) -> dict[Line, str]:
    """Those of ensembles of several sizes."""
    return {line: w for line, w in papers_lines(collection).items() if line[0] in ENSEMBLES}


def against_eps(
    collection: Collection,
    lines: Mapping[Line, str],
    measure: str,
    words: str,
    *,
    name: str,
    named_at_ends: bool = True,
) -> Panels:
    """A measure against eps, one panel per attack.

    Args:
        collection: The records; a curve is the mean over seeds.
        lines: What to draw, with labels. Lines of one method differ by their dashes.
        measure: Column of :func:`outcomes`.
        words: What it is, for the axis.
        name: The name of the figure's file.
        named_at_ends: Write the labels beside the curves' ends, instead of a legend.
    """
    table = outcomes(collection)
    figure = Panels(f"{words} against eps", collection, name=name, empty=SEE_COMMANDS, height=250)
    first: Axes | None = None
    for attack, title in ATTACKS.items():
        axes = figure.add(title, like=first)
        dashes = {method: iter(_DASHES) for method in ENSEMBLES}
        for (method, attacked, tested), label in lines.items():
            chosen = table[
                (table["method"] == method)
                & (table["attack"] == attack)
                & (table["attacked"] == attacked)
                & (table["tested"] == tested)
            ]
            look = _LOOKS.get(method, _OTHERWISE)
            if method in ENSEMBLES:
                look = look | {"ls": next(dashes[method])}
            _curve(axes, chosen, "eps", measure, label, look)
        _axis_of_eps(axes, words)
        if first is None:
            first = axes
    if named_at_ends:
        figure.name_ends()
    return figure


def _axis_of_eps(axes: Axes, words: str) -> None:
    ticks = (0, 0.01, 0.1, 1)
    axes.set_xscale("symlog", linthresh=0.01, linscale=0.4)
    axes.set_xticks(ticks, [f"{tick:g}" for tick in ticks])
    axes.minorticks_off()
    axes.set(xlabel="eps", ylabel=words, xlim=(0, 1))


def _curve(
    axes: Axes, table: pd.DataFrame, x: str, y: str, label: str, look: dict[str, Any],
    *, banded: bool = False,
) -> None:  # fmt: skip
    """Mean over seeds, with its interval where curves are few enough to see it."""
    by_x = table.dropna(subset=[y]).astype({y: float}).groupby(x)[y]
    found = {at: interval([*values]) for at, values in by_x}
    at = [*found]
    means = [each.mean for each in found.values()]
    axes.plot(at, means, label=label, **({"lw": 1.4, "ms": 4, "clip_on": False} | look))
    if banded and all(each.n > 1 for each in found.values()):
        ends = [(each.low, each.high) for each in found.values()]
        low, high = zip(*ends, strict=True) if ends else ((), ())
        axes.fill_between(at, low, high, color=look["color"], alpha=0.2, lw=0)


def entropy_against_eps(collection: Collection) -> Panels:
    """Figure 5: mean entropy of all attacked images, for the claims' ensembles."""
    lines = compared_lines(collection)
    return against_eps(collection, lines, "entropy", "entropy (nats)", name="figure-5")


def entropy_of_fooling(collection: Collection) -> Panels:
    """The same of the images that fool every attacked network."""
    lines, words = compared_lines(collection), "entropy of fooling images (nats)"
    return against_eps(collection, lines, "entropy_fooled", words, name="figure-5-fooling")


def entropy_by_size(collection: Collection) -> Panels:
    """The entropy of all attacked images by the number of networks."""
    lines = sized_lines(collection)
    return against_eps(collection, lines, "entropy", "entropy (nats)", name="figure-5-sizes")


def success_against_eps(collection: Collection, size: str = "5") -> Panels:
    """How often an attack on HyperGAN and on a deep ensemble of a size gives a wrong answer."""
    lines: dict[Line, str] = {}
    for method, tested in product(collection.shown, ("same", "fresh")):
        if method in ENSEMBLES:
            words = "the same" if tested == "same" else "new"
            lines[method, size, tested] = f"{title_of(method)}, {words} networks"
    words = MEASURES["success"]
    return against_eps(
        collection, lines, "success", words, name="figure-5-success", named_at_ends=False
    )


def detection_against_eps(collection: Collection) -> Panels:
    """AUROC of the entropy, adversarial examples against the clean images."""
    lines, words = compared_lines(collection), MEASURES["auroc"]
    return against_eps(
        collection, lines, "auroc", words, name="figure-5-detection", named_at_ends=False
    )


def adaptive(collection: Collection, method: str = "hypergan") -> Panels:
    """PGD that takes all its steps, on fixed networks and on new ones at each step."""
    table = outcomes(collection)
    figure = Panels(
        f"PGD with all its steps on {title_of(method)}", collection, name="figure-5-adaptive",
        empty=SEE_COMMANDS, height=230,
    )  # fmt: skip
    looks = [
        {"color": color, "marker": marker, "ls": dashes}
        for color, marker, dashes in (("gray", "s", "-"), ("C0", "o", "--"), ("C3", "^", ":"))
    ]
    for measure, words in MEASURES.items():
        axes = figure.add(words)
        for ((attack, tested), label), look in zip(TO_THE_END.items(), looks, strict=True):
            chosen = (
                (table["method"] == method)
                & (table["attack"] == attack)
                & (table["tested"] == tested)
            )
            if chosen.any():
                _curve(axes, table[chosen], "eps", measure, label, look, banded=True)
        _axis_of_eps(axes, words)
    figure.axes[-1].axhline(0.5, color="gray", lw=0.8, zorder=0)
    return figure


def transfers(collection: Collection, method: str = "hypergan") -> pd.DataFrame:
    """What examples of one network do to others, by seed, attack, eps and number of others."""
    return pd.DataFrame(
        [
            {"seed": record.seed, "attack": attack, "eps": float(eps), "networks": int(n)} | numbers
            for record in collection.of(method)
            for attack, by_eps in record.metrics.get("transfer", {}).items()
            for eps, by_size in by_eps.items()
            for n, numbers in by_size.items()
        ],
        columns=["seed", "attack", "eps", "networks", "examples", "fooled", "success"],
    )


def transfer(collection: Collection, method: str = "hypergan") -> Panels:
    """The supplementary claim: of what fools one network, the share that fools others.

    Left: the share of the largest number of networks. Right: how often their mean is fooled.
    """
    table = transfers(collection, method).dropna()
    figure = Panels(
        f"What fools one network of {title_of(method)}", collection, name="figure-5-transfer",
        empty=SEE_COMMANDS, height=250,
    )  # fmt: skip
    most = int(table["networks"].max()) if len(table) else 0
    shares = figure.add(f"share of {most} networks fooled" if most else "")
    means = figure.add("share that fools the networks' mean", like=shares)
    low, high = PAPERS_SHARE
    shares.axhspan(low, high, color="gray", alpha=0.25, lw=0)
    shares.text(0.02, (low + high) / 2, "the paper", transform=shares.get_yaxis_transform(),
                va="center", fontsize=8.5)  # fmt: skip
    for (attack, words), marker in zip(ATTACKS.items(), "so", strict=True):
        color = {"s": "C3", "o": "C0"}[marker]
        attacked = table[table["attack"] == attack]
        look = {"color": color, "marker": marker}
        _curve(shares, attacked[attacked["networks"] == most], "eps", "fooled", words, look)
        for eps, dashes in zip(SOME_EPS, (":", "-", "--"), strict=True):
            chosen, label = attacked[attacked["eps"] == eps], f"{words}, eps {eps:g}"
            if len(chosen):
                _curve(means, chosen, "networks", "success", label, look | {"ls": dashes})
    _axis_of_eps(shares, "share fooled")
    means.set(xscale="log", xlabel="networks", ylabel="share that fools", ylim=(0, 1))
    figure.name_ends()
    return figure
