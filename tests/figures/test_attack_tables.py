"""Tables of attacks, of made-up records."""

import pytest
from examples import EMPTY
from test_adversarial import collection, record

from hypergan.experiments.intervals import interval
from hypergan.figures import attack_tables
from hypergan.figures.page import MISSING

HALF = interval([0.5], (0, 1))


def attacked(ours=1.0, mnf=3.0, success=0.5):
    """Two seeds each of HyperGAN, an ensemble and MNF, which agree."""
    made_up = []
    for seed in (0, 1):
        hypergan = record("hypergan", seed, entropy=ours)
        hypergan.metrics["attacks"]["pgd"]["10"]["fresh"]["0.1"]["success"] = success
        made_up += [hypergan, record("ensemble", seed), record("mnf", seed, entropy=mnf)]
    return made_up


def test_the_finding_follows_its_records():
    made_up = attacked()
    for made in made_up[:2]:
        for by_eps in made.metrics["attacks"]["fgsm"]["10"].values():
            by_eps["0.3"] = by_eps["0.1"]
    first, second, third, fourth = attack_tables.finding(collection(*made_up))
    assert "HyperGAN are harder to fool than a deep ensemble of ten: they are wrong on 50" in first
    assert "the ensemble on 100 %. Over eps up to 0.3 they are less certain than it (0.10" in first
    assert first.endswith("up to 1 less certain than it (0.55 against 0.28 nats of entropy).")
    assert second == "Under PGD a hundred new networks are more certain than MNF, over all eps."
    assert third.endswith("attacked through one network, they are more certain than MNF.")
    assert fourth == "With FGSM at eps 0.3 ten are wrong on 50 %, the ensemble on 100 %."
    first, second, *_ = attack_tables.finding(collection(*attacked(ours=0.2, mnf=0.1, success=1.0)))
    assert "they are more certain than it" in first
    assert "not clearly harder to fool than a deep ensemble of ten: they are wrong on" in first
    assert second == "Under PGD a hundred new networks are less certain than MNF, over all eps."
    assert attack_tables.finding(EMPTY) == MISSING


def test_the_finding_does_not_decide_what_one_seed_leaves_open():
    first, second, *_ = attack_tables.finding(collection(*attacked()[:3]))
    assert first.endswith("about as certain as it (0.55 against 0.28 nats of entropy).")
    assert "are not clearly harder to fool" in first
    assert second == "Under PGD a hundred new networks are about as certain as MNF, over all eps."


def test_the_table_of_the_papers_curves_has_means_over_eps():
    made_up = collection(record("hypergan", 0, 1.0), record("hypergan", 1, 1.2), record("mnf"))
    table = attack_tables.papers_table(made_up).frame
    assert list(table.index) == ["HyperGAN, 5", "HyperGAN, 10", "HyperGAN, 100", "MNF"]
    entropy = table.loc["HyperGAN, 5", ("PGD", "entropy (nats)")]
    assert entropy.mean == pytest.approx(0.605)
    assert entropy.low == 0  # no entropy is negative
    assert table.loc["MNF", ("FGSM", "AUROC")] == HALF
    assert len(attack_tables.papers_table(EMPTY).frame) == 0


def test_the_adaptive_attack_stands_beside_one_of_as_many_steps():
    made_up = collection(record("hypergan", 0, 1.0), record("hypergan", 1, 1.2), record("mnf"))
    table = attack_tables.adaptive_table(made_up).frame
    shares = table["share answered wrongly"]
    assert [share.mean for share in shares] == pytest.approx([1, 0.5, 0.9])
    assert table["entropy (nats)"].iloc[2].mean == pytest.approx(0.605)  # of eps .1 and 1


def test_a_record_without_the_unstopped_attack_shows_none_of_it():
    older = record("hypergan")
    del older.metrics["attacks"]["unstopped"]
    made_up = collection(older)
    assert attack_tables.adaptive_table(made_up).frame["entropy (nats)"].tolist()[:2] == ["–", "–"]
    assert "no record of both" in attack_tables.adaptive_finding(made_up)


def test_the_table_has_a_row_for_each_tested_ensemble():
    table = attack_tables.success_table(collection(record("hypergan"), record("mnf"))).frame
    assert table.loc["HyperGAN", "10", "new"].to_dict() == {
        ("FGSM", "eps 0.1"): HALF, ("PGD", "eps 0.1"): HALF,
    }  # fmt: skip
    assert len(table) == 4 * 2


def test_a_measure_by_eps_of_the_papers_curves():
    made_up = collection(record("hypergan"), record("mnf"))
    table = attack_tables.papers_by_eps(made_up, "success").frame
    assert list(table.index) == ["HyperGAN, 5", "HyperGAN, 10", "HyperGAN, 100", "MNF"]
    assert (table == HALF).all(axis=None)


def test_shares_stay_shares():
    seeds = [record("hypergan", seed) for seed in (0, 1)]
    seeds[1].metrics["attacks"]["pgd"]["5"]["fresh"]["0.1"]["success"] = 0.9
    cell = attack_tables.success_table(collection(*seeds)).frame.loc["HyperGAN", "5", "new"]
    assert (cell["PGD", "eps 0.1"].low, cell["PGD", "eps 0.1"].high) == (0, 1)


def test_the_share_of_the_most_networks_that_one_networks_examples_fool():
    table = attack_tables.transfer_table(collection(record("hypergan"))).frame
    assert table.loc["HyperGAN", ("PGD", "eps 0.1")] == interval([0.6], (0, 1))


def found(same, fresh, adaptive, auroc):
    """What is said of two seeds with these numbers, at eps 0.1 and twice as much."""
    made_up = []
    for seed in (0, 1):
        made = record("hypergan", seed)
        attacks = made.metrics["attacks"]
        ends = attacks["unstopped"]["10"]["same"], attacks["unstopped"]["10"]["fresh"]
        for by_eps, values in zip((*ends, attacks["eot"]["10"]["fresh"]),
                                  (same, fresh, adaptive), strict=True):  # fmt: skip
            for eps, value in zip(("0.1", "1"), values, strict=True):
                by_eps[eps] |= {"success": value + 0.001 * seed}
        for eps, value in zip(("0.1", "1"), auroc, strict=True):
            attacks["eot"]["10"]["fresh"][eps] |= {"auroc": value + 0.001 * seed}
        made_up.append(made)
    return attack_tables.adaptive_finding(collection(*made_up)).splitlines()


def test_the_finding_on_adaptive_attacks_is_what_the_numbers_say():
    protected, left, detected = found((0.9, 1.0), (0.5, 1.0), (0.9, 1.0), (0.8, 0.2))
    assert protected.endswith("at eps 0.1.")
    assert "The adaptive attack leaves none that these seeds could show at eps 0.1." in left
    assert "clean images at eps 0.1;" in detected
    assert detected.endswith("below one half) at eps 1.")
    protected, left, _ = found((0.9, 0.9), (0.5, 0.5), (0.7, 0.9), (0.5, 0.5))
    assert protected.endswith("at eps 0.1, 1.")
    assert "leaves some of the protection at eps 0.1 and leaves none that these seeds" in left


def test_one_seed_decides_nothing_about_adaptive_attacks():
    protected, left, _ = attack_tables.adaptive_finding(collection(record("hypergan"))).splitlines()
    assert protected.endswith("at no eps.")
    assert "no protection" in left


def test_checks_count_where_the_attacks_behave():
    table = attack_tables.checks(collection(record("hypergan"), record("mnf"))).frame
    assert table["of"].tolist() == [8] * 4
    assert table["holds"].tolist() == [8] * 4
    odd = record("hypergan")
    odd.metrics["attacks"]["pgd"]["5"]["same"]["1"]["success"] = 0.2
    table = attack_tables.checks(collection(odd)).frame
    assert table["holds"].tolist() == [4, 3, 3, 3]


def test_without_records_the_tables_are_empty():
    for table in (
        attack_tables.papers_table(EMPTY),
        attack_tables.success_table(EMPTY),
        attack_tables.papers_by_eps(EMPTY, "auroc"),
        attack_tables.transfer_table(EMPTY),
    ):
        assert len(table.frame) == 0
        assert table._repr_html_()
    assert (attack_tables.adaptive_table(EMPTY).frame == "not run").all(axis=None)
    assert attack_tables.checks(EMPTY).frame["of"].tolist() == [0] * 4
    assert "no record" in attack_tables.adaptive_finding(EMPTY)
