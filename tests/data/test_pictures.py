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
from hypergan.evaluation.classification import SHOWN
from hypergan.paths import downloads


def chosen(raw, where="out"):
    """The pictures of a data set and their classes, from 0."""
    pair = raw.outliers if where == "out" else raw.test
    images, labels = take(pair, evenly(len(pair[0]), pictures.COUNT))
    return images.permute(0, 2, 3, 1).squeeze(-1).numpy(), labels - pair[1].min()


@pytest.mark.parametrize("where", ["in", "out"])
@pytest.mark.parametrize("dataset", pictures.SHOWN)
def test_they_are_here_with_words_and_a_source(dataset, where):
    found = pictures.published(dataset, where)
    assert len(found.images) == len(found.words) == len(found.indices) == pictures.COUNT
    assert pictures.COUNT == SHOWN
    assert all(label in word for label, word in zip(found.labels, found.words, strict=True))
    assert found.source == pictures.SOURCES[dataset][where]
    assert "licence" in found.source or "CC BY-SA" in found.source


@pytest.mark.parametrize("total", [10_000, 5_000, 1_050, 360])
def test_those_with_a_softmax_in_the_records_are_among_them(total):
    assert {*evenly(total, SHOWN).tolist()} <= {*evenly(total, pictures.COUNT).tolist()}


@pytest.mark.parametrize("where", ["in", "out"])
@real("MNIST")
def test_letters_and_digits_are_those_of_the_files(where):
    images, classes = chosen(DATASETS["mnist"].read(downloads()), where)
    found = pictures.published("mnist", where)
    assert np.array_equal(found.images, images)
    names = "ABCDEFGHIJ" if where == "out" else "0123456789"
    assert found.labels == [names[label] for label in classes]


@pytest.mark.parametrize("where", ["in", "out"])
@real("cifar-10-batches-py")
def test_the_photographs_are_those_of_the_file(where):
    raw = DATASETS["cifar5"].read(downloads())
    images, classes = chosen(raw, where)
    found = pictures.published("cifar5", where)
    assert np.array_equal(found.images, images)
    if where == "in":
        assert found.labels == [raw.classes[label] for label in classes]
        assert pictures.classes("cifar5", stand_in=False) == [*raw.classes]
    else:
        assert {*found.labels} == {"dog", "frog", "horse", "ship", "truck"}
        assert len({*zip(found.labels, classes.tolist(), strict=True)}) == 5


def test_a_sheet_is_cut_as_it_was_put_together(monkeypatch, tmp_path):
    """Written of stand-ins, which need no data."""
    tinted = DATASETS["cifar5"].stand_in
    monkeypatch.setitem(DATASETS, "cifar5", replace(DATASETS["cifar5"], read=tinted))
    monkeypatch.setattr(pictures, "FOLDER", tmp_path / "new")
    pictures.publish("cifar5", "out")
    assert np.array_equal(pictures.published("cifar5").images, chosen(tinted(downloads()))[0])
    (tmp_path / "new" / "cifar5.png").write_bytes(b"")
    with pytest.raises(RecordError, match="is missing or damaged"):
        pictures.published("cifar5")
