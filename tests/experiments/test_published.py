"""The records of ``data/records``, each on its own."""

import re

import pytest

from hypergan.experiments import records
from hypergan.experiments.records import Cell
from hypergan.paths import published

RECORDS = [path.relative_to(published()) for path in records.paths(published())]


@pytest.mark.parametrize("path", RECORDS, ids=str)
def test_a_published_record_can_be_relied_on(path):
    """Made with today's settings and committed code, on real data, and whole."""
    record = records.read(published() / path)
    records.check(record, Cell.at(path), published() / path)
    assert records.arrays(published() / path)
    assert not record.stand_in
    assert re.fullmatch("[0-9a-f]{40}", record.commit)
