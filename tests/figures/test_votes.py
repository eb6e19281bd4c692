"""The votes of freshly drawn networks on single pictures."""

import re

import torch
from examples import EMPTY, example

from hypergan.experiments.collection import Collection
from hypergan.experiments.methods import title_of
from hypergan.experiments.records import Cell
from hypergan.figures import votes
from hypergan.figures.page import MISSING
from hypergan.live import pictures, published


def drawn(cell):
    generator = torch.Generator().manual_seed(0)
    images, labels = pictures.published()
    return labels, votes.votes(published.find(cell), images[:20], labels[:20], generator)


def test_every_network_votes_and_most_are_right():
    labels, figure = drawn(Cell("hypergan-hidden-64", "mnist"))
    assert len(figure.figures) == 20
    heights = torch.tensor([[bar.get_height() for bar in axes.patches] for axes in figure.axes])
    assert heights.sum(1).tolist() == [votes.NETWORKS] * 20
    digits = torch.tensor([int(label.split()[2].strip(",")) for label in labels[:20]])
    assert (heights.argmax(1) == digits).float().mean() > 0.9


def test_without_a_generator_it_says_so():
    _, figure = drawn(Cell("hypergan-hidden-64", "mnist", 77))
    assert "not run" in figure.axes[-1].texts[0].get_text()


def test_the_finding_follows_its_record():
    cell = Cell("hypergan-hidden-64", "mnist")
    metrics = {"accuracy": {"100": 91.26}, "detection": {"entropy": {"auroc": 0.654}}}
    (said,) = votes.finding(Collection([example(cell, metrics=metrics)], []))
    assert "together right on 91.3 % of MNIST's test digits" in said
    assert "in 65.4 % of pairs" in said
    assert votes.finding(EMPTY) == MISSING


def test_the_table_has_a_column_for_each_posterior():
    found = published.find(Cell("hypergan-hidden-64", "mnist"))
    table = votes.rounding_table([found]).frame
    assert list(table) == [title_of("hypergan-hidden-64")]
    assert table.loc["bits"].item() == "8"
    assert votes.rounding_table([]).frame.empty


def test_pictures_are_told_apart_and_stand_in_their_panels():
    _, figure = drawn(Cell("hypergan-hidden-64", "mnist"))
    html = figure._repr_html_()
    assert html.count("<image") == 20
    assert figure.axes[0].get_title() == "test digit 0"
    ids = re.findall(r' id="([^"]*)"', html)
    assert len(ids) == len(set(ids))


def test_the_networks_say_what_they_came_from():
    cells = [Cell("hypergan-hidden-64", "mnist"), Cell("ensemble", "mnist")]
    found = [published.find(cell) for cell in cells]
    said = votes.sources(found).data
    assert all(one.made["commit"] in said for one in found)
    assert "2 trainings" in said
