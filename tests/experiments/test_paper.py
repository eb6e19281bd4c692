import pytest

from hypergan.errors import DataError
from hypergan.experiments import paper


def value(number, column="accuracy", **where):
    rows = paper.table(number)
    for name, wanted in where.items():
        rows = rows[rows[name] == wanted]
    return rows[column].item()


def test_tables_are_complete():
    assert len(paper.table(1)) == 3 * 3
    assert len(paper.table(2)) == 8 * 4
    assert not paper.table(2)["accuracy"].isna().any()


def test_values_are_the_papers():
    assert value(1, "mean", method="HyperGAN", layer="conv2") == 51.10
    assert value(1, "std", method="APD", layer="linear") == 1.43
    assert value(2, method="HyperGAN", dataset="mnist", networks=100) == 99.31
    assert value(2, method="MC Dropout", dataset="cifar10") == 72.75
    assert value(2, "plus_minus", method="HyperGAN", dataset="cifar5", networks=1) == 0.6


def test_a_table_that_was_not_transcribed_is_refused():
    with pytest.raises(DataError, match="table9"):
        paper.table(9)


@pytest.mark.parametrize(("own", "above"), [(77.72, True), (77.706, True), (77.704, False)])
def test_a_value_is_reached_to_its_decimals(own, above):
    printed = paper.accuracies("cifar10").at[("HyperGAN", 100), "accuracy"]
    assert paper.reaches(own, printed) == above
