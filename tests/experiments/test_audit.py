"""The records of ``data/records``, each on its own."""

import json
import re
from dataclasses import replace

import jsonschema
import pytest

from hypergan.data.datasets import compared
from hypergan.experiments import methods, records
from hypergan.experiments.claims import all_claims
from hypergan.experiments.profiles import PUBLISHED
from hypergan.experiments.records import RECORD_VERSION, Cell, flat
from hypergan.experiments.state import state
from hypergan.experiments.verdicts import Shelf
from hypergan.paths import published, sha256

VERSIONS = range(1, RECORD_VERSION + 1)
CLAIMS = all_claims()

pytestmark = pytest.mark.audit

RECORDS = [path.relative_to(published()) for path in records.paths(published())]


@pytest.mark.parametrize("path", RECORDS, ids=str)
def test_a_published_record_can_be_relied_on(path):
    """Made with today's settings and committed code, on real data, and whole."""
    record = records.read(published() / path)
    records.check(record)
    assert record.cell == Cell.at(path)
    assert record.arrays
    assert not record.stand_in
    assert re.fullmatch("[0-9a-f]{40}", record.commit)


def test_exactly_what_is_published_is_listed_for_sha256sum_too():
    lines = (published() / records.SUMS).read_text().splitlines()
    assert lines == [f"{sha256(published() / p)}  {p.as_posix()}" for p in sorted(RECORDS, key=str)]


@pytest.mark.parametrize("dataset", [*compared(), "cubic"])
def test_what_is_published_of_a_data_set_has_every_method_that_is_compared(dataset):
    for method in methods.compared():
        cell, there = Cell(method, dataset, profile=PUBLISHED), [published()]
        seeds = records.seeds(cell, there)
        assert seeds, method
        for seed in seeds:
            assert state(replace(cell, seed=seed), there).record, (method, seed)


@pytest.mark.parametrize("version", VERSIONS)
def test_the_published_schema_is_what_records_are_read_by(version):
    """If it is not: `python -m hypergan.experiments.records` writes it anew."""
    path = records.schema_path(version)
    assert json.loads(path.read_text()) == records.schema(version)
    jsonschema.Draft202012Validator.check_schema(records.schema(version))


def test_every_published_record_fits_its_schema():
    schemas = {v: jsonschema.Draft202012Validator(records.schema(v)) for v in VERSIONS}
    for path in RECORDS:
        content = json.loads((published() / path).read_text())
        schemas[content["record_version"]].validate(content)
        if content["record_version"] == 1:
            assert not schemas[2].is_valid(content)


@pytest.mark.parametrize("path", RECORDS, ids=str)
def test_a_published_record_has_every_number_that_the_claims_ask_of_it(path):
    cell, numbers = Cell.at(path), flat(records.read(published() / path).metrics)
    shelf = Shelf(cell.profile, [published()], [cell.seed], CLAIMS)
    quantities = {q for claim in CLAIMS for group in claim.quantities.values() for q in group}
    for quantity in quantities:
        own = (quantity.method, quantity.dataset) == (cell.method, cell.dataset)
        if own and not quantity.measure.startswith("bench/"):
            there = cell.seed in shelf.measured(quantity)
            nothing_fooled = "transfer/" in quantity.measure and numbers[quantity.measure] is None
            assert there or nothing_fooled, quantity
