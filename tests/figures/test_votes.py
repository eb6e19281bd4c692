"""The votes of freshly drawn networks on single pictures."""

import torch

from hypergan.experiments.records import Cell
from hypergan.figures import votes
from hypergan.live import pictures, published


def drawn(cell):
    generator = torch.Generator().manual_seed(0)
    images, labels = pictures.published()
    return labels, votes.votes(published.find(cell), images[:20], generator)


def test_every_network_votes_and_most_are_right():
    labels, figure = drawn(Cell("hypergan-hidden-64", "mnist"))
    below = figure.axes[20:]
    heights = torch.tensor([[bar.get_height() for bar in axes.patches] for axes in below])
    assert heights.sum(1).tolist() == [votes.NETWORKS] * 20
    digits = torch.tensor([int(label.split()[2].strip(",")) for label in labels[:20]])
    assert (heights.argmax(1) == digits).float().mean() > 0.9


def test_without_a_generator_it_says_so():
    _, figure = drawn(Cell("hypergan-hidden-64", "mnist", 77))
    assert "not run" in figure.axes[-1].texts[0].get_text()


def test_the_table_has_a_column_for_each_posterior():
    found = published.find(Cell("hypergan-hidden-64", "mnist"))
    table = votes.rounding_table([found])
    assert list(table) == ["hypergan-hidden-64"]
    assert table.loc["bits"].item() == 8
    assert votes.rounding_table([]).empty
