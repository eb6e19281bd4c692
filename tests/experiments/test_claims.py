import json
import shutil
from dataclasses import replace

import numpy as np
import pytest
from examples import example

from hypergan.data.datasets import NAMES
from hypergan.errors import DataError, SettingsError
from hypergan.evaluation import predictive
from hypergan.experiments import claims, records
from hypergan.experiments.claims import STATISTICS, Claim, all_claims, evaluate, judge
from hypergan.experiments.intervals import interval
from hypergan.experiments.methods import METHODS
from hypergan.experiments.paper import transcribed
from hypergan.experiments.records import Cell

CLAIMS = all_claims()
ABLATED, FULL = "hypergan-no-mixer", "hypergan"
CLAIM = Claim(
    id="mixer-helps",
    claim="The mixer helps.",
    place="Section 0",
    quote="helps",
    rule="Accuracy with the mixer, minus that without, is above 0.",
    measured=f"{FULL}/digits metric accuracy/1",
    against=f"{ABLATED}/digits metric accuracy/1",
    comparison=">",
    threshold="0",
    unit="points",
    seeds=2,
    figure="ablation",
)


def write(folder, method, seed, accuracy, **changes):
    cell = Cell(method, "digits", seed, "lite")
    record = example(cell, metrics={"accuracy": {"1": accuracy}}, **changes)
    records.write(record, {"x": np.arange(2.0)}, folder / cell.path)
    return folder / cell.path


@pytest.fixture
def folder(own_runs):
    """Records of two methods with three seeds each."""
    for seed, noise in enumerate((-0.1, 0.0, 0.1)):
        write(own_runs, FULL, seed, 92.0 + noise)
        write(own_runs, ABLATED, seed, 90.0 - noise)
    return own_runs


# The ledger


def test_every_claim_has_a_name_of_its_own_a_short_quote_and_a_place():
    assert len({claim.id for claim in CLAIMS}) == len(CLAIMS) >= 25
    for claim in CLAIMS:
        assert claim.place, claim.id
        assert 0 < len(claim.quote.split()) <= 12, claim.id


@pytest.mark.parametrize("claim", CLAIMS, ids=lambda claim: claim.id)
def test_every_rule_can_be_applied_and_says_in_words_what_it_does(claim):
    for quantity in claim.quantities:
        assert quantity.dataset in NAMES
    assert judge(interval([1.0, 2.0]), claim.comparison, claim.threshold, claim.seeds)
    words = {">": "above", "<": "below", "between": "between"}[claim.comparison]
    for number in (words, *claim.threshold.split()):
        assert f" {number}" in claim.rule


@pytest.mark.parametrize("path", sorted(records.published().rglob("seed*.json")), ids=str)
def test_a_published_record_has_every_number_that_the_ledger_asks_of_it(path):
    """A misspelt path would read as a claim that was not run."""
    cell = records.read(path).cell
    for claim in CLAIMS:
        for quantity in claim.quantities:
            if (quantity.method, quantity.dataset) == (cell.method, cell.dataset):
                assert cell.seed in quantity.values(cell.profile, [records.published()]), quantity


def test_every_method_of_the_ledger_can_be_run():
    named = {quantity.method for claim in CLAIMS for quantity in claim.quantities}
    assert named <= METHODS.keys()


# Verdicts


@pytest.mark.parametrize(
    ("values", "comparison", "threshold", "verdict"),
    [
        ([1.0, 1.1, 1.2], ">", "0", "confirmed"),
        ([-1.0, -1.1, -1.2], ">", "0", "contradicted"),
        ([-1.0, 1.0, 2.0], ">", "0", "undecided"),
        ([1.0, 1.1, 1.2], "<", "2", "confirmed"),
        ([1.0, 1.1, 1.2], "<", "0", "contradicted"),
        ([0.6, 0.61, 0.62], "between", "0.5 0.7", "confirmed"),
        ([0.8, 0.81, 0.82], "between", "0.5 0.7", "contradicted"),
        ([0.4, 0.41, 0.42], "between", "0.5 0.7", "contradicted"),
        ([0.6, 0.7, 0.8], "between", "0.5 0.7", "undecided"),
        ([0.0, 0.0, 0.0], ">", "0", "contradicted"),
        ([5.0], ">", "0", "undecided"),
    ],
)
def test_a_verdict_needs_the_whole_interval_on_one_side(values, comparison, threshold, verdict):
    assert judge(interval(values), comparison, threshold, seeds=2) == verdict


def test_one_seed_decides_where_the_claim_says_so():
    assert judge(interval([1.2]), "<", "1.5", seeds=1) == "confirmed"
    assert judge(interval([1.6]), "<", "1.5", seeds=1) == "contradicted"


def test_the_effect_is_the_mean_difference_over_the_seeds_that_both_have(folder):
    write(folder, FULL, 7, 50.0)
    finding = evaluate(CLAIM)
    assert finding.verdict == "confirmed"
    assert str(finding.effect) == str(interval([1.8, 2.0, 2.2]))
    assert len(finding.records) == 6
    assert finding.missing == ()


def test_changing_one_number_in_a_record_changes_the_verdict(folder):
    path = folder / Cell(FULL, "digits", 1, "lite").path
    content = json.loads(path.read_text())
    content["metrics"]["accuracy"]["1"] = 85.0
    path.write_text(json.dumps(content))
    assert evaluate(CLAIM).verdict == "undecided"


def test_changing_one_number_in_copies_of_published_records_changes_the_verdict(tmp_path):
    """Of three accuracies that confirm a claim, one moves by two points."""
    (claim,) = (claim for claim in CLAIMS if claim.id == "ensembles-help-mnist")
    published = records.published() / "lite" / "mnist" / "hypergan"
    copied = shutil.copytree(published, tmp_path / "lite" / "mnist" / "hypergan")
    before = evaluate(claim, folders=[tmp_path])
    assert (before.verdict, before.effect.n) == ("confirmed", 3)
    path = copied / "seed1.json"
    content = json.loads(path.read_text())
    content["metrics"]["accuracy"]["100"] -= 2
    path.write_text(json.dumps(content))
    after = evaluate(claim, folders=[tmp_path])
    assert after.verdict == "undecided"
    assert after.effect.mean == pytest.approx(before.effect.mean - 2 / 3)
    content["metrics"]["accuracy"]["100"] = "many"
    path.write_text(json.dumps(content))
    assert evaluate(claim, folders=[tmp_path]).effect.n == 2


def test_another_threshold_in_the_ledger_changes_the_verdict(folder):
    assert evaluate(replace(CLAIM, threshold="3")).verdict == "contradicted"
    assert evaluate(replace(CLAIM, comparison="<")).verdict == "contradicted"


@pytest.mark.parametrize(
    ("other", "verdict", "effect"),
    [
        ([91.0, 91.0, 91.0], "confirmed", 1.0),
        ([93.0, 93.0, 93.0], "contradicted", -1.0),
        ([95.0, 89.0, 89.0], "undecided", 1.0),
        ([90.5, 60.0, 90.5], "undecided", 11.667),  # beaten more clearly, but not in every seed
    ],
)
def test_a_claim_about_several_methods_is_about_each(folder, other, verdict, effect):
    """The effect shown is that of the method that the verdict rests on."""
    for seed, accuracy in enumerate(other):
        write(folder, "hypergan-no-discriminator", seed, accuracy)
    several = f"{CLAIM.against}; hypergan-no-discriminator/digits metric accuracy/1"
    finding = evaluate(replace(CLAIM, against=several))
    assert finding.verdict == verdict
    assert finding.effect.mean == pytest.approx(effect, abs=1e-3)
    if verdict == "confirmed":
        lowest = evaluate(replace(CLAIM, against=several, comparison="<"))
        assert lowest.effect.mean == pytest.approx(2.0)


def test_each_method_is_compared_over_the_seeds_that_it_has(folder):
    """A third method with one seed does not keep another with three from contradicting."""
    several = f"{CLAIM.against}; hypergan-no-discriminator/digits metric accuracy/1"
    claim = replace(CLAIM, against=several)
    assert evaluate(claim).verdict == "not run"
    write(folder, "hypergan-no-discriminator", 0, 80.0)
    finding = evaluate(claim)
    assert (finding.verdict, finding.effect.n, len(finding.records)) == ("undecided", 1, 7)
    for seed in range(3):
        write(folder, ABLATED, seed, 95.0 + seed / 10)
    finding = evaluate(claim)
    assert (finding.verdict, finding.effect.n) == ("contradicted", 3)
    assert evaluate(claim, seed=1).verdict == "not run"


def test_a_single_seed_leaves_a_comparison_undecided_and_no_record_leaves_it_not_run(folder):
    assert evaluate(CLAIM, seed=1).verdict == "undecided"
    assert evaluate(CLAIM, seed=8).verdict == "not run"
    finding = evaluate(CLAIM, profile="paper")
    assert (finding.verdict, finding.effect, finding.records) == ("not run", None, ())
    assert finding.missing == tuple(
        Cell(method, "digits", seed, "paper") for method in (FULL, ABLATED) for seed in (0, 1)
    )


def test_stand_ins_stale_and_damaged_records_and_ones_without_the_number_do_not_count(folder):
    write(folder, FULL, 0, 92.0, stand_in=True)
    write(folder, FULL, 1, 92.0, config={"model": {}})
    (folder / Cell(FULL, "digits", 2, "lite").path).write_text("{")
    assert evaluate(CLAIM).verdict == "not run"
    assert evaluate(replace(CLAIM, measured=f"{FULL}/digits metric nll/1")).verdict == "not run"


def test_own_records_come_before_published_ones(folder, tmp_path):
    published = tmp_path / "published"
    for seed in range(4):
        write(published, FULL, seed, 10.0)
        write(published, ABLATED, seed, 90.0)
    assert evaluate(CLAIM, folders=[published]).verdict == "contradicted"
    both = evaluate(CLAIM, folders=[folder, published])
    assert both.effect.n == 4
    assert both.records[0].is_relative_to(folder)


# Statistics


def test_statistics_of_a_record():
    rows = [{"epoch": e, "accuracy": float(e)} for e in range(1, 21)]
    by_eps = {"0": {"entropy": 9.0}, "0.1": {"entropy": 1.0}, "0.3": {"entropy": 2.0}}
    metrics = {
        "norms": {"conv1": {"mean": 10.0, "std": 1.0}, "linear": {"mean": 2.0, "std": 0.6}},
        "attacks": {"pgd": {"10": {"fresh": by_eps}}},
    }
    record = example(history=rows, metrics=metrics, peak_memory_bytes=1_500_000_000)

    def value(name, *arguments):
        return STATISTICS[name](record, None, *arguments)

    assert value("metric", "norms/linear/std") == 0.6
    assert value("relative_norm_std") == pytest.approx(0.2)
    assert value("history", "accuracy", "start") == 1.5
    assert value("history", "accuracy", "end") == 19.5
    assert value("attack", "pgd", "10", "fresh", "entropy") == 1.5
    assert value("memory") == 1.5
    for most, row in enumerate(rows[5:], start=1):  # gone on from an older checkpoint
        row["peak_memory_bytes"] = most * 10**7
    assert value("memory") == 0.15


def test_the_log_likelihood_is_the_mean_over_ensembles_of_that_size(own_runs):
    x = np.array([-5.0, -4.0, 0.0, 5.0])
    predictions = np.random.default_rng(0).normal(x, 2, size=(40, 4)).astype(np.float32)
    path = own_runs / Cell(FULL, "cubic", 0, "lite").path
    arrays = {"x": x, "y": x**3, "predictions": predictions}
    records.write(example(Cell(FULL, "cubic", 0, "lite")), arrays, path)
    outside = [
        predictive.log_likelihood(predictions[i : i + 10, [0, 3]], x[[0, 3]] ** 3, noise=3.0)
        for i in range(0, 40, 10)
    ]
    found = claims.log_likelihood(path, "outside", "10")
    assert found == pytest.approx(np.mean(outside), rel=1e-5)


def test_an_unknown_statistic_is_refused_with_the_known_ones():
    with pytest.raises(SettingsError, match="choose one of metric, "):
        evaluate(replace(CLAIM, measured="hypergan/digits median accuracy"))


@pytest.mark.parametrize(
    "damage",
    [
        lambda text: text.replace("measured", "measures", 1),
        lambda text: text.partition("\n")[2],
        lambda text: text.partition("\n")[0],
        lambda text: text + "another,row\n",
        lambda text: "",
        lambda text: text.replace("seeds", "seed", 1),
        lambda text: text + "\xff",
    ],
    ids=["column", "no header", "no rows", "half a row", "empty", "no seeds", "bytes"],
)
def test_a_damaged_table_of_claims_is_refused(damage, tmp_path, monkeypatch):
    whole = transcribed("claims.csv").read_text(encoding="utf-8")
    (tmp_path / "claims.csv").write_text(damage(whole), encoding="latin-1", errors="replace")
    monkeypatch.setattr(claims, "transcribed", lambda name: tmp_path / name)
    with pytest.raises(DataError, match=r"claims.csv .*; .* from git again"):
        claims.all_claims()
