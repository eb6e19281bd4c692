"""The page of claims: a grid of counts, a filter, and one row per claim.

Rows are HTML because Markdown has no collapsible details; inside them is MyST Markdown, whose
downloads and links Sphinx checks. ``book/static/claims.js`` filters; without it all rows are shown.
"""

import math
import os
from collections import Counter
from collections.abc import Iterable, Sequence
from html import escape
from pathlib import Path

from hypergan.experiments.effects import Images
from hypergan.experiments.interval_drawing import draw
from hypergan.experiments.intervals import with_minus
from hypergan.experiments.ledger import (
    PAGES,
    SIGNS,
    counts,
    effect,
    hindsight,
    standing,
    subject,
    summary,
    verdict,
)
from hypergan.experiments.state import commands
from hypergan.experiments.verdicts import MOST_SEEDS, VERDICTS, Comparison, Finding

SEEDS_AND_IMAGES: dict[Images, str] = {
    "exact": "The interval includes the variance over seeds and over test images, image by image.",
    "bound": "The interval includes the variance over seeds and over test images; the latter is an "
    "upper bound, as the images differ or a record does not say what it measured on each.",
    "none": "The interval includes the variance over seeds only: the quantity is not a mean over "
    "test images, the record does not store it by image, or the threshold allows for the images.",
}


def head(findings: Sequence[Finding]) -> str:
    """The top of the page, in HTML: the counts in a sentence and by subject, and how firm."""
    return (
        f'<p class="finding">{summary(findings)}</p>\n{grid(findings)}\n'
        f'<p class="finding further">{standing(findings)} {hindsight(findings)}</p>'
    )


def grid(findings: Sequence[Finding]) -> str:
    """The counts in HTML, narrow enough for a phone."""
    table = counts(findings)
    head = "".join(
        f'<th scope="col"><span aria-hidden="true">{SIGNS[word]} </span>'
        f'<span class="word">{word}</span></th>'
        for word in VERDICTS
    )
    body = "".join(
        f'<tr><th scope="row">{topic}</th>'
        + "".join(f"<td>{row[word] or '·'}</td>" for word in VERDICTS)
        + "</tr>"
        for topic, row in table.iterrows()
    )
    return (
        '<table class="claims-grid"><caption class="visually-hidden">Claims by subject and verdict'
        f'</caption><thead><tr><th scope="col">claims about</th>{head}</tr></thead>'
        f"<tbody>{body}</tbody></table>"
    )


def rows(findings: Sequence[Finding], folder: Path) -> str:
    """The filter and all rows, in MyST Markdown, with links relative to a folder of the book."""
    sizes = Counter(subject(f) for f in findings if f.verdict != "not comparable")
    listed = [row(finding, folder, sizes[subject(finding)]) for finding in findings]
    script = '<script src="_static/claims.js" defer></script>'
    return "\n\n".join([_filter(), *listed, script])


def row(finding: Finding, folder: Path, family: int) -> str:
    """A claim that unfolds; closed, it shows the claim, the verdict and the effect.

    Args:
        finding: The claim, judged.
        folder: The page's folder.
        family: Number of claims about the same subject that can be compared.
    """
    claim, topic = finding.claim, subject(finding)
    parts = [
        f"**The paper:** “{claim.quote}” ({claim.place}).",
        f"**Rule:** {claim.rule}",
        f"**Effect:** {effect(finding)}. {_basis(finding)}",
        _comparisons(finding),
        f"**Corrected** for the {family} claims on this subject: {finding.corrected}."
        if finding.corrected
        else "",
        f"**What would change the verdict:** {flip(finding)}",
        f"**When the rule was written:** {'; '.join(_history(finding))}.",
        f"**From:** {', '.join(_sources(finding, folder))}",
        f"**To run:** {', '.join(f'`{line}`' for line in commands(finding.missing))}"
        if finding.missing
        else "",
    ]
    return "\n\n".join(
        [
            f'<details class="claim" id="claim-{claim.id}" data-topic="{topic}" '
            f'data-verdict="{finding.verdict}">\n<summary>{verdict(finding)} '
            f'<span class="topic">{topic}</span> <span class="words">{escape(claim.claim)}</span> '
            f"{draw(finding)}</summary>",
            *filter(None, parts),
            "</details>",
        ]
    )


def flip(finding: Finding) -> str:
    """What it would take to change the verdict."""
    claim = finding.claim
    if finding.verdict == "not comparable":
        return f"runs of a different kind. {' '.join(dict.fromkeys(claim.not_comparable.values()))}"
    if finding.verdict == "not run":
        return "a first run."
    if finding.verdict == "depends on":
        return f"knowing the paper's choice of {' and '.join(claim.choices)}."
    if finding.verdict == "undecided":
        return _seeds(finding)
    found = finding.effect
    if found is None:  # pragma: no cover  # a decided claim has one
        return ""
    low, high = (found.mean, found.mean) if found.n == 1 else (found.low, found.high)
    borders = [end for end in claim.region if math.isfinite(end)]
    gap = min(abs(end - border) for end in (low, high) for border in borders)
    what = "measurement" if found.n == 1 else "interval"
    return f"the {what} is {f'{gap:.2g} {claim.unit}'.rstrip()} away from the threshold."


def _seeds(finding: Finding) -> str:
    needed = finding.needed
    if needed is None:
        return "more seeds; one is too few to estimate how many."
    if needed <= MOST_SEEDS:
        return (
            f"about {needed:.0f} seeds, which decide it in half of the cases if the mean and the "
            "spread stay the same."
        )
    if not math.isinf(needed):
        return f"more than {MOST_SEEDS} seeds, if the mean and the spread stay the same."
    better = " Records that say what was measured on each image would narrow it." * (
        finding.images == "bound"
    )
    return (
        "no number of seeds, if the mean and the spread stay the same: the test images leave it "
        f"open.{better}"
    )


def _basis(finding: Finding) -> str:
    if finding.effect is None and finding.spread is None:
        return ""
    if finding.effect is not None and finding.effect.n == 1:
        return "A single value has no interval."
    return SEEDS_AND_IMAGES[finding.images] if finding.comparisons else ""


def _comparisons(finding: Finding) -> str:
    """Each method and choice with its own verdict, if there are several."""
    if len(finding.comparisons) < 2:
        return ""
    return "\n".join(f"- {_words(c)}" for c in finding.comparisons)


def _words(comparison: Comparison) -> str:
    against = f"minus {comparison.against}" if comparison.against else ""
    name = ", ".join(filter(None, [comparison.chosen, against]))
    found = with_minus(str(comparison.effect.interval())) if comparison.effect else "–"
    return f"{name}: {found}, {comparison.verdict}"


def _history(finding: Finding) -> Iterable[str]:
    for step in finding.claim.history:
        yield f"{step.on}: {step.what} (known by then: {step.known})"


def _sources(finding: Finding, folder: Path) -> list[str]:
    """Links to the figure and the records."""
    page, _, anchor = finding.claim.figure.partition("#")
    notebook = folder / f"{page}.ipynb"
    found = []
    if notebook.exists():
        anchored = anchor and f'"name": "{anchor}"' in notebook.read_text(encoding="utf-8")
        goal = f"#{anchor}" if anchored else notebook.name  # a figure's label works from any page
        found.append(f"[{anchor.replace('-', ' ') or page}]({goal})")
    return found + [
        f"{{download}}`{download_name(path)} <{os.path.relpath(path, folder)}>`"
        for path in finding.records
    ]


def download_name(path: Path) -> str:
    """A record's name outside its folder, such as hypergan-mnist-seed0.json."""
    if not path.stem.startswith("seed"):
        return path.name
    return f"{path.parent.name}-{path.parent.parent.name}-{path.name}"


def _filter() -> str:
    """A form with two drop-down lists, hidden until the script shows it."""

    def choice(name: str, values: Iterable[str]) -> str:
        options = "".join(f"<option>{value}</option>" for value in values)
        return (
            f'<label>{name} <select name="{name}"><option value="">all</option>{options}'
            "</select></label>"
        )

    return (
        f'<form class="claims-filter" hidden>{choice("verdict", VERDICTS)} '
        f'{choice("topic", PAGES.values())} <output aria-live="polite"></output></form>'
    )
