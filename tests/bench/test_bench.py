"""The contenders compute what ours does, and the report says what was measured."""

import json
import os
import subprocess
import urllib.request
from urllib.error import URLError

import pandas as pd
import pytest
import torch

from hypergan import HyperGAN, Training
from hypergan.__main__ import main
from hypergan.bench import company, figures, plain, profiling, report, suite, timing
from hypergan.bench.memory import peak_of
from hypergan.data.datasets import load
from hypergan.errors import DataError, RecordError
from hypergan.evaluation.attacks import fgsm, in_pixels
from hypergan.machine import ALLOTMENTS
from hypergan.objective import cross_entropy
from hypergan.step import Step
from hypergan.targets import mnist_target


@pytest.fixture
def model(generator):
    sizes = {"noise_dim": 8, "code_dim": 8, "hidden": 16}
    return HyperGAN(mnist_target(), **sizes, generator=generator)


def test_all_contenders_give_our_logits(model, generator):
    ensemble, images = model.ensemble(3, generator), torch.rand(7, 1, 28, 28, generator=generator)
    ours = ensemble.predict(images, batch_size=4, precision="float32")
    modules = [ensemble[i] for i in range(3)]
    for theirs in (
        plain.one_after_another(ensemble, images, batch_size=4),
        plain.vectorised(ensemble, images, batch_size=4),
        plain.as_modules(modules, images, batch_size=4),
    ):
        torch.testing.assert_close(theirs, ours, rtol=1e-4, atol=1e-5)


def test_the_plain_step_is_ours(generator):
    """From the same start and noise, on the same images, both end with the same networks."""
    images, labels = torch.rand(6, 1, 28, 28, generator=generator), torch.arange(6)
    training = Training(
        networks=3, codes=3, share_images=True, batch_size=6, precision="float32",
        learning_rate=1e-4, weight_rate=None, mean_rate=None, discriminator_rate=1e-4,
    )  # fmt: skip
    models = []
    for ours in (True, False):
        start = torch.Generator().manual_seed(1)
        sizes = {"noise_dim": 8, "code_dim": 8, "hidden": 16}
        options = {"centred": False, "batch_norm": False}  # it would leave biases no gradient
        model = HyperGAN(mnist_target(), **sizes, **options, generator=start).train()
        if ours:
            optimisers = model.optimisers(training)
            model.update(Step(images, labels, cross_entropy, training, optimisers, 6, start))
        else:
            plain.step(model, 3, start)(images, labels)
        parts = ("mixer", "generators", "discriminator")
        models.append({n: p for n, p in model.named_parameters() if n.startswith(parts)})
    for name in models[0]:  # Adam's first step is 1e-4 each, of either sign where rounding decides
        agree = (models[0][name] - models[1][name]).abs() < 2e-5
        assert agree.float().mean() > 0.9, name


def test_ratios_are_paired_by_round():
    times = {"ours": [1.0, 2.0, 4.0], "theirs": [3.0, 8.0, 8.0]}
    (row,) = timing.ratios("part", times)
    assert row == {
        "part": "part", "what": "theirs / ours", "value": 3.0, "unit": "x", "low": 2.0, "high": 4.0
    }  # fmt: skip


def test_contenders_take_turns_and_the_first_round_does_not_count():
    calls = []
    times = timing.take_turns({"a": lambda: calls.append("a"), "b": lambda: calls.append("b")}, 2)
    assert calls == ["a", "b"] * 3
    assert {name: len(values) for name, values in times.items()} == {"a": 2, "b": 2}


@pytest.mark.parametrize(
    ("ours", "theirs", "names"),
    [
        (98.5, 97.0, ["ours", "plain loop, not there", "plain loop / ours, at least"]),
        (97.0, 97.0, ["ours, not there", "plain loop, not there"]),
        (97.0, 98.5, ["ours, not there", "plain loop"]),
    ],
)
def test_a_time_to_accuracy_that_was_not_reached_is_no_time(
    ours, theirs, names, model, monkeypatch
):
    asked = {}

    def fitted(*_, **options):
        asked.update(options)
        return [{"seconds": 2.0, "validation_accuracy": ours}]

    monkeypatch.setattr(suite, "_near_a_start", lambda _: model)
    monkeypatch.setattr(suite, "fit", fitted)
    monkeypatch.setattr(suite, "_plain_course", lambda budget, *_: [[budget, theirs]])
    monkeypatch.setattr(suite, "_precision", lambda *_: [])
    data = load("mnist", stand_in=True, validation=20)
    rows, curves = suite.time_to_accuracy(data, quick=False, progress=False)
    assert [row["what"] for row in rows] == names
    assert [row["value"] for row in rows[:2]] == [2.0, 16.0]
    assert curves == {"ours": [[2.0, ours]], "plain loop": [[16.0, theirs]]}
    assert asked["progress"] is False


def test_missing_data_fail_before_anything_is_measured(tmp_path, monkeypatch):
    def refuse(*_, **__):
        raise URLError("no internet")

    monkeypatch.setattr(urllib.request, "urlopen", refuse)
    monkeypatch.setenv("HYPERGAN_DATA", str(tmp_path))
    monkeypatch.setattr(suite, "evaluation", lambda _: pytest.fail("measured already"))
    with pytest.raises(DataError, match="MNIST is not in"):
        report.run(quick=True, progress=False)


@pytest.mark.slow
def test_two_hundred_networks_need_no_more_memory_than_a_hundred():
    few = peak_of("evaluate", 100)
    # What is needed is the least peak: the C library keeps more besides, now and then twice that.
    assert any(peak_of("evaluate", 200) < 1.3 * few for _ in range(3))


def test_the_plain_attack_is_ours(model, generator):
    ensemble = model.ensemble(3, generator)
    images, labels = torch.rand(4, 1, 28, 28, generator=generator), torch.arange(4)
    victim = in_pixels(lambda: ensemble, [0.0], [1.0], precision="float32")
    ours = fgsm(victim, images, labels, 0.1)
    agree = (plain.fgsm(ensemble, images, labels, 0.1) - ours).abs() < 1e-6
    assert agree.float().mean() > 0.99  # a gradient of almost 0 may have either sign


def test_the_plain_loop_predicts_as_many_networks(model):
    images, networks = torch.rand(3, 1, 28, 28), 120
    torch.manual_seed(1)
    theirs = plain.predict_proba(model, images, networks)
    torch.manual_seed(1)
    drawn = [model.ensemble(n) for n in (100, 20)]
    ours = sum(len(e) * e.predict_proba(images, precision="float32") for e in drawn) / networks
    torch.testing.assert_close(theirs, ours, rtol=1e-4, atol=1e-5)


@pytest.mark.slow
def test_every_cost_has_a_plain_counterpart():
    """Of everything but what takes processes of its own or MNIST."""
    parts = (suite.growth, suite.gradient, suite.training_step, suite.default_step, suite.sampling)
    measured = {(row["part"], row["what"]) for part in parts for row in part(True)}
    for part, what in measured:
        if what.endswith("ours") and " / " not in what:
            theirs = what.replace("ours", "plain loop")
            assert {(part, theirs), (part, f"{theirs} / {what}")} <= measured
    assert len({part for part, _ in measured}) == 10


REPORT = {
    "device": "cpu, fast", "instructions": "AVX512", "quick": False, "commit": "0", "versions": {},
    "rows": [{"part": "p", "what": "theirs / ours", "value": 2.0, "unit": "x"}], "curves": {},
}  # fmt: skip


def of(value, **changes):
    return REPORT | {"rows": [REPORT["rows"][0] | {"value": value}]} | changes


@pytest.fixture
def without_measuring(monkeypatch):
    """A run takes no time and finds what it is told."""
    found = {"value": 2.0}
    for name in (
        "growth",
        "gradient",
        "training_step",
        "default_step",
        "in_company",
        "memory",
        "sampling",
        "collection",
    ):
        monkeypatch.setattr(suite, name, lambda _: [])
    monkeypatch.setattr(suite, "evaluation", lambda _: of(found["value"])["rows"])
    monkeypatch.setattr(suite, "profiles", lambda _: {"step": {"ours": {}, "plain loop": {}}})
    monkeypatch.setattr(suite, "time_to_accuracy", lambda *_, **__: ([], {}))
    monkeypatch.setattr(report, "load", lambda *_, **__: None)
    return found


def test_runs_are_added_and_a_change_since_the_last_one_is_said(own_runs, without_measuring):
    for value, said in ((2.0, []), (2.1, []), (1.6, ["p, theirs / ours: 2.1 -> 1.6 x (-24%)"])):
        without_measuring["value"] = value
        one, changed, path = report.run(progress=False)
        assert changed == said
    assert [run["rows"][0]["value"] for run in report.every(path)] == [2.0, 2.1, 1.6]
    assert report.read() == one
    assert one["instructions"] == torch.backends.cpu.get_cpu_capability()
    quick, _, elsewhere = report.run(quick=True, progress=False)
    assert report.every(elsewhere) == [quick]
    assert len(report.every(path)) == 3


def test_the_command_says_what_was_measured_where_and_what_has_changed(
    own_runs, without_measuring, capsys
):
    for value in (2.0, 1.5):
        without_measuring["value"] = value
        assert main(["bench", "--quiet", "--threads", "1"]) == 0
    said = capsys.readouterr().out
    assert said.count(f"1 threads, {torch.backends.cpu.get_cpu_capability()}\n") == 2
    assert said.count("p, theirs / ours: 2 -> 1.5 x (-25%)") == 1
    assert len(report.every(own_runs / "bench.json")) == 2


def test_another_kind_of_machine_is_no_change(own_runs, without_measuring):
    report._add([of(9.0)], own_runs / "bench.json")
    assert report.run(progress=False)[1] == []


def test_publishing_adds_what_is_new(own_runs, tmp_path, monkeypatch):
    monkeypatch.setattr(report, "PUBLISHED", tmp_path / "published.json")
    report._add([of(1.0, device="other")], report.PUBLISHED)
    with pytest.raises(RecordError, match="no run to publish"):
        report.publish()
    report._add([of(2.0), of(3.0)], own_runs / "bench.json")
    assert [report.publish(), report.publish()] == [2, 0]
    assert [run["rows"][0]["value"] for run in report.every(report.PUBLISHED)] == [1.0, 2.0, 3.0]
    table = figures.machines(report.machines()).frame
    assert table.loc[("p", "theirs / ours")].tolist() == ["1.0", "3.0"]
    assert list(table.columns) == ["other, AVX512", "cpu, fast, AVX512"]


def test_runs_on_one_machine_are_shown_beside_each_other(own_runs, monkeypatch):
    monkeypatch.setattr(report, "PUBLISHED", own_runs / "none.json")
    then, now = of(2.0, commit="a" * 40), of(3.0, commit="b" * 40, date="2026-11-26")
    report._add([then, of(9.0, instructions="other"), now], own_runs / "bench.json")
    shown = figures.since(now).data
    assert "2 runs on this machine" in shown
    assert "aaaaaaa</th>" in shown
    assert "bbbbbbb, 2026-11-26</th>" in shown
    assert "<td>2.00</td><td>3.00</td>" in shown
    assert "9.00" not in shown


def test_profiles_say_where_the_time_went_and_goes(own_runs, monkeypatch):
    monkeypatch.setattr(report, "PUBLISHED", own_runs / "none.json")
    tasks = [
        {"step": {"ours": {"mm": mm, "others": 100 - mm}, "plain loop": {"mul": 7.5}}}
        for mm in (61.0, 42.0)
    ]
    then, now = (of(1.0, commit=c * 40, profiles=p) for c, p in zip("ab", tasks, strict=True))
    report._add([of(1.0), then, now], own_runs / "bench.json")
    shown = figures.profiles(now).data
    rows = [[cell.split("<")[0] for cell in row.split("<td>")[1:]] for row in shown.split("<tr")]
    assert [row for row in rows if row] == [
        ["61.0", "42.0", "–"], ["–", "–", "7.5"], ["39.0", "58.0", "–"],
    ]  # fmt: skip
    assert "aaaaaaa" in shown
    assert "61.0" not in figures.profiles(of(1.0)).data


def test_shares_are_of_the_time_in_operations():
    matrix = torch.rand(1000, 1000)  # large: a pause must not count for more
    found = profiling.shares(lambda: torch.relu(matrix @ matrix), 3)
    assert max(found, key=found.get) == "mm"
    assert sum(found.values()) == pytest.approx(100)
    assert list(found)[-1] == "others"


def test_in_company_ours_has_the_threads_that_the_machine_can_give(monkeypatch):
    begun, told = [], []
    start = subprocess.Popen

    def run(command, env, **_):
        told.append((env.get("OMP_NUM_THREADS"), env.get("OMP_WAIT_POLICY")))
        assert all(process.poll() is None for process in begun[-1:])
        return subprocess.CompletedProcess(command, 0, "[1.0, 2.0]", "")

    def popen(command):
        begun.append(start(command))
        return begun[-1]

    monkeypatch.setattr(company.subprocess, "Popen", popen)
    monkeypatch.setattr(company.subprocess, "run", run)
    monkeypatch.setattr(os, "cpu_count", lambda: 2)
    monkeypatch.setattr(os, "sched_getaffinity", lambda _: {0, 1}, raising=False)
    for name in (*ALLOTMENTS, "SLURM_JOB_ID"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("OMP_WAIT_POLICY", "passive")
    assert company.seconds(2, 0) == [1.0, 2.0]
    company.seconds(2, 2)
    company.seconds(2, 2, ours=False)
    assert told == [("2", None), ("1", "passive"), (None, None)]
    assert len(begun) == 4
    assert all(process.poll() is not None for process in begun)


def test_reading_records_is_measured_beside_reading_all_they_hold():
    rows = {(row["what"], row["unit"]): row["value"] for row in suite.collection(True)}
    assert set(rows) == {
        ("ours", "ms per record"), ("plain loop", "ms per record"), ("plain loop / ours", "x"),
    }  # fmt: skip
    assert min(rows.values()) > 0


def test_a_cluster_takes_less_time_the_more_nodes_it_has():
    read = {"part": "collection", "what": "ours", "value": 2.0, "unit": "ms per record"}
    table = figures.cluster(REPORT | {"rows": [read]}, "lite", ["cubic"], 50)
    assert "No record was made on a GPU" in table.caption
    hours = table.frame["hours"].tolist()
    assert hours == sorted(hours, key=float, reverse=True)
    jobs = table.frame.index[-1][1]
    assert set(table.frame["reading all records (s)"]) == {f"{2 * jobs / 1e3:.0f}"}
    assert set(figures.cluster(REPORT, "lite", ["cubic"], 1).frame.iloc[:, -1]) == {"–"}


def test_hours_of_a_kind_of_machine_that_ran_fewer_cells_are_not_compared(monkeypatch):
    real = figures.schedule.jobs

    def jobs(*arguments, gpu):
        found, missing = real(*arguments, gpu=False)
        return (found[:1], missing) if gpu else (found, missing)

    monkeypatch.setattr(figures.schedule, "jobs", jobs)
    table = figures.cluster(REPORT, "lite", ["cubic"], 1)
    assert {kind for kind, _ in table.frame.index} == {"CPU"}
    assert table.caption.endswith("Of all of them a GPU ran 1, too few for rows here.")


def test_growth_is_drawn_for_what_was_measured():
    rows = [
        {"part": "growth, networks", "what": f"{n}, {who}", "value": v, "unit": suite.COST}
        for n, v in (("1", 3.0), ("1,000", 2.0)) for who in ("ours", "plain loop")
    ]  # fmt: skip
    (axes,) = figures.growth(REPORT | {"rows": rows}).axes
    assert [line.get_xdata().tolist() for line in axes.lines] == [[1, 1000]] * 2
    bare = figures.growth(REPORT)
    assert not bare.axes
    assert bare.notes == ["not measured in the run that is shown"]


def test_company_is_drawn_where_it_was_measured():
    rows = [
        {"part": "in company", "what": f"{where}, {who}", "value": value, "unit": unit}
        for where in ("alone", "beside 2 busy processes")
        for who, value, unit in (("ours", 0.1, "s"), ("plain", 0.4, "s"), ("plain / ours", 4, "x"))
    ]
    axes = figures.in_company(REPORT | {"rows": rows}).axes
    assert [one.get_title() for one in axes] == ["alone", "beside 2 busy processes"]
    for one in axes:
        assert [label.get_text() for label in one.get_yticklabels()] == ["ours", "plain"]
    assert not figures.in_company(REPORT).axes


@pytest.fixture
def published():
    return report.read(report.PUBLISHED)


def test_the_published_report_has_every_picture(published):
    assert not published["quick"]
    for picture in (
        figures.factors, figures.evaluation, figures.limit, figures.training,
        figures.time_to_accuracy,
    ):  # fmt: skip
        assert picture(published).axes
    table = figures.table(published)
    assert len(table.frame) == len(published["rows"])
    assert not table.frame["unit"].str.contains("us ").any()
    assert published["commit"] in figures.sources(published).data


def changed(report, part, what, value):
    """A report with another number of what takes so many times as long as ours."""
    rows = [
        row | {"value": value} if (row["part"], row["what"], row["unit"]) == (part, what, "x")
        else row
        for row in report["rows"]
    ]  # fmt: skip
    return report | {"rows": rows}


def test_the_finding_follows_the_report(published):
    named = "evaluation", "one after another / ours"
    first, *_ = figures.finding(changed(published, *named, 7.2))
    assert "needs 7.2 times as long as this package" in first
    costs = {r["what"]: r["value"] for r in published["rows"] if r["unit"].startswith("us")}
    float32 = costs["one after another"] / costs["ours in float32"]
    assert f"the factors are {float32:.1f}, " in figures.finding(published)[-1]
    named = "time to 98 %, mnist", "plain loop / ours, at least"
    _, stopped, _ = figures.finding(changed(published, *named, 4.0))
    assert stopped.endswith("when it was stopped at 4.0 times our time.")
    rows = [row for row in published["rows"] if not row["part"].startswith("time to")]
    assert "98 %" not in " ".join(figures.finding(published | {"rows": rows}))


def test_factors_are_those_of_the_report(published):
    evaluation, step = figures.factors(published).axes
    names = [label.get_text() for label in evaluation.get_yticklabels()]
    drawn = dict(zip(names, (bar.get_width() for bar in evaluation.patches), strict=True))
    rows = {r["what"]: r["value"] for r in published["rows"] if r["part"] == "evaluation"}
    assert drawn["vmap"] == rows["vmap / ours"]
    assert "plain loop, CIFAR-10" in [label.get_text() for label in step.get_yticklabels()]


def test_a_damaged_report_is_refused(tmp_path):
    path = tmp_path / "bench.json"
    rows = [{"part": "step", "what": "plain", "value": 1.0, "unit": "s"}]
    odd = [{}, [], [{"rows": []}], [{"rows": rows}], [None]]  # the fourth lacks its device
    for text in (None, "{", *(json.dumps({"runs": runs}) for runs in odd)):
        if text is not None:
            path.write_text(text)
        with pytest.raises(RecordError, match="make bench"):
            report.read(path)


def test_growth_with_records_is_shown_as_it_was_measured():
    measured = pd.read_csv(report.PUBLISHED.with_name("records.csv"))
    table = figures.reading().frame
    for row in measured.itertuples():
        assert table.loc[row.job, ("seconds", row.records)] == row.seconds
        assert table.loc[row.job, ("megabytes", row.records)] == row.megabytes
