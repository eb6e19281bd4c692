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


def test_the_claims_lines_are_of_as_many_networks_as_an_ensemble_has_or_of_a_hundred():
    made_up = collection(record("hypergan"), record("ensemble"), record("mnf"))
    assert list(adversarial.compared_lines(made_up).values()) == [
        "HyperGAN, 10", "HyperGAN, 100", "deep ensemble, 10", "MNF",
    ]  # fmt: skip
    assert len(adversarial.sized_lines(made_up)) == 6


def curves(axes):
    """The curves of a panel by their names."""
    return dict(zip(*reversed(axes.get_legend_handles_labels()), strict=True))


def test_curves_are_means_over_seeds():
    made_up = collection(record("hypergan", 0, 1.0), record("hypergan", 1, 3.0))
    figure = adversarial.entropy_against_eps(made_up)
    assert [axes.get_title() for axes in figure.axes] == ["FGSM", "PGD"]
    curve = curves(figure.axes[1])["HyperGAN, 10"]
    assert curve.get_xdata() == pytest.approx([0, 0.1, 1])
    assert curve.get_ydata() == pytest.approx([0, 0.2, 2])
    fooling = adversarial.entropy_of_fooling(made_up)
    assert not len(curves(fooling.axes[1])["HyperGAN, 10"].get_xdata())  # none fooled all


METHODS = ("hypergan", "ensemble", "apd", "sgld", "mnf", "mc-dropout")


@pytest.mark.parametrize(
    "draw",
    [
        adversarial.entropy_against_eps,
        adversarial.entropy_of_fooling,
        adversarial.entropy_by_size,
        adversarial.success_against_eps,
        adversarial.detection_against_eps,
        adversarial.adaptive,
        adversarial.transfer,
    ],
)
def test_no_two_curves_are_told_apart_by_colour_alone(draw):
    for axes in draw(collection(*map(record, METHODS))).axes:
        drawn = curves(axes).values()
        assert drawn
        looks = {(repr(line._dash_pattern), line.get_marker()) for line in drawn}
        assert len(looks) == len(drawn)


def test_success_shows_old_and_new_networks():
    figure = adversarial.success_against_eps(collection(record("hypergan")), "5")
    left, right = ([line.get_ydata()[-1] for line in axes.lines] for axes in figure.axes)
    assert left == right == [1.0, 0.5]


def test_the_adaptive_attack_stands_beside_one_of_as_many_steps():
    made_up = collection(record("hypergan", 0, 1.0), record("hypergan", 1, 1.2), record("mnf"))
    success, entropy, auroc = adversarial.adaptive(made_up).axes
    assert [line.get_ydata()[-1] for line in success.lines] == [1.0, 0.5, 0.9]
    assert [line.get_ydata()[-1] for line in entropy.lines] == pytest.approx([0.55, 1.1, 1.1])
    assert len(entropy.collections) == 3  # bands
    assert auroc.lines[-1].get_ydata() == [0.5, 0.5]  # chance


def test_a_record_without_the_unstopped_attack_still_shows_the_adaptive_one():
    older = record("hypergan")
    del older.metrics["attacks"]["unstopped"]
    made_up = collection(older)
    assert len(adversarial.adaptive(made_up).axes[0].lines) == 1


def test_transfer_is_drawn_over_the_papers_range():
    shares, means = adversarial.transfer(collection(record("hypergan"))).axes
    assert shares.get_title() == "share of 100 networks fooled"
    for attack in ("FGSM", "PGD"):
        assert curves(shares)[attack].get_xydata().tolist() == [[0.1, 0.6]]
    assert curves(means)["PGD, eps 0.1"].get_xydata().tolist() == [[1, 0.1], [100, 0.3]]
    box = shares.patches[0]
    assert (box.get_y(), box.get_y() + box.get_height()) == adversarial.PAPERS_SHARE


def test_without_records_the_page_says_so():
    for draw in (
        adversarial.entropy_against_eps,
        adversarial.success_against_eps,
        adversarial.adaptive,
        adversarial.detection_against_eps,
        adversarial.transfer,
    ):
        assert "not run" in draw(EMPTY).notes[0]
