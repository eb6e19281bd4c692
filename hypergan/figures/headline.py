"""What a reader should know before using the method: the front page, from records alone."""

import html
from collections.abc import Callable

from IPython.display import HTML

from hypergan.data import datasets
from hypergan.experiments import ledger, methods
from hypergan.experiments.collection import Collection, collect
from hypergan.experiments.methods import METHODS
from hypergan.experiments.profiles import PUBLISHED
from hypergan.experiments.verdicts import Finding
from hypergan.figures.accuracy import FULL, OF_2019, STEADY, protocols_finding
from hypergan.figures.numbers import percent, span, text
from hypergan.figures.page import listed

LITTLE = 0.05
"""Protecting a smaller share of images hardly counts as protection."""


def headline(profile: str = PUBLISHED) -> HTML:
    """The findings as a list; those without records are left out."""
    records = collect(methods.compared(), [*datasets.compared(), *OF_2019.values()], profile)
    records += collect(["hypergan", "nuts"], ["cubic"], profile)
    items = [
        f'<li>{html.escape(sentence)} <a href="{page}.html">{ledger.PAGES[page]}</a></li>'
        for find, page in FINDINGS.items()
        if (sentence := find(records))
    ]
    return HTML(f'<ul class="headline">{"".join(items)}</ul>')


def accuracy(records: Collection) -> str:
    """Whether a few separate networks beat a hundred generated ones."""
    size = max(METHODS["ensemble"].compared)
    ahead: list[str] = []
    behind: list[str] = []
    single: list[str] = []
    for dataset, title in datasets.compared().items():
        here = records.on(dataset)
        plain = here.average("ensemble", f"accuracy/{size}")
        ours = here.average("hypergan", f"accuracy/{FULL}")
        if plain is not None and ours is not None:
            (ahead if plain > ours else behind).append(title)
            if min(len(here.of(method)) for method in ("hypergan", "ensemble")) == 1:
                single.append(title)
    if not ahead:
        beaten = (
            f"{FULL} generated networks beat {size} separately trained ones on {listed(behind)}."
        )
        return beaten if behind else ""
    beat = f"An ensemble of {size} separately trained networks beats {FULL} generated"
    if behind:
        return f"{beat} ones in accuracy on {listed(ahead)}, but not on {listed(behind)}."
    several = [title for title in ahead if title not in single]
    rests_on = "; ".join(
        [f"means over seeds on {listed(several)}"] * bool(several)
        + [f"one seed on {listed(single)}"] * bool(single)
    )
    return (
        f"{beat} ones in accuracy on every data set ({rests_on}): if you can afford to train "
        f"{size}, train them."
    )


def cost(records: Collection) -> str:
    """How long training takes, on a CPU alone."""
    size, on_cpu = max(METHODS["ensemble"].compared), records.on_cpu()
    took = [
        f"{span(ours)} against {span(plain)} on {title}"
        for dataset, title in datasets.compared().items()
        if (ours := on_cpu.on(dataset).values("hypergan", STEADY))
        and (plain := on_cpu.on(dataset).values("ensemble", STEADY))
    ]
    if not took:
        return ""
    return (
        "What HyperGAN offers instead is any number of networks from one training run. Its minutes "
        f"on one core of a CPU, against those of {size} separate networks, over the seeds that ran "
        f"on one: {listed(took)}."
    )


def diversity(records: Collection) -> str:
    """Whether generated networks differ more than separately trained ones."""
    shares = [
        f"{percent(ours, 1)} against {percent(plain, 1)} on {title}"
        for title, (ours, plain) in _by_dataset(records, "diversity/disagreement").items()
    ]
    if not shares:
        return ""
    return (
        "The share of test images on which two generated networks disagree, against that of two "
        f"separately trained ones: {listed(shares)}."
    )


def anomaly(records: Collection) -> str:
    """How well the entropy detects outliers."""
    pairs = {
        outliers: pair
        for dataset, outliers in (
            ("mnist", "letters among digits"), ("cifar5", "unseen classes of CIFAR-10"),
        )
        if (pair := _pair(records.on(dataset), "detection/entropy/auroc"))
    }  # fmt: skip
    if not pairs:
        return ""
    better = [ours > plain for ours, plain in pairs.values()]
    compared = (
        "better than" if all(better) else "about as well as" if any(better) else "less well than"
    )
    found = [
        f"{text(ours, 3)} against {text(plain, 3)} for {what}"
        for what, (ours, plain) in pairs.items()
    ]
    return (
        f"The entropy of HyperGAN's predictions detects images of unseen kinds {compared} that of "
        f"a deep ensemble: the AUROC is {listed(found)}."
    )


def adversarial(records: Collection) -> str:
    """Whether new networks protect against an attacker who has the generator, too."""
    here = records.on("mnist")
    attacked, new, adaptive = (
        here.average("hypergan", f"attacks/{kind}/0.1/success")
        for kind in ("unstopped/10/same", "unstopped/10/fresh", "eot/10/fresh")
    )
    if attacked is None or new is None or adaptive is None:
        return ""
    help_ = "hardly protects" if attacked - adaptive < LITTLE else "partly protects"
    return (
        f"Drawing new networks {help_} against an attacker who draws new ones, too: at eps 0.1 the "
        f"adversarial examples of ten networks fool the ten on {percent(attacked)} of the images "
        f"and new ones on {percent(new)}, or {percent(adaptive)} if they are made with new ones at "
        "each step."
    )


def regression(records: Collection) -> str:
    """How certain the networks are where there are no data."""
    here = records.on("cubic")
    inside, outside = (here.average("hypergan", f"std_{where}") for where in ("inside", "outside"))
    exact = here.average("nuts", "std_outside")
    if inside is None or outside is None or exact is None:
        return ""
    return (
        f"In regression HyperGAN's networks spread {text(outside / inside, 0)} times as widely "
        f"outside the data as inside; outside, their spread is {percent(outside / exact)} of the "
        "exact posterior's (NUTS)."
    )


FINDINGS: dict[Callable[[Collection], str], str] = {
    accuracy: "accuracy",
    cost: "accuracy",
    protocols_finding: "accuracy",
    diversity: "diversity",
    anomaly: "anomaly",
    regression: "regression",
    adversarial: "adversarial",
}
"""The sentences in order, and for each the page that has the whole story."""


def _by_dataset(records: Collection, measured: str) -> dict[str, tuple[float, float]]:
    """The pair of each data set that has both, by title."""
    pairs = {t: _pair(records.on(dataset), measured) for dataset, t in datasets.compared().items()}
    return {title: pair for title, pair in pairs.items() if pair}


def _pair(records: Collection, measured: str) -> tuple[float, float] | None:
    """A number of HyperGAN's, and the deep ensemble's."""
    ours, plain = (records.average(method, measured) for method in ("hypergan", "ensemble"))
    return None if ours is None or plain is None else (ours, plain)


def claims(findings: list[Finding]) -> HTML:
    """All claims as a grid of marks, one row per subject, each mark a link."""
    rows = []
    for page, title in ledger.PAGES.items():
        own = [finding for finding in findings if finding.claim.figure.split("#")[0] == page]
        marks = "".join(f"<li>{ledger.mark(finding)}</li>" for finding in own)
        rows.append(
            f'<dt><a href="{page}.html">{html.escape(title)}</a></dt>'
            f'<dd><ul class="squares">{marks}</ul></dd>'
        )
    return HTML(f'<p>{ledger.summary(findings)}</p><dl class="claims">{"".join(rows)}</dl>')
