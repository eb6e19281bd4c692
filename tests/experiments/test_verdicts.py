import json
import math
import shutil
from dataclasses import replace

import numpy as np
import pytest
from examples import edit, example
from scipy import stats
from test_claims import ABLATED, CLAIM, CLAIMS, FULL

from hypergan.errors import DataError
from hypergan.experiments import records, verdicts
from hypergan.experiments.claims import Quantity
from hypergan.experiments.effects import Sample, effect
from hypergan.experiments.profiles import PUBLISHED
from hypergan.experiments.records import Cell
from hypergan.experiments.verdicts import Comparison, Finding, compared, corrected, evaluate

OTHER = "hypergan-no-discriminator"


def write(folder, method, seed, accuracy, arrays=None, **changes):
    cell = Cell(method, "digits", seed, "lite")
    record = example(cell, **({"metrics": {"accuracy": {"1": accuracy}}} | changes))
    records.write(record, arrays or {"x": np.arange(2.0)}, folder / cell.path)
    return folder / cell.path


@pytest.fixture
def folder(own_runs):
    """Records of two methods with three seeds each."""
    for seed, noise in enumerate((-0.1, 0.0, 0.1)):
        write(own_runs, FULL, seed, 92.0 + noise)
        write(own_runs, ABLATED, seed, 90.0 - noise)
    return own_runs


@pytest.mark.parametrize("name", ["acuracy/1", "accuracy/one", "accuracy", "history/los/end"])
def test_a_measure_that_no_record_has_is_a_typo(folder, name):
    with pytest.raises(DataError, match="claim mixer-helps: .* which .*seed0.json does not"):
        evaluate(replace(CLAIM, measure=name))


def test_one_record_that_lacks_a_number_hides_no_other(folder):
    brier = replace(CLAIM, measure="brier_score/1")
    write(folder, ABLATED, 0, 90.0, metrics={"accuracy": {"1": 90.0}, "brier_score": {"1": 0.5}})
    for seed in (1, 2):
        (folder / Cell(FULL, "digits", seed, "lite").path).unlink()
    assert evaluate(brier).verdict == "not run"  # of the one that is left


# Verdicts


def verdict_on(values, region, seeds=2):
    between = {"above": None, "between": region}
    found = effect(Sample(values), bounds=None)
    claim = replace(CLAIM, seeds=seeds, **between)
    return Comparison("", "", found, **compared(found, claim)).verdict


ABOVE_0 = (0, math.inf)


@pytest.mark.parametrize(
    ("values", "region", "verdict"),
    [
        ([1.0, 1.1, 1.2], ABOVE_0, "confirmed"),
        ([-1.0, -1.1, -1.2], ABOVE_0, "contradicted"),
        ([-1.0, 1.0, 2.0], ABOVE_0, "undecided"),
        ([1.0, 1.1, 1.2], (-math.inf, 2), "confirmed"),
        ([1.0, 1.1, 1.2], (-math.inf, 0), "contradicted"),
        ([0.6, 0.61, 0.62], (0.5, 0.7), "confirmed"),
        ([0.8, 0.81, 0.82], (0.5, 0.7), "contradicted"),
        ([0.4, 0.41, 0.42], (0.5, 0.7), "contradicted"),
        ([0.6, 0.7, 0.8], (0.5, 0.7), "undecided"),
        ([0.0, 0.0, 0.0], ABOVE_0, "contradicted"),
        ([0.0, 0.0, 0.0], (-math.inf, 0), "contradicted"),
        ([0.1, 0.1, 0.1], ABOVE_0, "confirmed"),
        ([0.6, 0.6, 0.6], (0.5, 0.7), "confirmed"),
        ([0.8, 0.8, 0.8], (0.5, 0.7), "contradicted"),
        ([5.0], ABOVE_0, "undecided"),
    ],
)
def test_a_verdict_needs_the_whole_interval_on_one_side(values, region, verdict):
    assert verdict_on(values, region) == verdict


def test_one_seed_decides_where_the_claim_says_so():
    assert verdict_on([1.2], (-math.inf, 1.5), seeds=1) == "confirmed"
    assert verdict_on([1.6], (-math.inf, 1.5), seeds=1) == "contradicted"


def test_seeds_of_two_methods_have_nothing_in_common(folder):
    write(folder, FULL, 7, 92.4)
    finding = evaluate(CLAIM)
    welch = stats.ttest_ind([91.9, 92.0, 92.1, 92.4], [90.1, 90.0, 89.9], equal_var=False)
    ends = welch.confidence_interval()
    assert finding.verdict == "confirmed"
    assert (finding.effect.low, finding.effect.high) == pytest.approx(tuple(ends))
    assert finding.effect.n == 3
    assert len(finding.records) == 7
    assert finding.missing == ()


def test_within_a_run_the_values_of_a_seed_belong_together(folder):
    for seed in range(3):
        write(folder, FULL, seed, 0, metrics={"accuracy": {"1": seed, "100": seed + 1 + seed / 9}})
    write(folder, FULL, 5, 0, metrics={"accuracy": {"100": 99.0}})
    claim = replace(CLAIM, measure="accuracy/100", against=({"measure": "accuracy/1"},))
    finding = evaluate(claim)
    ends = stats.ttest_1samp([1, 1 + 1 / 9, 1 + 2 / 9], 0).confidence_interval()
    assert (finding.effect.low, finding.effect.high) == pytest.approx(tuple(ends), abs=1e-4)
    assert len(finding.records) == 3


def test_test_images_are_in_the_interval_where_a_record_has_them(folder):
    """Both methods are right on the same images, but for four: seeds agree, images decide."""
    right = {FULL: np.arange(100) < 92, ABLATED: np.arange(100) < 88}
    for method, outcomes in right.items():
        for seed in range(3):
            arrays = {"right_1": outcomes.astype(np.uint8)}
            write(folder, method, seed, 100 * outcomes.mean(), arrays)
    finding = evaluate(CLAIM)
    images = stats.ttest_rel(100 * right[FULL], 100 * right[ABLATED]).confidence_interval()
    assert finding.images == "exact"
    assert finding.effect.low == pytest.approx(images.low)
    entropies = {"entropy_in_1": np.zeros(100)}
    for seed in range(3):
        write(folder, ABLATED, seed, 88.0, entropies)
    bound = evaluate(CLAIM)
    assert bound.images == "bound"
    assert bound.effect.low < 0 < finding.effect.low


def test_changing_one_number_in_a_record_changes_the_verdict(folder):
    path = folder / Cell(FULL, "digits", 1, "lite").path
    edit(path, metrics={"accuracy": {"1": 85.0}})
    assert evaluate(CLAIM).verdict == "undecided"


def test_changing_one_number_in_copies_of_published_records_changes_the_verdict(tmp_path):
    """Of five accuracies that confirm a claim, one moves by two points."""
    (claim,) = (claim for claim in CLAIMS if claim.id == "ensembles-help-mnist5000")
    cells = Cell("hypergan", "mnist5000", profile=PUBLISHED).path.parent
    copied = shutil.copytree(records.published() / cells, tmp_path / cells)
    before = evaluate(claim, folders=[tmp_path])
    assert (before.verdict, before.effect.n) == ("confirmed", 5)
    path = copied / "seed1.json"
    content = json.loads(path.read_text())
    content["metrics"]["accuracy"]["100"] -= 2
    path.write_text(json.dumps(content))
    after = evaluate(claim, folders=[tmp_path])
    assert after.verdict == "undecided"
    assert after.effect.mean == pytest.approx(before.effect.mean - 2 / 5)
    content["metrics"]["accuracy"]["100"] = "many"
    path.write_text(json.dumps(content))
    assert evaluate(claim, folders=[tmp_path]).effect.n == 4


def test_another_threshold_in_the_ledger_changes_the_verdict(folder):
    assert evaluate(replace(CLAIM, above=3.0)).verdict == "contradicted"
    assert evaluate(replace(CLAIM, above=None, below=0.0)).verdict == "contradicted"


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
        write(folder, OTHER, seed, accuracy)
    several = *CLAIM.against, {"method": OTHER}
    finding = evaluate(replace(CLAIM, against=several))
    assert finding.verdict == verdict
    assert finding.effect.mean == pytest.approx(effect, abs=1e-3)


def test_one_of_several_methods_contradicts_only_if_it_stands_their_number():
    """It would by itself; beside three others that say nothing it does not."""
    contradicting = Comparison("", "a", effect(Sample([1]), bounds=None), below=0.01)
    silent = Comparison("", "b", effect(Sample([1]), bounds=None))
    assert verdicts.decide([contradicting]) == ("contradicted", 0.02)
    assert verdicts.decide([contradicting, silent]) == ("contradicted", 0.04)
    assert verdicts.decide([contradicting, silent, silent]) == ("undecided", 0.06)


def test_methods_on_either_side_of_a_range_contradict_it():
    """Nothing was left open, so the verdict cannot depend on it."""
    below = Comparison("", "a", effect(Sample([1]), bounds=None), below=0.001)
    above = Comparison("", "b", effect(Sample([1]), bounds=None), above=0.001)
    assert verdicts.decide([below, above]) == ("contradicted", 0.004)


def test_where_choices_disagree_the_verdict_depends_on_them(folder):
    def accuracies(**by_size):
        for seed, noise in enumerate((-0.1, 0.0, 0.1)):
            rows = {size.strip("_"): value + noise for size, value in by_size.items()}
            write(folder, FULL, seed, 0, metrics={"accuracy": rows})

    claim = replace(CLAIM, against=(), measure="accuracy/{size}", above=90.0)
    claim = replace(claim, choices={"size": ("1", "10", "100")})
    accuracies(_1=80.0, _10=95.0)
    finding = evaluate(claim)
    assert (finding.verdict, finding.effect) == ("depends on", None)
    assert finding.spread == pytest.approx((80.0, 95.0))
    assert [c.chosen for c in finding.comparisons] == ["size 1", "size 10"]  # none has 100
    accuracies(_1=94.0, _10=95.0, _100=96.0)
    assert evaluate(claim).verdict == "confirmed"
    accuracies(_1=90.0, _10=95.0)
    assert evaluate(claim).verdict == "undecided"
    between = replace(claim, above=None, between=(85.0, 90.0))
    accuracies(_1=80.0, _10=95.0)  # nowhere between, but on either side of it
    assert evaluate(between).verdict == "depends on"
    accuracies(_1=94.0, _10=95.0)
    assert evaluate(between).verdict == "contradicted"


def test_what_cannot_be_compared_says_so_and_shows_its_effect(folder):
    finding = evaluate(replace(CLAIM, not_comparable={"lite": "why"}))
    assert (finding.verdict, finding.effect.mean) == ("not comparable", pytest.approx(2.0))


def test_verdicts_are_corrected_for_the_number_of_claims_in_their_family():
    claims = [replace(CLAIM, id=name) for name in "abcd"]
    found = [
        Finding(claims[0], "confirmed", p=0.01),
        Finding(claims[1], "contradicted", p=0.04),
        Finding(claims[2], "undecided", p=0.9),
        Finding(claims[3], "not comparable"),
    ]
    together = corrected(found, ["x"] * 4)
    assert [f.corrected for f in together] == ["confirmed", "undecided", "undecided", None]
    alone = corrected(found, ["x", "y", "x", "x"])
    assert alone[1].corrected == "contradicted"


def test_an_undecided_claim_says_how_many_seeds_it_would_take(folder):
    for seed, accuracy in enumerate((91.0, 92.0, 93.0)):
        write(folder, FULL, seed, accuracy)
    finding = evaluate(replace(CLAIM, against=(), above=91.0))
    errors = {n: 1 / math.sqrt(n) * stats.t.ppf(0.975, n - 1) for n in range(2, 20)}
    assert finding.needed == min(n for n, error in errors.items() if error < 1)
    assert evaluate(replace(CLAIM, against=(), above=92.0)).needed == math.inf
    assert evaluate(replace(CLAIM, above=-9.0)).needed is None
    assert evaluate(replace(CLAIM, above=3.0), seeds=[1]).needed is None


def test_what_a_claim_waits_for_are_as_many_seeds_as_it_takes_whichever_they_are(folder):
    assert [cell.seed for cell in evaluate(replace(CLAIM, seeds=5)).missing] == [3, 4] * 2
    for method in (FULL, ABLATED):
        (folder / Cell(method, "digits", 0, "lite").path).unlink()
    assert evaluate(replace(CLAIM, seeds=2)).missing == ()  # seeds 1 and 2 are there
    assert [cell.seed for cell in evaluate(replace(CLAIM, seeds=3)).missing] == [3] * 2


def test_a_threshold_that_allows_for_the_test_images_leaves_the_seeds_alone(folder):
    for seed, noise in enumerate((-0.1, 0.0, 0.1)):
        write(folder, FULL, seed, 92.0 + noise, {"entropy_in_1": np.zeros(50)})
    claim = replace(CLAIM, against=(), above=91.0)
    assert evaluate(claim).images == "bound"
    alone = evaluate(replace(claim, test_images=False))
    ends = stats.ttest_1samp([91.9, 92.0, 92.1], 0).confidence_interval()
    assert (alone.effect.low, alone.effect.high) == pytest.approx(tuple(ends))
    assert (alone.images, alone.verdict) == ("none", "confirmed")


def test_no_number_of_seeds_decides_what_the_test_images_leave_open(folder):
    for seed in range(3):
        write(folder, FULL, seed, 92.0 + seed, {"entropy_in_1": np.zeros(50)})
    finding = evaluate(replace(CLAIM, against=(), above=91.0))
    assert (finding.verdict, finding.needed) == ("undecided", math.inf)


def test_each_method_is_compared_over_the_seeds_that_it_has(folder):
    """A third method with one seed does not keep another with three from contradicting."""
    several = *CLAIM.against, {"method": OTHER}
    claim = replace(CLAIM, against=several)
    assert evaluate(claim).verdict == "not run"
    write(folder, OTHER, 0, 80.0)
    finding = evaluate(claim)
    assert (finding.verdict, finding.effect.n, len(finding.records)) == ("undecided", 1, 7)
    for seed in range(3):
        write(folder, ABLATED, seed, 95.0 + seed / 10)
    finding = evaluate(claim)
    assert (finding.verdict, finding.effect.n) == ("contradicted", 3)
    assert evaluate(claim, seeds=[1]).verdict == "not run"


def test_a_single_seed_leaves_a_comparison_undecided_and_no_record_leaves_it_not_run(folder):
    assert evaluate(CLAIM, seeds=[1]).verdict == "undecided"
    assert evaluate(CLAIM, seeds=[8]).verdict == "not run"
    finding = evaluate(CLAIM, profile="paper")
    assert (finding.verdict, finding.effect, finding.records) == ("not run", None, ())
    assert finding.missing == tuple(
        Cell(method, "digits", seed, "paper") for method in (FULL, ABLATED) for seed in (0, 1)
    )


def test_stand_ins_stale_and_damaged_records_and_ones_without_the_size_do_not_count(folder):
    write(folder, FULL, 0, 92.0, stand_in=True)
    write(folder, FULL, 1, 92.0, config={"model": {}})
    (folder / Cell(FULL, "digits", 2, "lite").path).write_text("{")
    assert evaluate(CLAIM).verdict == "not run"
    assert evaluate(replace(CLAIM, measure="accuracy/10")).verdict == "not run"


def test_own_records_come_before_published_ones(folder, tmp_path):
    published = tmp_path / "published"
    for seed in range(4):
        write(published, FULL, seed, 10.0)
        write(published, ABLATED, seed, 90.0)
    assert evaluate(CLAIM, folders=[published]).verdict == "contradicted"
    both = evaluate(CLAIM, folders=[folder, published])
    assert both.effect.n == 4
    assert both.records[0].is_relative_to(folder)


def test_claims_read_each_record_once(folder, monkeypatch):
    read, asked = records.read, []
    monkeypatch.setattr(records, "read", lambda path: asked.append(path) or read(path))
    claims = [CLAIM, replace(CLAIM, measure="memory"), replace(CLAIM, measure="history/loss/end")]
    shelf = verdicts.Shelf(claims=claims)
    for claim in claims:
        verdicts.judge(claim, shelf)
    assert sorted(asked) == sorted(folder.rglob("*.json"))


def test_images_of_some_seeds_alone_are_averaged_over_these(own_runs):
    rights = {seed: np.arange(4) % (seed + 2) == 0 for seed in range(3)}
    for seed, right in rights.items():
        write(own_runs, FULL, seed, 100 * right.mean(), {"right_1": right})
    shelf = verdicts.Shelf()
    quantity = Quantity(FULL, "digits", "accuracy/1")
    for seeds in ([0, 1, 2], [0, 2]):
        sample = shelf.sample(quantity, seeds)
        mean = np.mean([100.0 * rights[seed] for seed in seeds], axis=0)
        assert np.array_equal(sample.outcomes, [mean])
        assert sample.values == [100 * rights[seed].mean() for seed in seeds]
