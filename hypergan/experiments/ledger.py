"""The claims ledger as tables: in the book, in the README, in the terminal."""

import re
from collections import Counter
from collections.abc import Sequence
from html import escape
from pathlib import Path

import pandas as pd

from hypergan.errors import StorageError
from hypergan.experiments.claims import all_claims
from hypergan.experiments.intervals import with_minus
from hypergan.experiments.profiles import PUBLISHED
from hypergan.experiments.state import commands
from hypergan.experiments.verdicts import (
    DECIDED,
    VERDICTS,
    Finding,
    Shelf,
    Verdict,
    corrected,
    judge,
)
from hypergan.paths import PROJECT, published, write_text

README = PROJECT / "README.md"
BEGIN, END = "<!-- claims: begin -->", "<!-- claims: end -->"
"""Between these lines the README is written by ``python -m hypergan claims --readme``."""

PAGES = {
    "regression": "Regression",
    "diversity": "Diversity",
    "accuracy": "Accuracy",
    "anomaly": "Outliers",
    "adversarial": "Adversarial examples",
    "ablation": "Ablations",
}
"""The subject of each page's claims."""

SIGNS: dict[Verdict, str] = {
    "confirmed": "✓",
    "contradicted": "✗",
    "depends on": "±",
    "undecided": "?",
    "not comparable": "≠",
    "not run": "–",
}
"""A sign for each verdict, as colour alone is not enough."""


def findings(
    profile: str = PUBLISHED,
    folders: Sequence[Path] | None = None,
    seeds: Sequence[int] | None = None,
) -> list[Finding]:
    """Every claim judged, see :mod:`hypergan.experiments.verdicts`, and corrected by subject."""
    claims = all_claims()
    shelf = Shelf(profile, folders, seeds, claims)
    found = [judge(claim, shelf) for claim in claims]
    return corrected(found, [subject(finding) for finding in found])


def about(
    figure: str, profile: str = PUBLISHED, seeds: Sequence[int] | None = None
) -> list[Finding]:
    """Judge the claims that a page, or a figure on it, is about.

    Args:
        figure: As the ledger names it, such as "ablation" or "anomaly#figure-3".
        profile: Profile's name.
        seeds: Only these; by default all.
    """
    claims = [claim for claim in all_claims() if claim.figure.startswith(figure)]
    shelf = Shelf(profile, only=seeds, claims=claims)
    return [judge(claim, shelf) for claim in claims]


def marks(findings: Sequence[Finding]) -> str:
    """Verdicts as a short list in HTML; each is a link to its row on the page of claims.

    Claims of one kind, which differ after the comma, such as "printed accuracy, MNIST", share an
    entry. On a phone, the counts stand for the list until they are touched, see ``book.css``.
    """
    kinds: dict[str, list[Finding]] = {}
    for found in findings:
        kinds.setdefault(found.claim.short.partition(", ")[0], []).append(found)
    entries = []
    for kind, own in kinds.items():
        each = " ".join(mark(one, one.claim.short[len(kind) + 2 :]) for one in own)
        entries.append(f"{escape(kind)}: {each}" if len(own) > 1 else mark(own[0]))
    listed = f'<ul class="marks">{"".join(f"<li>{entry}</li>" for entry in entries)}</ul>'
    numbers = Counter(found.verdict for found in findings)
    counted = ", ".join(_verdict(word, f"{numbers[word]} ") for word in VERDICTS if numbers[word])
    claims = f"{len(findings)} claim{'s' * (len(findings) != 1)}"
    return f'<details class="judged"><summary>{claims}: {counted}</summary>{listed}</details>'


def mark(finding: Finding, words: str = "") -> str:
    """A link to a claim's row: its verdict, and the claim in a few words (its own by default)."""
    claim, word = finding.claim, finding.verdict
    return (
        f'<a class="mark {style(word)}" href="claims.html#claim-{claim.id}" '
        f'title="{escape(claim.claim)}"><span aria-hidden="true">{SIGNS[word]} </span>'
        f'<span class="visually-hidden">{word}: </span>{escape(words or claim.short)}</a>'
    )


def counts(findings: Sequence[Finding]) -> pd.DataFrame:
    """How many claims came to which verdict, one row per subject and one for all."""
    rows = pd.DataFrame(
        {
            "claims about": [subject(finding) for finding in findings],
            "verdict": [finding.verdict for finding in findings],
        }
    )
    table = pd.crosstab(rows["claims about"], rows["verdict"])
    table = table.reindex([*PAGES.values()], columns=[*VERDICTS], fill_value=0)
    table.loc["all"] = table.sum()
    return table.rename_axis(columns=None)


def summary(findings: Sequence[Finding]) -> str:
    """The counts in a sentence."""
    first, *rest = _verdicts(findings)
    number, _, word = first.partition(" ")
    verb = "is" if number == "1" else "are"
    listed = ", ".join([f"{number} {verb} {word}", *rest])
    return f"Of the paper's {len(findings)} empirical claims, {listed}."


def _verdicts(findings: Sequence[Finding]) -> list[str]:
    """How many came to each verdict, in words; those that none came to are left out."""
    numbers = Counter(finding.verdict for finding in findings)
    words = {word: word for word in VERDICTS} | {"depends on": "dependent on what it leaves open"}
    return [f"{numbers[word]} {words[word]}" for word in VERDICTS if numbers[word]]


def standing(findings: Sequence[Finding]) -> str:
    """In a sentence, how many verdicts survive the correction for multiple claims."""
    decided = [finding for finding in findings if finding.verdict in DECIDED]
    stand = [finding for finding in decided if finding.corrected == finding.verdict]
    return (
        f"Of the {len(decided)} that are decided, {len(stand)} remain so when corrected for "
        "the number of claims on each subject."
    )


def hindsight(findings: Sequence[Finding]) -> str:
    """In a sentence, how the claims came out that were added when results of theirs were known."""
    late = [finding for finding in findings if finding.claim.history[0].seen]
    return (
        f"{len(late)} were added when results of theirs were known: {', '.join(_verdicts(late))}."
    )


def to_run(findings: Sequence[Finding]) -> str:
    """The commands that make all missing records, in Markdown."""
    cells = dict.fromkeys(cell for finding in findings for cell in finding.missing)
    lines = commands(cells)
    return "\n".join(["```bash", *lines, "```"]) if lines else "Every claim has all its records."


def readme_part(findings: Sequence[Finding]) -> str:
    """What the README says about the claims."""
    table = counts(findings).reset_index()
    rows = [[str(value) for value in row] for row in table.itertuples(index=False)]
    return f"{summary(findings)}\n\n{_markdown(list(table.columns), rows)}"


def with_claims(readme: str) -> str:
    """A README with the part between the marks rewritten from the published records.

    Raises:
        StorageError: If the marks are missing.
    """
    part = readme_part(findings(folders=[published()]))
    pattern = re.compile(f"{re.escape(BEGIN)}.*{re.escape(END)}", re.DOTALL)
    text, replaced = pattern.subn(lambda _: f"{BEGIN}\n{part}\n{END}", readme)
    if replaced != 1:
        raise StorageError(f"README.md has no lines {BEGIN} and {END}; put them back")
    return text


def update_readme() -> None:
    """Write the README's part on the claims.

    Raises:
        StorageError: If there is no README, or its marks are missing.
    """
    if not README.exists():
        raise StorageError(f"there is no {README}; work in a checkout of the repository")
    write_text(README, with_claims(README.read_text(encoding="utf-8")))


def subject(finding: Finding) -> str:
    """What a claim is about."""
    return PAGES[finding.claim.figure.split("#")[0]]


def style(word: Verdict) -> str:
    """A verdict's class in HTML."""
    return word.replace(" ", "-")


def verdict(finding: Finding) -> str:
    """A verdict in HTML: word, sign and colour."""
    return _verdict(finding.verdict)


def _verdict(word: Verdict, number: str = "") -> str:
    return (
        f'<span class="verdict {style(word)}">'
        f'<span aria-hidden="true">{SIGNS[word]} </span>{number}{word}</span>'
    )


def effect(finding: Finding) -> str:
    """An effect with its unit and the threshold; where choices differ, the range of effects."""
    claim = finding.claim
    if finding.effect is not None:
        words = str(finding.effect)
    elif finding.spread is not None:
        words = "{:.3g} to {:.3g}".format(*finding.spread)
    else:
        return "–"
    words = with_minus(f"{words} {claim.unit}".rstrip())
    return f"{words}; confirmed if {claim.goal}"


def _markdown(header: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    lines = [header, ["---"] * len(header), *rows]
    return "\n".join(f"| {' | '.join(line)} |" for line in lines)
