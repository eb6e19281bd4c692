"""Many processes write to one folder of records."""

import os

import pytest
from forked import PROCESSES

from hypergan.experiments import cells, records
from hypergan.experiments.records import Cell

CELLS = [Cell("hypergan", "cubic", seed, "smoke") for seed in range(15)]


def run(asked):
    cell, os.environ["HYPERGAN_RUNS"] = asked
    record = cells.run(cell, progress=False)
    return record.cell, record.environment["posterior_sha256"]


@pytest.mark.slow
def test_thirty_cells_at_once_lose_nothing(own_runs):
    """Each of fifteen cells is asked for twice; the second waits for the first one's record."""
    asked = [(cell, str(own_runs)) for cell in CELLS * 2]
    with PROCESSES.Pool(30, maxtasksperchild=1) as pool:
        found = pool.map_async(run, asked, chunksize=1).get(timeout=480)
    assert len({posterior for _, posterior in found}) == len(CELLS)
    for cell, posterior in found:
        record = records.read(own_runs / cell.path)
        assert record.environment["posterior_sha256"] == posterior
        assert dict(record.arrays)
        assert (own_runs / cell.path).with_suffix(".safetensors").exists()
    kinds = {path.suffix for path in own_runs.rglob("*") if path.is_file()}
    assert kinds == {".json", ".npz", ".safetensors", ".lock"}
