"""The pictures of outliers that come with the project."""

from dataclasses import replace

import numpy as np
import pytest
from real import real

from hypergan.batches import evenly
from hypergan.data import pictures
from hypergan.data.datasets import DATASETS
from hypergan.data.raw import take
from hypergan.errors import RecordError
from hypergan.paths import downloads


def chosen(raw):
    """The pictures of a data set and their classes, from 0."""
    images, labels = take(raw.outliers, evenly(len(raw.outliers[0]), pictures.COUNT))
    return images.permute(0, 2, 3, 1).squeeze(-1).numpy(), labels - raw.outliers[1].min()


@pytest.mark.parametrize("dataset", pictures.SHOWN)
def test_they_are_here_with_words_and_a_source(dataset):
    found = pictures.published(dataset)
    assert len(found.images) == len(found.words) == len(found.indices) == pictures.COUNT <= 64
    assert found.source == pictures.SOURCES[dataset]
    assert "licence" in found.source


@real("MNIST")
def test_the_letters_are_those_of_the_file():
    images, classes = chosen(DATASETS["mnist"].read(downloads()))
    found = pictures.published("mnist")
    assert np.array_equal(found.images, images)
    assert found.words == [f"notMNIST's letter {'ABCDEFGHIJ'[label]}" for label in classes]


@real("cifar-10-batches-py")
def test_the_photographs_are_those_of_the_file():
    images, classes = chosen(DATASETS["cifar5"].read(downloads()))
    found = pictures.published("cifar5")
    assert np.array_equal(found.images, images)
    assert {word.split()[1] for word in found.words} == {"dog", "frog", "horse", "ship", "truck"}
    assert len({*zip(found.words, classes.tolist(), strict=True)}) == 5


def test_a_sheet_is_cut_as_it_was_put_together(monkeypatch, tmp_path):
    """Written of stand-ins, which need no data."""
    tinted = DATASETS["cifar5"].stand_in
    monkeypatch.setitem(DATASETS, "cifar5", replace(DATASETS["cifar5"], read=tinted))
    monkeypatch.setattr(pictures, "FOLDER", tmp_path / "new")
    pictures.publish("cifar5")
    assert np.array_equal(pictures.published("cifar5").images, chosen(tinted(downloads()))[0])
    (tmp_path / "new" / "cifar5.png").write_bytes(b"")
    with pytest.raises(RecordError, match="is missing or damaged"):
        pictures.published("cifar5")
