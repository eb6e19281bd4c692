import re
import shutil
from copy import deepcopy
from dataclasses import replace
from itertools import combinations

import numpy as np
import pytest
from examples import example

from hypergan import paths
from hypergan.__main__ import main
from hypergan.errors import RecordError
from hypergan.experiments import cells, provenance, records, verification
from hypergan.experiments.records import Cell, flat
from hypergan.experiments.verification import (
    TOLERANCES,
    Row,
    chosen,
    compare,
    compare_records,
    difference,
    tolerance_of,
)

CELL = Cell("hypergan", "digits", 3, "lite")
METRICS = {"accuracy": {"1": 90.0, "10": 92.5}, "norms": {"conv1": {"mean": 10.0, "std": 1.0}}}
PUBLISHED = list(records.paths(paths.published()))
TOLERATED = [
    path
    for path in PUBLISHED
    if path.parts[-4:-2] != ("full", "cubic") and path.parts[-2] != "hypergan-hidden-1024"
]
"""Records of which tolerances were made: of the cubic in `full` seeds differ by more than those,
and so do generators of 1,024 units, which a quarter of the epochs leaves unfinished.
"""
MNIST = ["apd", "ensemble", "hypergan", "mc-dropout", "mnf", "sgld"]


def write(folder, metrics=METRICS, spread=4.0, cell=CELL, **changes):
    changes = {"commit": "a" * 40, "metrics": metrics} | changes
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
    assert [row.metric for row in comparison.rows if not row.ok] == ["accuracy/1"]
    assert not comparison.ok


@pytest.mark.parametrize(
    "changes",
    [
        {"spread": 5.0},
        {"history": [{"epoch": 1, "loss": 0.51, "seconds": 1.0}]},
        {"history": [{"epoch": 2, "loss": 0.5, "seconds": 1.0}]},
        {"environment": {"threads": 1, "posterior_sha256": "4" * 64}},
    ],
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
        ({"commit": "b" * 40}, "code"),
        ({"environment": {"threads": 2, "posterior_sha256": "3" * 64}}, "other threads"),
    ],
)
def test_elsewhere_tolerances_apply(changes, reason, own_runs, published):
    write(published)
    write(own_runs, metrics(**{"1": 92.4}), spread=5.0, **changes)
    comparison = compare(CELL)
    assert reason in comparison.reason
    assert comparison.ok
    write(own_runs, metrics(**{"1": 92.6}), **changes)
    assert not compare(CELL).ok


def test_only_versions_that_both_records_tell_make_a_difference():
    older = example(versions={"torch": "2", "scipy": "1"})
    newer = example(versions={"torch": "2", "torchvision": "1"})
    assert difference(older, newer) == difference(newer, older) == ""
    assert "torchvision" in provenance.versions()


def test_versions_of_the_sampler_matter_to_the_gold_standard_alone():
    def reason(method):
        cell = Cell(method, "cubic", 0, "lite")
        one, other = (example(cell, versions={"torch": "2", "jax": v}) for v in ("1", "2"))
        return difference(one, other)

    assert reason("hypergan") == ""
    assert reason("nuts") == "made with other versions of jax"


def test_two_runs_on_a_gpu_are_never_made_alike(own_runs, published):
    for folder in (own_runs, published):
        write(folder, device="NVIDIA H100")
    assert compare(CELL).reason == "made on a GPU"


def test_a_real_cell_is_identical_here_and_within_the_tolerances_elsewhere(
    published, own_runs, monkeypatch
):
    cell = Cell("hypergan", "cubic", 0, "smoke")
    cells.run(cell, progress=False)
    shutil.copytree(own_runs, published)
    cells.run(cell, progress=False, force=True)
    assert compare(cell).identical
    monkeypatch.setattr("os.cpu_count", lambda: 2)
    cells.run(cell, progress=False, force=True, threads=2)  # other parts of sums are added first
    comparison = compare(cell)
    assert "another machine" in comparison.reason
    assert comparison.ok, str(comparison)


def test_networks_that_collapsed_are_a_mismatch(own_runs, published):
    write(published)
    collapsed = METRICS | {"norms": {"conv1": {"mean": 10.0, "std": 1e-4}}}
    write(own_runs, collapsed, device="cpu, another")
    (row,) = [row for row in compare(CELL).rows if not row.ok]
    assert row.metric == "norms/conv1/std"


def elsewhere(reference, rerun):
    """Compare two records as if the second were the first one's re-run on another machine."""
    return compare_records(reference, replace(rerun, device="cpu, another"))


def refused(comparison):
    return [row.metric for row in comparison.rows if not row.ok]


def in_common(*files):
    """Two records with the metrics that both have."""
    pair = [records.read(file) for file in files]
    one, other = (flat(record.metrics) for record in pair)
    shared = [{name: m[name] for name in one if name in other} for m in (one, other)]
    return [replace(record, metrics=m) for record, m in zip(pair, shared, strict=True)]


def mnist(method):
    return paths.published() / "full" / "mnist" / method / "seed0.json"


@pytest.mark.audit
def test_every_published_metric_has_a_tolerance_and_no_tolerance_is_unused():
    used = set()
    for record in map(records.read, PUBLISHED):
        assert elsewhere(record, record).ok
        used |= {
            next(pattern for pattern in TOLERANCES if re.fullmatch(pattern, metric))
            for metric in flat(record.metrics)
        }
    assert used == set(TOLERANCES)


@pytest.mark.audit
@pytest.mark.parametrize(
    "pair", [pair for pair in combinations(TOLERATED, 2) if len({p.parent for p in pair}) == 1]
)
def test_two_seeds_of_a_method_pass_for_each_other(pair):
    assert refused(elsewhere(*in_common(*pair))) == []


@pytest.mark.parametrize(
    "methods",
    # What apd imitates is the very chain of sgld.
    [pair for pair in combinations(MNIST, 2) if pair != ("apd", "sgld")],
    ids="-".join,
)
def test_no_method_passes_for_another(methods):
    assert refused(elsewhere(*in_common(*map(mnist, methods))))


def collapse(metrics):
    """All networks are the same."""
    for norm in metrics["norms"].values():
        norm["std"] = 0.0
    metrics["diversity"] = dict.fromkeys(metrics["diversity"], 0.0)


def attack_nothing(metrics):
    """Attacks leave the images as they are."""
    for sizes in metrics["attacks"].values():
        for by_eps in (tested for size in sizes.values() for tested in size.values()):
            by_eps.update(dict.fromkeys(by_eps, by_eps["0"]))


def guess(metrics):
    """Every network guesses."""
    metrics["accuracy"] = dict.fromkeys(metrics["accuracy"], 10.0)


def triple(metrics):
    """Entropies are off by a factor."""
    metrics["entropy"] = {where: 3 * value for where, value in metrics["entropy"].items()}


@pytest.mark.parametrize(
    ("change", "metric"),
    [
        (collapse, "norms/conv1/std"),
        (collapse, "diversity/disagreement"),
        (attack_nothing, "attacks/pgd/1/same/0.3/success"),
        (attack_nothing, "attacks/pgd/10/same/0.3/all_fooled"),
        (attack_nothing, "attacks/pgd/100/fresh/0.3/fooled"),
        (guess, "accuracy/100"),
        (triple, "entropy/in"),
    ],
)
def test_a_broken_run_does_not_pass(change, metric):
    record = records.read(mnist("hypergan"))
    metrics = deepcopy(record.metrics)
    change(metrics)
    assert metric in refused(elsewhere(record, replace(record, metrics=metrics)))


@pytest.mark.parametrize(
    ("metric", "values", "tolerance"),
    [
        ("accuracy/10", (98.0, 98.0), 2.5),
        ("accuracy_ensembles/10", (10, 10), 0.0),
        ("norms/linear/mean", (20.0, 16.0), 10.0),
        ("norms/conv1/std", (0.0, 1e-6), 1e-4),
        ("uncertainty/10/entropy/out", (0.6, 0.3), 0.48),
        ("uncertainty/10/entropy/auroc", (0.9, 0.9), 0.1),
    ],
)
def test_tolerances_are_the_same_from_both_sides(metric, values, tolerance):
    one, other = ({metric: value} for value in values)
    assert tolerance_of(metric, one, other) == pytest.approx(tolerance)
    assert tolerance_of(metric, other, one) == pytest.approx(tolerance)


IMAGES, SUCCESS, SHARE, FOOLED = (
    f"attacks/pgd/5/same/0.1/{name}"
    for name in ("images", "success", "all_fooled", "entropy_fooled")
)


def attacked(images, share, entropy_fooled):
    return {IMAGES: images, SUCCESS: 0.5, SHARE: share, FOOLED: entropy_fooled}


@pytest.mark.parametrize("images", [10, 50, 100])
def test_a_share_of_few_images_may_scatter_like_one(images):
    draws = np.random.default_rng(0).binomial(images, 0.5, (2, 10_000)) / images
    metrics = attacked(images, 0.0, None)
    scatter = tolerance_of(SUCCESS, metrics, metrics) - 0.2
    assert scatter == pytest.approx(3 * (draws[0] - draws[1]).std(), rel=0.05)


def test_a_mean_over_fewer_images_is_given_more():
    few, many = attacked(100, 0.02, 1.0), attacked(100, 0.8, 1.0)
    assert tolerance_of(FOOLED, few, few) > tolerance_of(FOOLED, few, many)
    assert tolerance_of(FOOLED, few, many) > tolerance_of(FOOLED, many, many)


def test_a_mean_over_no_images_may_stand_beside_any_other_but_not_their_share():
    none, few = attacked(100, 0.0, None), attacked(100, 0.02, 1.0)
    assert tolerance_of(FOOLED, none, few) == np.inf
    assert Row(FOOLED, None, 1.0, np.inf).ok
    assert tolerance_of(SHARE, none, few) > 0.02
    assert tolerance_of(SHARE, none, attacked(100, 0.5, 1.0)) < 0.5
    assert tolerance_of(FOOLED, attacked(100, 0.02, None), few) == 0.0
    assert not Row(FOOLED, None, 1.0, 0.0).ok


def test_a_metric_without_a_tolerance_is_named():
    with pytest.raises(RecordError, match=r"metric speed/1 has no tolerance"):
        tolerance_of("speed/1", {"speed/1": 3.0}, {"speed/1": 3.0})


def test_what_is_no_number_has_to_be_equal():
    assert Row("attacks/0/attack", "fgsm", "fgsm", 0.1).ok
    assert not Row("attacks/0/attack", "fgsm", "pgd", 0.1).ok


def test_metrics_by_their_paths():
    assert flat({"a": {"1": 2}, "b": [{"c": 3}, {"c": None}]}) == {
        "a/1": 2, "b/0/c": 3, "b/1/c": None,
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
    assert chosen(words) == [CELL.path]
    assert chosen(["smoke"]) == [other.path]


def test_a_record_of_a_method_that_is_no_more_does_not_stop_the_others(capsys, own_runs, published):
    for folder in (own_runs, published):
        write(folder)
        (folder / CELL.path).parent.with_name("gone").mkdir()
        (folder / CELL.path.parent.with_name("gone") / "seed0.json").write_text("{}")
    assert main(["verify"]) == 2
    output = capsys.readouterr()
    assert "unknown method 'gone'" in output.err
    assert CELL.method in output.out


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


def test_the_published_records_are_no_re_runs(capsys, published, monkeypatch):
    write(published)
    monkeypatch.setenv("HYPERGAN_RUNS", str(published / "lite" / ".."))
    assert main(["verify"]) == 2
    assert "each would be compared with itself" in capsys.readouterr().err


def test_what_only_the_rerun_measures_is_newer_and_not_compared(own_runs, published):
    write(published)
    norms = METRICS["norms"] | {"conv2": {"mean": 3.0, "std": 1.0}}
    newer = {"rmse": 1.0, "brier_score": {"10": 0.5, "100": 0.7}, "norms": norms}
    write(own_runs, METRICS | newer, commit="b" * 40)
    comparison = compare(CELL)
    assert comparison.ok
    assert [row.metric for row in comparison.rows] == list(flat(METRICS))
    assert str(comparison).endswith("newer, so not compared: brier_score, norms/conv2, rmse")


def test_what_only_the_published_record_measures_is_an_error(own_runs, published):
    write(published, METRICS | {"rmse": 1.0})
    write(own_runs)
    with pytest.raises(RecordError, match="lacks what the published record measures: rmse;"):
        compare(CELL)


def test_a_record_of_other_settings_is_not_compared(own_runs, published):
    write(published)
    write(own_runs, config={"validation": 7})
    with pytest.raises(RecordError, match="made with other settings"):
        compare(CELL)


def test_the_command_prints_a_table_and_fails_on_a_mismatch(capsys, own_runs, published):
    write(published)
    write(own_runs)
    assert main(["verify"]) == 0
    table = capsys.readouterr().out
    assert table.startswith("lite/digits/hypergan/seed3: made alike")
    (line,) = [line for line in table.splitlines() if "norms/conv1/std" in line]
    assert line.split() == ["norms/conv1/std", "1", "1", "+0", "0", "yes"]
    write(own_runs, metrics(**{"10": 80.0}))
    assert main(["verify", "lite"]) == 1
    (line,) = [line for line in capsys.readouterr().out.splitlines() if "accuracy/10" in line]
    assert line.split() == ["accuracy/10", "92.5", "80", "-12.5", "0", "NO"]
