"""Records that were made up."""

import json
import re
from dataclasses import asdict

from hypergan.experiments.collection import Collection
from hypergan.experiments.methods import settings_for
from hypergan.experiments.records import RECORD_VERSION, Cell, Record

CELL = Cell("hypergan", "digits", 3, "lite")


def example(cell=CELL, **changes):
    settings = settings_for(cell.method, cell.dataset, cell.profile)
    content = {
        "record_version": RECORD_VERSION,
        **asdict(cell),
        "config": settings.as_dict(),
        "commit": "0" * 40,
        "data_sha256": {"file": "1" * 64},
        "versions": {"torch": "2"},
        "device": "cpu",
        "wall_seconds": 1.23456789,
        "peak_memory_bytes": 2**30,
        "stand_in": False,
        "history": [{"epoch": 1, "loss": 0.5, "seconds": 1.0}],
        "metrics": {"accuracy": {"1": 90.0}},
        "arrays_sha256": "2" * 64,
        "environment": {"threads": 1, "posterior_sha256": "3" * 64},
    }
    return Record(**content | changes)


def edit(path, old="", new="", **changes):
    """Change a record's text and keys; it then lacks the sha256 that would tell."""
    text = re.sub(r',\s+"record_sha256": "\w+"', "", path.read_text()).replace(old, new)
    path.write_text(json.dumps(json.loads(text) | changes))


NORMS = {layer: {"mean": 10.0, "std": 2.0} for layer in ("conv1", "conv2", "linear")}
EMPTY = Collection([], [])


def with_arrays(record, arrays):
    """A record that has these arrays without a file."""
    record.__dict__["arrays"] = arrays
    return record
