"""Figure 5 of made-up records."""

import matplotlib as mpl
import matplotlib.pyplot as plt
import pytest
from test_records import example

from hypergan.collection import Collection
from hypergan.figures import adversarial
from hypergan.records import Cell

mpl.use("Agg")
EPS = ("0", "0.1", "1")
EMPTY = Collection([], {})


@pytest.fixture(autouse=True)
def closed():
    yield
    plt.close("all")


def outcome(entropy, success):
    return {
        "networks": 5, "images": 20, "entropy": entropy, "entropy_fooled": None, "all_fooled": 0.0,
        "success": success, "fooled": success, "auroc": 0.5, "auroc_mutual_information": 0.5,
    }  # fmt: skip


def by_eps(entropy, success):
    return {eps: outcome(entropy * float(eps), success * (eps != "0")) for eps in EPS}


def record(method, seed=0, entropy=1.0, adaptive=0.9, fooled=0.6):
    same, fresh = by_eps(entropy / 2, 1.0), by_eps(entropy, 0.5)
    attacks = {
        attack: {size: {"same": same, "fresh": fresh} for size in ("1", "5", "10", "100")}
        for attack in ("fgsm", "pgd")
    }
    if method == "hypergan":
        attacks["eot"] = {"10": {"fresh": by_eps(entropy, adaptive)}}
    of_one = {"1": {"examples": 9, "fooled": 0.1, "success": 0.1},
              "100": {"examples": 9, "fooled": fooled, "success": 0.3}}  # fmt: skip
    metrics = {"attacks": attacks, "transfer": {"pgd": {"0.1": of_one}, "fgsm": {"0.1": of_one}}}
    return example(Cell(method, "mnist", seed, "lite"), metrics=metrics)


def collection(*records):
    return Collection([*records], {})


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


def test_success_shows_old_and_new_networks_and_the_adaptive_attack():
    figure = adversarial.success_against_eps(collection(record("hypergan")))
    left, right = ([line.get_ydata()[-1] for line in axes.lines] for axes in figure.axes)
    assert left == [1.0, 0.5]
    assert right == [1.0, 0.5, 0.9]


def test_transfer_is_drawn_over_the_papers_range():
    figure = adversarial.transfer(collection(record("hypergan")))
    (curve,) = figure.axes[0].lines
    assert curve.get_xdata().tolist() == [1, 100]
    assert curve.get_ydata().tolist() == [0.1, 0.6]


def test_the_table_has_a_row_for_each_tested_ensemble():
    table = adversarial.success_table(collection(record("hypergan")))
    assert table.loc[("HyperGAN", "pgd", "10", "fresh")].to_dict() == {0.1: 0.5, 1.0: 0.5}
    assert table.loc[("HyperGAN", "eot", "10", "fresh"), 1.0] == 0.9
    assert len(table) == 2 * 4 * 2 + 1


@pytest.mark.parametrize(("fooled", "verdict"), [(0.6, "holds"), (0.9, "does not hold")])
def test_the_transfer_claim_is_judged(fooled, verdict):
    said = adversarial.verdicts(collection(record("hypergan", fooled=fooled)))
    (line,) = [line for line in said.splitlines() if "fools one network" in line]
    assert f"**{verdict}**" in line


@pytest.mark.parametrize(("adaptive", "verdict"), [(0.55, "holds"), (0.9, "does not hold")])
def test_robustness_has_vanished_where_the_adaptive_attack_succeeds(adaptive, verdict):
    said = adversarial.verdicts(collection(record("hypergan", adaptive=adaptive)))
    (line,) = [line for line in said.splitlines() if "withstand" in line]
    assert f"**{verdict}**" in line


def test_equal_sizes_are_compared():
    """HyperGAN's new networks have entropy 1 a unit of eps; an ensemble's own have half of its."""
    for entropy, verdict in ((1.9, "**holds**"), (2.1, "**does not hold**")):
        said = adversarial.verdicts(
            collection(record("hypergan"), record("ensemble", entropy=entropy))
        )
        lines = [line for line in said.splitlines() if "standard ensemble of as many" in line]
        assert len(lines) == 2
        assert all(verdict in line for line in lines)


def test_without_records_the_page_says_so():
    for draw in (
        adversarial.entropy_against_eps,
        adversarial.success_against_eps,
        adversarial.detection_against_eps,
        adversarial.transfer,
    ):
        assert "not run" in draw(EMPTY).get_suptitle()
    assert len(adversarial.success_table(EMPTY)) == 0
    assert adversarial.verdicts(EMPTY).count("cannot be judged") == 6
