"""The claims ledger as tables: in the book, in the README, in the terminal."""

import os
import re
from collections.abc import Sequence
from html import escape
from pathlib import Path

import pandas as pd

from hypergan.errors import StorageError
from hypergan.experiments.claims import VERDICTS, Finding, Verdict, all_claims, evaluate
from hypergan.experiments.state import commands
from hypergan.paths import PROJECT, published, write_whole

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
"""What the claims of a page are about."""

SIGNS: dict[Verdict, str] = {
    "confirmed": "✓",
    "contradicted": "✗",
    "undecided": "?",
    "not run": "–",
}
"""A verdict by more than its colour."""


def findings(
    profile: str = "lite", folders: Sequence[Path] | None = None, seed: int | None = None
) -> list[Finding]:
    """Every claim judged, see :func:`hypergan.experiments.claims.evaluate`."""
    return [evaluate(claim, profile, folders, seed) for claim in all_claims()]


def about(figure: str, profile: str = "lite", seed: int | None = None) -> str:
    """Short table of the claims that a page, or a figure on it, is about.

    Args:
        figure: As the ledger has it, such as "ablation" or "anomaly#figure-3".
        profile: Profile's name.
        seed: Look at this seed alone.
    """
    claims = [claim for claim in all_claims() if claim.figure.startswith(figure)]
    return short_table([evaluate(claim, profile, seed=seed) for claim in claims])


def marks(figure: str, profile: str = "lite", seed: int | None = None) -> str:
    """Verdicts of the claims that a page, or a figure on it, is about, as a short list in HTML.

    Each is a link to its row on the page of claims. Arguments: see :func:`about`.
    """
    claims = [claim for claim in all_claims() if claim.figure.startswith(figure)]
    items = [mark(evaluate(claim, profile, seed=seed)) for claim in claims]
    return f'<ul class="marks">{"".join(f"<li>{item}</li>" for item in items)}</ul>'


def mark(finding: Finding) -> str:
    """A claim in a few words with its verdict, a link to its row on the page of claims."""
    claim, verdict = finding.claim, finding.verdict
    return (
        f'<a class="mark {verdict.replace(" ", "-")}" href="claims.html#claim-{claim.id}" '
        f'title="{escape(claim.claim)}"><span aria-hidden="true">{SIGNS[verdict]} </span>'
        f'<span class="visually-hidden">{verdict}: </span>{escape(claim.short)}</a>'
    )


def counts(findings: Sequence[Finding]) -> pd.DataFrame:
    """How many claims came to which verdict, one row per subject and one for all."""
    rows = pd.DataFrame(
        {
            "claims about": [_subject(finding) for finding in findings],
            "verdict": [finding.verdict for finding in findings],
        }
    )
    table = pd.crosstab(rows["claims about"], rows["verdict"])
    table = table.reindex([*PAGES.values()], columns=[*VERDICTS], fill_value=0)
    table.loc["all"] = table.sum()
    return table.rename_axis(columns=None)


def summary(findings: Sequence[Finding]) -> str:
    """The counts in a sentence."""
    total = counts(findings).loc["all"]
    listed = ", ".join(f"{total[verdict]} {verdict}" for verdict in VERDICTS)
    return f"Of {len(findings)} empirical claims of the paper, {listed}."


def short_table(findings: Sequence[Finding]) -> str:
    """Verdict, claim and effect, in Markdown, the decided claims first."""
    decided_first = sorted(findings, key=lambda finding: VERDICTS.index(finding.verdict))
    rows = [(_verdict(found), found.claim.claim, _effect(found)) for found in decided_first]
    return _markdown(("verdict", "claim", "effect"), rows)


def long_table(findings: Sequence[Finding], folder: Path) -> str:
    """All of the ledger in MyST's Markdown, with links as seen from a folder of the book."""
    rows = [
        (
            _verdict(finding),
            f"{finding.claim.claim} *{finding.claim.place}: “{finding.claim.quote}”*",
            finding.claim.rule,
            _effect(finding),
            f"{_figure(finding, folder)} {_sources(finding, folder)}",
        )
        for finding in findings
    ]
    return _markdown(("verdict", "claim", "rule", "effect, 95 % interval", "from"), rows)


def histories(findings: Sequence[Finding]) -> str:
    """When the rules were written or changed, in Markdown."""
    claims: dict[str, list[str]] = {}
    for finding in findings:
        claims.setdefault(finding.claim.history, []).append(f"`{finding.claim.id}`")
    return "\n".join(f"- {words}: {', '.join(names)}." for words, names in claims.items())


def to_run(findings: Sequence[Finding]) -> str:
    """The commands that make all missing records, in Markdown."""
    cells = dict.fromkeys(cell for finding in findings for cell in finding.missing)
    lines = commands(cells)
    return "\n".join(["```bash", *lines, "```"]) if lines else "Every claim has its records."


def readme_part(findings: Sequence[Finding]) -> str:
    """What the README says of the claims."""
    table = counts(findings).reset_index()
    rows = [[str(value) for value in row] for row in table.itertuples(index=False)]
    return f"{summary(findings)}\n\n{_markdown(list(table.columns), rows)}"


def with_claims(readme: str) -> str:
    """A README with the part between the marks written anew, from the published records.

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
    """Write the README's part on the claims."""
    text = with_claims(README.read_text(encoding="utf-8"))
    write_whole(README, lambda temporary: temporary.write_text(text, encoding="utf-8"))


def _subject(finding: Finding) -> str:
    return PAGES[finding.claim.figure.split("#")[0]]


def _verdict(finding: Finding) -> str:
    return f'<span class="verdict {finding.verdict.replace(" ", "-")}">{finding.verdict}</span>'


def _effect(finding: Finding) -> str:
    """The effect with its unit and the threshold."""
    claim = finding.claim
    if finding.effect is None:
        return "–"
    effect = f"{finding.effect} {claim.unit}".rstrip()
    return f"{effect}; confirmed if {claim.goal}"


def _figure(finding: Finding, folder: Path) -> str:
    """A link to the page that shows it, to the very figure where that has the anchor."""
    page, _, anchor = finding.claim.figure.partition("#")
    notebook = folder / f"{page}.ipynb"
    if not notebook.exists():
        return ""
    anchored = anchor and f'"name": "{anchor}"' in notebook.read_text(encoding="utf-8")
    goal = f"#{anchor}" if anchored else notebook.name  # a figure's name holds in the whole book
    return f"[{anchor.replace('-', ' ') or page}]({goal})"


def _sources(finding: Finding, folder: Path) -> str:
    """The records to download, and how many are missing."""
    files = [
        f"{{download}}`{path.parent.name} {path.stem} <{os.path.relpath(path, folder)}>`"
        for path in finding.records
    ]
    lacking = [f"{len(finding.missing)} to run"] if finding.missing else []
    return "; ".join(files + lacking)


def _markdown(header: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    lines = [header, ["---"] * len(header), *rows]
    return "\n".join(f"| {' | '.join(line)} |" for line in lines)
