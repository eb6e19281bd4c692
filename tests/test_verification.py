import shutil

import numpy as np
import pytest
import torch
from test_records import example

from hypergan import cells, records, verification
from hypergan.__main__ import main
from hypergan.errors import RecordError
from hypergan.records import Cell
from hypergan.verification import Row, chosen, compare, flat, tolerance_of

CELL = Cell("hypergan", "digits", 3, "lite")
METRICS = {"accuracy": {"1": 90.0, "10": 92.5}, "norms": {"conv1": {"mean": 10.0, "std": 1.0}}}


@pytest.fixture
def published(tmp_path, monkeypatch):
    folder = tmp_path / "published"
    for module in (records, verification, cells):
        monkeypatch.setattr(module, "published", lambda: folder, raising=False)
    monkeypatch.setattr("hypergan.__main__.published", lambda: folder)
    return folder


def write(folder, metrics=METRICS, spread=4.0, cell=CELL, **changes):
    changes = {"commit": "a", "metrics": metrics} | changes
    return records.write(
        example(cell, **changes), {"norms_conv1": np.arange(spread)}, folder / cell.path
    )


@pytest.fixture(autouse=True)
def code(monkeypatch):
    """Commits of a history in which the package never changed."""
    monkeypatch.setattr(verification, "same_code", lambda one, other: one == other)


def metrics(**accuracies):
    return METRICS | {"accuracy": METRICS["accuracy"] | accuracies}


def test_what_was_made_alike_has_to_be_identical(own_runs, published):
    write(published)
    write(own_runs, wall_seconds=99.0, peak_memory_bytes=1)
    assert compare(CELL).ok
    write(own_runs, metrics(**{"1": 90.0001}))
    comparison = compare(CELL)
    assert [row.metric for row in comparison.rows if not row.ok] == ["accuracy.1"]
    assert not comparison.ok


@pytest.mark.parametrize(
    "changes", [{"spread": 5.0}, {"history": [{"epoch": 1, "loss": 0.51}]}, {"history": []}]
)
def test_arrays_and_history_too_have_to_be_identical(changes, own_runs, published):
    write(published)
    write(own_runs, **changes)
    comparison = compare(CELL)
    assert all(row.ok for row in comparison.rows)
    assert not comparison.ok


@pytest.mark.parametrize(
    ("changes", "reason"),
    [
        ({"device": "cpu, another"}, "another machine"),
        ({"versions": {"torch": "3"}}, "other versions of torch"),
        ({"data_sha256": {"file": "2" * 64}}, "other files"),
        ({"commit": "b"}, "code"),
    ],
)
def test_elsewhere_tolerances_apply(changes, reason, own_runs, published):
    write(published)
    write(own_runs, metrics(**{"1": 90.9}), spread=5.0, **changes)
    comparison = compare(CELL)
    assert reason in comparison.reason
    assert comparison.ok
    write(own_runs, metrics(**{"1": 91.1}), **changes)
    assert not compare(CELL).ok


def test_two_runs_on_a_gpu_are_never_made_alike(own_runs, published):
    for folder in (own_runs, published):
        write(folder, device="NVIDIA H100")
    assert compare(CELL).reason == "made on a GPU"


def test_a_real_cell_is_identical_here_and_within_the_tolerances_elsewhere(published, own_runs):
    cell, threads = Cell("hypergan", "cubic", 0, "smoke"), torch.get_num_threads()
    cells.run(cell, progress=False)
    shutil.copytree(own_runs, published)
    cells.run(cell, progress=False, force=True)
    assert compare(cell).identical
    try:
        torch.set_num_threads(threads + 1)  # other parts of sums are added first
        cells.run(cell, progress=False, force=True)
    finally:
        torch.set_num_threads(threads)
    comparison = compare(cell)
    assert "another machine" in comparison.reason
    assert comparison.ok, str(comparison)


def test_networks_that_collapsed_are_a_mismatch(own_runs, published):
    write(published)
    collapsed = METRICS | {"norms": {"conv1": {"mean": 10.0, "std": 1e-4}}}
    write(own_runs, collapsed, device="cpu, another")
    (row,) = [row for row in compare(CELL).rows if not row.ok]
    assert row.metric == "norms.conv1.std"


@pytest.mark.parametrize(
    ("metric", "value", "tolerance"),
    [
        ("accuracy.10", 98.0, 1.0),
        ("accuracy_ensembles.10", 10, 0.0),
        ("accuracy_std.10", 0.05, 0.2),
        ("norms.linear.mean", 20.0, 10.0),
        ("norms.linear.std", 2.0, 1.5),
        ("entropy.out", 0.6, 0.21),
        ("entropy.in", 0.002, 0.01),
        ("uncertainty.10.entropy.out", 0.6, 0.42),
        ("attacks.2.eps", 0.1, 0.0),
        ("attacks.2.success", 0.4, 0.15),
        ("attacks.2.attack", "fgsm", 0.0),
    ],
)
def test_every_metric_has_its_tolerance(metric, value, tolerance):
    assert tolerance_of(metric, value) == pytest.approx(tolerance)


def test_tolerances_are_the_same_from_both_sides():
    assert tolerance_of("rmse", 1.0, 2.0) == tolerance_of("rmse", 2.0, 1.0) == 1.2


def test_a_metric_without_a_tolerance_is_named():
    with pytest.raises(RecordError, match=r"metric speed\.1 has no tolerance"):
        tolerance_of("speed.1", 3.0)


def test_what_is_no_number_has_to_be_equal():
    assert Row("attacks.0.entropy_fooled", None, None, 0.1).ok
    assert not Row("attacks.0.entropy_fooled", None, 0.3, 0.1).ok
    assert not Row("attacks.0.attack", "fgsm", "pgd", 0.1).ok


def test_metrics_by_dotted_names():
    assert flat({"a": {"1": 2}, "b": [{"c": 3}, {"c": None}]}) == {
        "a.1": 2, "b.0.c": 3, "b.1.c": None,
    }  # fmt: skip


@pytest.mark.parametrize(
    "words",
    [
        [],
        ["lite"],
        ["lite/digits/hypergan"],
        ["lite/digits/hypergan/seed3"],
        ["lite/digits/hypergan/seed3.json", "lite"],
        ["{runs}/lite/digits"],
        ["{published}/lite/digits/hypergan/seed3.json"],
    ],
)
def test_cells_are_chosen_by_paths_and_folders(words, own_runs, published):
    for folder in (own_runs, published):
        write(folder)
    other = Cell("hypergan", "digits", 33, "smoke")
    write(own_runs, cell=other)
    words = [word.format(runs=own_runs, published=published) for word in words]
    assert chosen(words) == [CELL]
    assert chosen(["smoke"]) == [other]


def test_what_is_missing_is_named_with_the_way_out(capsys, own_runs, published):
    def fails(*words):
        assert main(["verify", *words]) == 2
        return capsys.readouterr().err

    assert "no published record was run again" in fails()
    assert "there is no record lite/mnist" in fails("lite/mnist")
    write(published)
    assert "run it with `python -m hypergan run hypergan digits --seed 3" in fails("lite")
    write(own_runs)
    (published / CELL.path).unlink()
    assert "publish it with `python -m hypergan promote`" in fails("lite/digits")


def test_a_record_of_other_metrics_or_settings_is_not_compared(own_runs, published):
    write(published)
    write(own_runs, METRICS | {"rmse": 1.0})
    with pytest.raises(RecordError, match="only one of them has rmse"):
        compare(CELL)
    write(own_runs, config={"validation": 7})
    with pytest.raises(RecordError, match="made with other settings"):
        compare(CELL)


def test_the_command_prints_a_table_and_fails_on_a_mismatch(capsys, own_runs, published):
    write(published)
    write(own_runs)
    assert main(["verify"]) == 0
    table = capsys.readouterr().out
    assert table.startswith("lite/digits/hypergan/seed3: made alike")
    (line,) = [line for line in table.splitlines() if "norms.conv1.std" in line]
    assert line.split() == ["norms.conv1.std", "1", "1", "+0", "0", "yes"]
    write(own_runs, metrics(**{"10": 80.0}))
    assert main(["verify", "lite"]) == 1
    (line,) = [line for line in capsys.readouterr().out.splitlines() if "accuracy.10" in line]
    assert line.split() == ["accuracy.10", "92.5", "80", "-12.5", "0", "NO"]
