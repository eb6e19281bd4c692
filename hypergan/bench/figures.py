"""Figures of a benchmark's report, and its findings in words."""

from collections.abc import Sequence
from html import escape

import pandas as pd
from IPython.display import HTML
from matplotlib.axes import Axes

from hypergan.bench import report as report_file
from hypergan.bench.report import Report
from hypergan.bench.report import table as _table
from hypergan.experiments import schedule
from hypergan.figures.numbers import text
from hypergan.figures.page import closed, listed
from hypergan.figures.panels import Panels
from hypergan.figures.tables import Table

TARGETS = {"mnist": "MNIST", "cifar10": "CIFAR-10"}
_CONTENDERS = ("one after another", "separate modules", "vmap")
_OURS = ("ours", "ours in float32")
_STEPS = [*_OURS, "plain loop"]
GROWTH = {"networks": "25 images", "images": "10 networks", "weights": "10 networks, 100 inputs"}
"""What grows, and beside how many of the others."""

_RATIO = " / ours"
_MACHINE = ("date", "cores", "instructions", "matrix units", "load")


def finding(report: Report) -> list[str]:
    """The page in two or three sentences."""
    evaluation, steps = _part(report, "evaluation"), [_step(report, name) for name in TARGETS]
    each = [
        f"{text(_factor(step, 'plain loop'), 1)} times as long on {title}"
        for step, title in zip(steps, TARGETS.values(), strict=True)
    ]
    rounded = [_factor(evaluation, _CONTENDERS[0], _OURS[1])]
    rounded += [_factor(step, "plain loop", _OURS[1]) for step in steps]
    return [
        "To evaluate a hundred networks, plain PyTorch, which takes one after another, needs "
        f"{text(_factor(evaluation, _CONTENDERS[0]), 1)} times as long as this package; for a "
        f"training step of equal work it needs {listed(each)}.",
        *_reached(report),
        "Part of the lead is due to bfloat16: with our products in float32 the factors are "
        f"{listed([text(factor, 1) for factor in rounded])}.",
    ]


def _factor(rows: pd.DataFrame, theirs: str, ours: str = _OURS[0]) -> float:
    """How many times as long a contender takes: median over rounds, or ratio of medians."""
    if ours == _OURS[0]:
        return float(rows.loc[theirs + _RATIO, "value"])
    costs = rows[~rows["unit"].isin(["x", "GFLOP/s"])]["value"]
    return float(costs[theirs] / costs[ours])


def _reached(report: Report) -> list[str]:
    """How many times as long the plain loop takes to 98 %, as a sentence, where ours gets there."""
    rows = pd.DataFrame(report["rows"])
    found = rows[rows["part"].str.startswith("time to") & (rows["unit"] == "x")]
    if found.empty:
        return []
    (row,) = found.itertuples()
    times = f"{text(row.value, 1)} times"
    if row.what.endswith("at least"):
        return [
            f"Plain PyTorch had not reached 98 % on MNIST when it was stopped at {times} our time."
        ]
    return [f"To reach 98 % on MNIST plain PyTorch takes {times} as long."]


def factors(report: Report) -> Panels:
    """How long the other ways take, as multiples of ours."""
    figure = Panels("Time of other ways as a multiple of ours", name="factors", height=190)
    rows = _part(report, "evaluation")
    _bars(figure.add("evaluating 100 networks"), _ratios(rows), "times ours")
    both = {title: _ratios(_step(report, name)) for name, title in TARGETS.items()}
    steps = pd.concat([rows.rename(index=f"{{}}, {title}".format) for title, rows in both.items()])
    _bars(figure.add("training step of equal work"), steps, "times ours")
    for axes in figure.axes:
        axes.axvline(1, color="gray", lw=0.8)
    return figure


def _ratios(rows: pd.DataFrame) -> pd.DataFrame:
    """Rows that are multiples of ours, by contender."""
    ratios = rows[rows["unit"] == "x"]
    return ratios.rename(index=lambda what: what.removesuffix(_RATIO))


def table(report: Report) -> Table:
    """All that was measured, one row each."""
    caption = "Medians over rounds in which the contenders took turns, and the range over rounds."
    return Table(_table(report), caption, name="speed")


def sources(report: Report) -> HTML:
    """The closed part at the end of the page: the machine and the versions."""
    facts = {"commit": report["commit"], **report["versions"]}
    facts |= {name: report[name] for name in _MACHINE if name in report}
    items = "".join(f"<li>{escape(f'{name} {fact}')}</li>" for name, fact in facts.items())
    return closed(f"Where these numbers come from: {report['device']}", f"<ul>{items}</ul>")


def evaluation(report: Report) -> Panels:
    """Cost per image and network: ours and the contenders', and ours by ensemble size."""
    rows = _part(report, "evaluation")
    costs = rows[rows["unit"].str.startswith("us")]
    figure = Panels("Cost of evaluating an image with a network", name="evaluation", height=200)
    _bars(figure.add("100 networks"), costs.loc[[*_OURS, *_CONTENDERS]], "µs")
    return figure


def growth(report: Report) -> Panels:
    """Cost of an image and network as there are more of them, ours and the plain loop's."""
    figure = Panels("Cost of an image and network, drawn and scored", name="growth", height=190)
    for of, title in GROWTH.items():
        rows = _part(report, f"growth, {of}")
        rows = rows[rows["unit"] != "x"]
        if rows.empty:
            continue
        axes = figure.add(title)
        for name, dashes in (("ours", "-"), ("plain loop", "--")):
            own = rows[rows.index.str.endswith(f", {name}")]
            numbers = [int(what.removesuffix(f", {name}").replace(",", "")) for what in own.index]
            axes.plot(numbers, own["value"], dashes, marker="o", label=name)
            axes.fill_between(numbers, *_ends(own), alpha=0.2)
        axes.set(xscale="log", yscale="log", xlabel=of, ylabel="µs")
    if not figure.axes:
        figure.notes.append("not measured in the run that is shown")
    return figure


def _ends(rows: pd.DataFrame) -> tuple[pd.Series, pd.Series]:
    """The range over rounds, where there are several."""
    low, high = (rows[side].fillna(rows["value"]) for side in ("low", "high"))
    return low, high


def machines(reports: Sequence[Report]) -> Table:
    """How many times as long as ours the plain ways take, on each kind of machine."""
    columns = {}
    for report in reports:
        rows = pd.DataFrame(report["rows"])
        ours = rows["what"].str.contains(" / (?:.*ours|networks drawn)")
        ratios = rows[(rows["unit"] == "x") & ours]
        words = [report["device"], report.get("instructions", ""), report.get("date", "")]
        name = ", ".join(filter(None, words))
        columns[name] = ratios.set_index(["part", "what"])["value"].map(lambda v: text(v, 1))
    frame = pd.DataFrame(columns).fillna("–")
    caption = "Times of other ways as multiples of ours, medians of the last run on each machine."
    return Table(frame, caption, name="machines")


def since(report: Report) -> HTML:
    """The closed part on what earlier runs on such a machine measured."""
    columns = {
        _run(one): _table(one).set_index("unit", append=True)["value"]
        for one in report_file.of_kind(report)
    }
    frame = pd.DataFrame(columns).reindex(columns[_run(report)].index)
    shown = frame[frame.notna().sum(axis=1) > 1].map(text)
    caption = (
        "Medians of all runs on this kind of machine, by commit; measured in two runs or more."
    )
    table = Table(shown, caption, name="since")
    return closed(f"Before and after: {len(columns)} runs on this machine", table._repr_html_())


def _run(report: Report) -> str:
    """A run's commit, and its day if it is known."""
    return ", ".join(filter(None, [report["commit"][:7], report.get("date", "")]))


def profiles(report: Report) -> HTML:
    """The closed part on what steps, evaluation and gradients spend their time on.

    Ours is shown in the first run on such a machine that has profiles, and in this one.
    """
    if "profiles" not in report:
        return closed("Where the time goes: not measured in the run that is shown", "")
    first = next((one for one in report_file.of_kind(report) if "profiles" in one), report)
    chosen = {f"ours, {_run(one)}": (one, "ours") for one in (first, report)}
    chosen["plain loop"] = report, "plain loop"
    rows: dict[tuple[str, str], dict[str, str]] = {}
    for name, (one, who) in chosen.items():
        for task, each in one.get("profiles", {}).items():
            for operation, share in each[who].items():
                rows.setdefault((task, operation), {})[name] = text(share, 1)
    frame = pd.DataFrame.from_dict(rows, orient="index", columns=[*chosen]).fillna("–")
    frame = frame.reindex(sorted(frame.index, key=lambda row: (row[0], row[1] == "others")))
    caption = "Percent of the time in operations of PyTorch, each without those that it calls."
    table = Table(frame.rename_axis(["task", "operation"]), caption, name="profiles")
    return closed("Where the time goes, by operation", table._repr_html_())


def limit(report: Report) -> Panels:
    """Rates of arithmetic in evaluation, beside those of bare matrix products."""
    rows = _part(report, "evaluation")
    figure = Panels("Arithmetic per second", name="limit", height=220)
    _bars(figure.add(), rows[rows["unit"] == "GFLOP/s"], "billions of operations per second", 0)
    return figure


def training(report: Report) -> Panels:
    """Seconds of a training step of equal work on both targets."""
    figure = Panels("Seconds of a training step of equal work", name="training", height=170)
    for name, title in TARGETS.items():
        rows = _step(report, name)
        _bars(
            figure.add(title), rows[rows["unit"] == "s"].filter(items=_STEPS, axis=0), "seconds", 2
        )
    return figure


def in_company(report: Report) -> Panels:
    """Seconds of a default step alone and beside busy processes, ours and PyTorch's own way."""
    rows = _part(report, "in company")
    figure = Panels("A step alone and in company", name="in-company", height=190)
    for where in dict.fromkeys(what.partition(", ")[0] for what in rows.index):
        own = rows[rows.index.str.startswith(where) & (rows["unit"] == "s")]
        _bars(figure.add(where), own.rename(lambda what: what.partition(", ")[2]), "seconds", 3)
    if not figure.axes:
        figure.notes.append("not measured in the run that is shown")
    return figure


def time_to_accuracy(report: Report) -> Panels:
    """Accuracy of ten networks on validation images against the seconds spent on training."""
    figure = Panels("Accuracy against seconds of training", name="time-to-accuracy")
    axes = figure.add()
    for (name, course), dashes in zip(report["curves"].items(), ("-", "--"), strict=True):
        axes.plot(*zip(*course, strict=True), dashes, marker=".", label=name)
    axes.axhline(98, color="gray", linestyle=":", label="98 %")
    axes.set(xlabel="seconds", ylabel="accuracy (%)", xscale="log", ylim=(80, 100))
    return figure


def reading() -> Table:
    """How reading records grows with their number, as ``tests/growth.py`` measured it."""
    frame = pd.read_csv(report_file.PUBLISHED.with_name("records.csv"))
    table = frame.pivot_table(["seconds", "megabytes"], "job", "records", sort=False)
    table = table[["seconds", "megabytes"]].rename_axis(columns=["", "records"])
    caption = (
        "Seconds of one core, with the start of the program, and memory above the imported "
        "package, by records beside the published ones."
    )
    return Table(table, caption, name="records")


def cluster(report: Report, profile: str, datasets: Sequence[str], seeds: int) -> Table:
    """What a sweep takes on a cluster, by how many nodes there are.

    Args:
        report: For what it takes to read a record.
        profile: Profile's name.
        datasets: Data sets' names.
        seeds: How many.
    """
    rows, notes = {}, []
    state = schedule.checkpoints(profile, datasets)
    most = 0
    for kind, gpu in (("CPU", False), ("GPU", True)):
        jobs, missing = schedule.jobs(profile, datasets, gpu=gpu)
        if not jobs:
            notes.append(f"No record was made on a {kind}.")
            continue
        if len(jobs) < most:  # hours of less work do not compare
            notes.append(f"Of all of them a {kind} ran {len(jobs)}, too few for rows here.")
            continue
        most = len(jobs)
        notes.append(
            f"Hours of a {kind} are for the {most} cells that it has records of, without the "
            f"{len(missing)} others."
        )
        for nodes in (1, 10, 100, 1_000, seeds * len(jobs)):
            made = schedule.schedule(jobs, nodes, seeds)
            rows[kind, nodes] = {
                "hours": text(made.seconds / 3600, 0),
                "hours of all nodes": text(made.nodes * made.seconds / 3600, 0),
                "worked (%)": text(100 * made.busy, 0),
                "records (kB/s)": text(made.written / made.seconds / 1e3, 2),
                "checkpoints (MB/s, at most)": text(min(nodes, seeds * len(jobs)) * state / 1e6, 0),
                "reading all records (s)": _collecting(report, seeds * len(jobs)),
            }
    frame = pd.DataFrame.from_dict(rows, orient="index").rename_axis(["kind", "nodes"])
    caption = (
        f"{seeds} seeds of the profile {profile}, a job at a time on each node, in the last row "
        "a node for each job; checkpoints as if every job were HyperGAN's with its largest "
        f"generators. {' '.join(notes)}"
    )
    return Table(frame, caption, name="cluster")


def _collecting(report: Report, number: int) -> str:
    """Seconds to read so many records, where the run measured it."""
    rows = _part(report, "collection")
    return text(rows.loc["ours", "value"] * number / 1e3, 0) if len(rows) else "–"


def _part(report: Report, part: str) -> pd.DataFrame:
    """A part's rows by what they measure; a quantity with several units has several rows."""
    rows = pd.DataFrame(report["rows"]).reindex(
        columns=["part", "what", "value", "low", "high", "unit"]
    )
    return rows[rows["part"] == part].set_index("what")


def _step(report: Report, name: str) -> pd.DataFrame:
    return _part(report, f"training step, {name}")


def _bars(axes: Axes, rows: pd.DataFrame, label: str, decimals: int = 1) -> None:
    """One bar per row, from the top, with its number and the range over the rounds."""
    low, high = _ends(rows)
    ours = [name.startswith("ours") for name in rows.index]
    axes.barh(
        rows.index, rows["value"], xerr=[rows["value"] - low, high - rows["value"]], height=0.6,
        color=["C0" if own else "gray" for own in ours], lw=0,
        error_kw={"ecolor": "C3", "elinewidth": 1.5},
    )  # fmt: skip
    for place, value in enumerate(rows["value"]):  # beside the panel, not at the end of a range
        axes.text(
            1.01, place, text(value, decimals), transform=axes.get_yaxis_transform(), va="center",
            fontsize=8.5,
        )  # fmt: skip
    axes.set(xlabel=label, xlim=(0, 1.05 * high.max()))
    axes.invert_yaxis()
