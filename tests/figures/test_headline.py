"""The front page's sentences follow the records."""

from dataclasses import replace

import pytest
from bs4 import BeautifulSoup
from examples import EMPTY, example

from hypergan.experiments import ledger
from hypergan.experiments.collection import Collection
from hypergan.experiments.records import Cell
from hypergan.figures import headline


def at_eps(share):
    return {"fresh": {"0.1": {"success": share}}, "same": {"0.1": {"success": share}}}


def record(method, dataset, **metrics):
    return example(Cell(method, dataset), metrics=metrics, history=[{"epoch": 1, "seconds": 600}])


@pytest.fixture
def records():
    attacks = {"unstopped": {"10": at_eps(0.6)}, "eot": {"10": at_eps(0.6)}}
    return [
        record(
            "hypergan", "mnist", accuracy={"100": 98.0}, diversity={"disagreement": 0.02},
            detection={"entropy": {"auroc": 0.9}}, attacks=attacks,
        ),
        record(
            "ensemble", "mnist", accuracy={"10": 99.0}, diversity={"disagreement": 0.01},
            detection={"entropy": {"auroc": 0.8}},
        ),
        record("hypergan", "cubic", std_inside=0.5, std_outside=5.0),
        record("nuts", "cubic", std_outside=10.0),
    ]  # fmt: skip


def test_nothing_is_said_without_records():
    assert {find(EMPTY) for find in headline.FINDINGS} == {""}


def test_each_sentence_says_what_the_records_do(records):
    said = {find.__name__: find(Collection(records, [])) for find in headline.FINDINGS}
    assert "on every data set (one seed on MNIST): if" in said["accuracy"]
    again = Collection([*records, *(replace(record, seed=1) for record in records[:2])], [])
    assert "on every data set (means over seeds on MNIST): if" in headline.accuracy(again)
    assert "over the seeds that ran on one: 10 against 10 on MNIST." in said["cost"]
    quick = replace(records[0], history=[{"epoch": 1, "seconds": 60}])
    assert "1 against 10 on MNIST" in headline.cost(Collection([quick, records[1]], []))
    both = Collection([*records, replace(quick, seed=1)], [])
    assert "1 to 10 against 10 on MNIST" in headline.cost(both)
    elsewhere = replace(quick, seed=1, device="NVIDIA H200")
    assert headline.cost(Collection([*records, elsewhere], [])) == said["cost"]
    assert said["protocols_finding"] == ""  # CIFAR has no records
    assert said["diversity"].endswith("two separately trained ones: 2.0 % against 1.0 % on MNIST.")
    assert (
        "better than that of a deep ensemble: the AUROC is 0.900 against 0.800" in said["anomaly"]
    )
    assert (
        "10 times as widely outside the data as inside; outside, their spread is 50 %"
        in said["regression"]
    )
    assert "hardly protects" in said["adversarial"]


def test_each_sentence_changes_with_its_records(records):
    ours, plain, *cubic = records
    weak = plain.metrics | {
        "accuracy": {"10": 97.0}, "diversity": {"disagreement": 0.03},
        "detection": {"entropy": {"auroc": 0.95}},
    }  # fmt: skip
    spared = ours.metrics["attacks"] | {"eot": {"10": at_eps(0.2)}}
    changed = Collection(
        [replace(ours, metrics=ours.metrics | {"attacks": spared}), replace(plain, metrics=weak)],
        [],
    )
    assert (
        headline.accuracy(changed)
        == "100 generated networks beat 10 separately trained ones on MNIST."
    )
    assert "2.0 % against 3.0 % on MNIST" in headline.diversity(changed)
    assert "less well than" in headline.anomaly(changed)
    assert "partly protects" in headline.adversarial(changed)


def test_every_claim_has_its_place_in_the_grid_and_links_to_its_row():
    findings = ledger.findings()
    grid = BeautifulSoup(headline.claims(findings).data, "html.parser")
    links = [link["href"] for link in grid.find_all("a", class_="mark")]
    assert sorted(links) == sorted(f"claims.html#claim-{f.claim.id}" for f in findings)


def test_the_published_records_give_a_headline():
    assert len(BeautifulSoup(headline.headline().data, "html.parser").find_all("li")) >= 5
