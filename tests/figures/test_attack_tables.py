"""Tables of attacks, of made-up records."""

from examples import EMPTY
from test_adversarial import collection, record

from hypergan.figures import attack_tables

HALF = "0.5 (n = 1)"


def test_the_table_of_the_papers_curves_has_means_over_eps():
    made_up = collection(record("hypergan", 0, 1.0), record("hypergan", 1, 1.2), record("mnf"))
    table = attack_tables.papers_table(made_up)
    assert list(table.index) == [
        "HyperGAN, 5", "HyperGAN, 10", "HyperGAN, 100", "MNF, 1 attacked",
    ]  # fmt: skip
    assert table.loc["HyperGAN, 5", ("PGD", "entropy")].startswith("0.60 [")
    assert table.loc["MNF, 1 attacked", ("FGSM", "auroc")] == "0.5 (n = 1)"
    assert len(attack_tables.papers_table(EMPTY)) == 0


def test_the_adaptive_attack_stands_beside_one_of_as_many_steps():
    made_up = collection(record("hypergan", 0, 1.0), record("hypergan", 1, 1.2), record("mnf"))
    table = attack_tables.adaptive_table(made_up)
    assert table["share answered wrongly"].tolist() == ["1 (n = 2)", "0.5 (n = 2)", "0.9 (n = 2)"]
    over_eps = table["entropy (nats)"].iloc[2]  # of .1 and 1, with seeds 1 and 1.2
    assert over_eps.startswith("0.60 [")


def test_a_record_without_the_unstopped_attack_shows_none_of_it():
    older = record("hypergan")
    del older.metrics["attacks"]["unstopped"]
    made_up = collection(older)
    assert attack_tables.adaptive_table(made_up)["entropy (nats)"].tolist()[:2] == ["–", "–"]
    assert "no record of both" in attack_tables.adaptive_finding(made_up)


def test_the_table_has_a_row_for_each_tested_ensemble():
    table = attack_tables.success_table(collection(record("hypergan")))
    assert table.loc[("HyperGAN", "pgd", "10", "fresh")].to_dict() == {0.1: HALF}
    assert table.loc[("HyperGAN", "eot", "10", "fresh"), 0.1] == "0.9 (n = 1)"
    assert len(table) == 2 * 4 * 2 + 3


def test_a_measure_by_eps_of_the_papers_curves():
    table = attack_tables.papers_by_eps(collection(record("hypergan"), record("mnf")), "success")
    assert table.loc[("HyperGAN, 100", "PGD")].to_dict() == {0.1: HALF}
    assert ("MNF, 1 attacked", "FGSM") in table.index


def test_the_share_of_the_most_networks_that_one_networks_examples_fool():
    table = attack_tables.transfer_table(collection(record("hypergan")))
    assert table.loc["PGD"].to_dict() == {0.1: "0.6 (n = 1)"}


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
    assert "leaves something: at no eps; it vanishes: at eps 0.1." in left
    assert "clean images: at eps 0.1;" in detected
    assert detected.endswith("below one half: at eps 1.")
    protected, left, _ = found((0.9, 0.9), (0.5, 0.5), (0.7, 0.9), (0.5, 0.5))
    assert protected.endswith("at eps 0.1, 1.")
    assert "leaves something: at eps 0.1; it vanishes: at eps 1." in left


def test_one_seed_decides_nothing_about_adaptive_attacks():
    protected, left, _ = attack_tables.adaptive_finding(collection(record("hypergan"))).splitlines()
    assert protected.endswith("at no eps.")
    assert "no protection" in left


def test_checks_count_where_the_attacks_behave():
    table = attack_tables.checks(collection(record("hypergan"), record("mnf")))
    assert table["of"].tolist() == [8] * 4
    assert table["holds"].tolist() == [8] * 4
    odd = record("hypergan")
    odd.metrics["attacks"]["pgd"]["5"]["same"]["1"]["success"] = 0.2
    table = attack_tables.checks(collection(odd))
    assert table["holds"].tolist() == [4, 3, 3, 3]


def test_without_records_the_tables_are_empty():
    for table in (
        attack_tables.papers_table(EMPTY),
        attack_tables.success_table(EMPTY),
        attack_tables.papers_by_eps(EMPTY, "auroc"),
        attack_tables.transfer_table(EMPTY),
    ):
        assert len(table) == 0
    assert (attack_tables.adaptive_table(EMPTY) == "not run").all(axis=None)
    assert attack_tables.checks(EMPTY)["of"].tolist() == [0] * 4
    assert "no record" in attack_tables.adaptive_finding(EMPTY)
