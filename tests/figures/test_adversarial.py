"""Figure 5 of made-up records."""

import json

import pytest
from examples import EMPTY, example

from hypergan.experiments.collection import Collection
from hypergan.experiments.records import Cell
from hypergan.figures import adversarial

EPS = ("0", "0.1", "1")


def outcome(entropy, success):
    return {
        "networks": 5, "images": 20, "entropy": entropy, "entropy_fooled": None, "all_fooled": 0.0,
        "success": success, "fooled": success, "auroc": 0.5, "auroc_mutual_information": 0.5,
    }  # fmt: skip


def by_eps(entropy, success):
    return {eps: outcome(entropy * float(eps), success * (eps != "0")) for eps in EPS}


def record(method, seed=0, entropy=1.0):
    same, fresh = by_eps(entropy / 2, 1.0), by_eps(entropy, 0.5)
    attacks = {
        attack: {size: {"same": same, "fresh": fresh} for size in ("1", "5", "10", "100")}
        for attack in ("fgsm", "pgd")
    }
    if method == "hypergan":
        attacks["eot"] = {"10": {"fresh": by_eps(entropy, 0.9)}}
        attacks["unstopped"] = {"10": {"same": same, "fresh": fresh}}
    of_one = {"1": {"examples": 9, "fooled": 0.1, "success": 0.1},
              "100": {"examples": 9, "fooled": 0.6, "success": 0.3}}  # fmt: skip
    metrics = {"attacks": attacks, "transfer": {"pgd": {"0.1": of_one}, "fgsm": {"0.1": of_one}}}
    metrics = json.loads(json.dumps(metrics))  # nothing in two places
    return example(Cell(method, "mnist", seed, "lite"), metrics=metrics)


def collection(*records):
    return Collection([*records], [])


def test_the_papers_lines_are_tested_as_in_the_paper():
    made_up = collection(record("hypergan"), record("ensemble"), record("mc-dropout"))
    assert list(adversarial.papers_lines(made_up)) == [
        *(("hypergan", size, "fresh") for size in ("5", "10", "100")),
        *(("ensemble", size, "same") for size in ("5", "10", "100")),
        ("mc-dropout", "1", "fresh"),
    ]


def test_curves_are_means_over_seeds():
    made_up = collection(record("hypergan", 0, 1.0), record("hypergan", 1, 3.0))
    figure = adversarial.detection_against_eps(made_up)
    assert [axes.get_title() for axes in figure.axes] == ["FGSM", "PGD"]
    figure = adversarial.entropy_against_eps(made_up)
    curve = figure.axes[1].lines[0]
    assert curve.get_xdata() == pytest.approx([0, 0.1, 1])
    assert curve.get_ydata() == pytest.approx([0, 0.2, 2])
    assert not figure.axes[3].lines[0].get_xdata().size  # no image fooled every network


def test_success_shows_old_and_new_networks():
    figure = adversarial.success_against_eps(collection(record("hypergan")))
    left, right = ([line.get_ydata()[-1] for line in axes.lines] for axes in figure.axes)
    assert left == right == [1.0, 0.5]


def test_the_adaptive_attack_stands_beside_one_of_as_many_steps():
    made_up = collection(record("hypergan", 0, 1.0), record("hypergan", 1, 1.2), record("mnf"))
    success, entropy, auroc = adversarial.adaptive(made_up).axes
    assert [line.get_ydata()[-1] for line in success.lines] == [1.0, 0.5, 0.9]
    assert [line.get_ydata()[-1] for line in entropy.lines] == pytest.approx([0.55, 1.1, 1.1])
    assert auroc.lines[-1].get_ydata() == [0.5, 0.5]  # chance


def test_a_record_without_the_unstopped_attack_still_shows_the_adaptive_one():
    older = record("hypergan")
    del older.metrics["attacks"]["unstopped"]
    made_up = collection(older)
    assert len(adversarial.adaptive(made_up).axes[0].lines) == 1


def test_transfer_is_drawn_over_the_papers_range():
    figure = adversarial.transfer(collection(record("hypergan")))
    (curve,) = figure.axes[0].lines
    assert curve.get_xdata().tolist() == [1, 100]
    assert curve.get_ydata().tolist() == [0.1, 0.6]


def test_without_records_the_page_says_so():
    for draw in (
        adversarial.entropy_against_eps,
        adversarial.success_against_eps,
        adversarial.adaptive,
        adversarial.detection_against_eps,
        adversarial.transfer,
    ):
        assert "not run" in draw(EMPTY).get_suptitle()
