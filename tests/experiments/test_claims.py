import json
import math
import shutil
from dataclasses import replace

import numpy as np
import pytest
from examples import example

from hypergan.errors import DataError
from hypergan.experiments import claims, records
from hypergan.experiments.claims import Claim, all_claims, evaluate, judge
from hypergan.experiments.intervals import interval
from hypergan.experiments.paper import transcribed
from hypergan.experiments.records import Cell

CLAIMS = all_claims()
ABLATED, FULL = "hypergan-no-mixer", "hypergan"
CLAIM = Claim(
    id="mixer-helps",
    claim="The mixer helps.",
    short="mixer helps",
    place="Section 0",
    quote="helps",
    rule="Accuracy with the mixer, minus that without, is above 0.",
    history="written today",
    method=FULL,
    dataset="digits",
    measure="accuracy/1",
    against=({"method": ABLATED},),
    above=0.0,
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


def test_every_claim_has_names_of_its_own_a_short_quote_and_a_place():
    assert len({claim.id for claim in CLAIMS}) == len(CLAIMS) >= 25
    assert len({claim.short for claim in CLAIMS}) == len(CLAIMS)
    for claim in CLAIMS:
        assert claim.place, claim.id
        assert 0 < len(claim.quote.split()) <= 12, claim.id
        assert 0 < len(claim.short.split()) <= 5, claim.id


@pytest.mark.parametrize("claim", CLAIMS, ids=lambda claim: claim.id)
def test_every_rule_can_be_applied_and_says_in_words_what_it_does(claim):
    assert judge(interval([1.0, 2.0]), claim.region, claim.seeds)
    (word,) = (w for w in ("above", "below", "between") if getattr(claim, w) is not None)
    for words in (word, *(f"{end:g}" for end in claim.region if math.isfinite(end))):
        assert f" {words}" in claim.rule


TABLE = {name: value for name, value in vars(CLAIM).items() if name != "id" and value is not None}


def test_a_claim_is_read_from_its_table():
    assert claims.read(CLAIM.id, TABLE) == CLAIM


@pytest.mark.parametrize(
    ("wrong", "message"),
    [
        ({"methode": "mnf"}, "methode: Unexpected"),
        ({"above": "0"}, "above: .*valid number"),
        ({"seeds": 0}, "seeds"),
        ({"below": 1}, "one of above, below and between"),
        ({"between": [0]}, "between"),
        ({"method": "gan"}, "unknown method 'gan'"),
        ({"dataset": "mnsit"}, "unknown data set 'mnsit'"),
        ({"measure": "history/accuracy"}, "1 arguments instead of 2"),
        ({"against": [{"metod": "mnf"}]}, "against.0.metod"),
        ({"against": [{"method": "gan"}]}, "unknown method 'gan'"),
    ],
)
def test_a_typo_is_named_with_its_claim(wrong, message):
    with pytest.raises(DataError, match=f"claim mixer-helps: .*{message}"):
        claims.read(CLAIM.id, TABLE | wrong)


@pytest.mark.parametrize(
    "damage",
    [
        lambda text: text.replace("measure", "measures", 1),
        lambda text: text.replace("seeds", "seed", 1),
        lambda text: text.partition("\n[")[0],
        lambda text: text[:-20],
        lambda text: "",
        lambda text: text + "claim = 3\n",
        lambda text: "claim = 3\n" + text,
        lambda text: text + "\xff",
    ],
    ids=["field", "no seeds", "no claims", "half", "empty", "twice", "no table", "bytes"],
)
def test_a_damaged_table_of_claims_is_refused(damage, tmp_path, monkeypatch):
    whole = transcribed("claims.toml").read_text(encoding="utf-8")
    (tmp_path / "claims.toml").write_text(damage(whole), encoding="latin-1", errors="replace")
    monkeypatch.setattr(claims, "transcribed", lambda name: tmp_path / name)
    with pytest.raises(DataError, match=r"claim|from git again"):
        claims.all_claims()


@pytest.mark.parametrize("name", ["acuracy/1", "accuracy/one", "accuracy", "history/los/end"])
def test_a_measure_that_no_record_has_is_a_typo(folder, name):
    with pytest.raises(DataError, match="claim mixer-helps: .* which .*seed0.json does not"):
        evaluate(replace(CLAIM, measure=name))


# Verdicts

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
        ([5.0], ABOVE_0, "undecided"),
    ],
)
def test_a_verdict_needs_the_whole_interval_on_one_side(values, region, verdict):
    assert judge(interval(values), region, seeds=2) == verdict


def test_one_seed_decides_where_the_claim_says_so():
    assert judge(interval([1.2]), (-math.inf, 1.5), seeds=1) == "confirmed"
    assert judge(interval([1.6]), (-math.inf, 1.5), seeds=1) == "contradicted"


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
        write(folder, "hypergan-no-discriminator", seed, accuracy)
    several = *CLAIM.against, {"method": "hypergan-no-discriminator"}
    finding = evaluate(replace(CLAIM, against=several))
    assert finding.verdict == verdict
    assert finding.effect.mean == pytest.approx(effect, abs=1e-3)
    if verdict == "confirmed":
        lowest = evaluate(replace(CLAIM, against=several, above=None, below=9.0))
        assert lowest.effect.mean == pytest.approx(2.0)


def test_each_method_is_compared_over_the_seeds_that_it_has(folder):
    """A third method with one seed does not keep another with three from contradicting."""
    several = *CLAIM.against, {"method": "hypergan-no-discriminator"}
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
