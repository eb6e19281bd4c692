"""What every page of results has: its finding first and, at the end, the numbers' sources."""

import html
from collections.abc import Iterable, Sequence

import pandas as pd
from IPython.display import HTML, Markdown

from hypergan.experiments import ledger
from hypergan.experiments.collection import Collection, duration
from hypergan.experiments.methods import title_of
from hypergan.experiments.records import Cell, Record
from hypergan.experiments.state import commands
from hypergan.experiments.verdicts import Finding
from hypergan.figures import numbers
from hypergan.figures.tables import Table

MISSING = ["The records behind this page's finding do not exist yet."]
"""Shown in place of a finding without records."""


def head(finding: Sequence[str], judged: Sequence[Finding] = ()) -> HTML:
    """What was found, in a sentence made from records, and a mark for each claim of the page.

    Args:
        finding: The sentence, and those for :func:`further`.
        judged: The page's claims, as :func:`hypergan.experiments.ledger.about` judges them; none if
            the paper makes no claim about it.
    """
    marks = ledger.marks(judged) if judged else ""
    return HTML(f'<p class="finding">{html.escape(finding[0])}</p>\n{marks}')


def further(finding: Sequence[str]) -> HTML:
    """The rest of what was found, which stands below the first figure."""
    words = html.escape(" ".join(finding[1:]))
    return HTML(f'<p class="finding further">{words}</p>' if words else "")


def said(judged: Sequence[Finding], figure: str = "") -> Table:
    """The paper's words beside what we see, for a figure that it prints no numbers for.

    Args:
        judged: The page's claims, see :func:`head`.
        figure: Only those about this one, such as "anomaly#figure-3".
    """
    rows = {
        found.claim.short: {
            "the paper says": f"“{found.claim.quote}”",
            "we see": _seen(found),
            "confirmed if": found.claim.goal,
        }
        for found in judged
        if found.claim.figure.startswith(figure)
    }
    frame = pd.DataFrame.from_dict(rows, orient="index").rename_axis("claim")
    caption = (
        "The paper's words, and the effects that test them: with 95 % intervals, or as a range "
        "where the verdict depends on what the paper leaves open. Of a claim with several "
        "comparisons, the least favourable is shown of those that have its verdict; n is the "
        "number of seeds, of two methods the smaller one, and a single one has no interval."
    )
    return Table(frame, caption, name=f"claims-{judged[0].claim.figure.partition('#')[0]}")


def _seen(found: Finding) -> str:
    """An effect with its interval and seeds, or its range where choices differ."""
    if found.effect is not None:
        words = f"{numbers.with_ends(found.effect)} {found.claim.unit}".strip()
        return f"{words}, n = {found.effect.n}"
    elif found.spread is not None:
        return f"{' to '.join(map(numbers.text, found.spread))} {found.claim.unit}".strip()
    return "–"


def run_it(collection: Collection, page: str, methods: Sequence[str], dataset: str) -> Markdown:
    """The commands that run one more seed and draw the page with it.

    Args:
        collection: The records of the page.
        page: Its name.
        methods: What to run, the methods that the page is about.
        dataset: The data set to run them on.
    """
    there = [r for r in collection.on(dataset).records if r.method in methods]
    profile = there[0].profile if there else "lite"
    seed = max((record.seed for record in there), default=-1) + 1
    new = [Cell(method, dataset, seed, profile) for method in methods]
    on_cpu = {record.method: record.minutes for record in there if record.on_cpu}
    takes = duration([on_cpu.get(method) for method in methods])
    draw = f"papermill book/{page}.ipynb runs/{page}.ipynb -p seed {seed} -p profile {profile}"
    return Markdown(
        f"**Run it yourself**, with a new seed ({takes}):\n\n"
        + "\n".join(["```bash", *commands(new), draw, "```"])
    )


def listed(words: Sequence[str]) -> str:
    """Words as a sentence lists them: a, b and c."""
    *first, last = words or [""]
    return f"{', '.join(first)} and {last}" if first else last


def beside(collection: Collection, measured: str) -> tuple[list[str], list[str], list[str]]:
    """The other methods' titles, in a sentence: those above HyperGAN, below it, and neither."""
    sides: dict[int, list[str]] = {1: [], -1: [], 0: []}
    for method in collection.shown:
        if method == "hypergan":
            continue
        if difference := collection.difference(method, "hypergan", measured):
            title = title_of(method)
            sides[difference.sign].append(f"a {title}" if title[0].islower() else title)
    return sides[1], sides[-1], sides[0]


def sources(*collections: Collection) -> HTML:
    """The closed part at the end of a page: one row per record, and how to make what is missing."""
    records = _once(record for collection in collections for record in collection.records)
    missing = list(dict.fromkeys(cell for each in collections for cell in each.missing))
    table = Table(
        pd.DataFrame([_row(record) for record in records]).set_index("record"),
        "Records behind this page, below data/records or runs.",
    ) if records else None  # fmt: skip
    lacking = "".join(f"<li><code>{html.escape(line)}</code></li>" for line in commands(missing))
    runs = f"<p>Not run yet; to run them:</p><ul>{lacking}</ul>" if missing else ""
    count = f"{len(records)} record{'s' * (len(records) != 1)}"
    count += f", {len(missing)} missing" if missing else ""
    content = f"{table._repr_html_() if table else ''}{runs}"
    return closed(f"Where these numbers come from: {count}", content)


def closed(summary: str, content: str) -> HTML:
    """A part of a page that opens on a click; the content is HTML."""
    return HTML(
        f'<details class="sources"><summary>{html.escape(summary)}</summary>\n{content}</details>'
    )


def _once(records: Iterable[Record]) -> list[Record]:
    return list({record.path or id(record): record for record in records}.values())


def _row(record: Record) -> dict[str, str]:
    data = f"{record.dataset}, stand-in" if record.stand_in else record.dataset
    return {
        "record": record.cell.path.as_posix(),
        "method": title_of(record.method),
        "data": data,
        "commit": record.commit[:7],
        "device": record.device,
        "minutes": numbers.text(record.minutes, 1),
    }
