"""Do the published records come out again? Re-runs in ``runs/`` beside them, as CSV.

    python -m hypergan run METHOD DATASET --seed 0 --profile full    # for each method
    python tests/verified.py > data/bench/verified.csv

One row per cell that was run again, compared as ``python -m hypergan verify`` does.
"""

import csv
import sys
from typing import Any

from hypergan.experiments import verification
from hypergan.experiments.records import Cell

SHOWN = ("accuracy/100", "accuracy/10", "rmse")
"""Of these metrics the first that a record has is shown."""


def row(cell: Cell) -> dict[str, Any]:
    """How a re-run compares, and one metric of both."""
    found = verification.compare(cell)
    shown = next(row for name in SHOWN for row in found.rows if row.metric == name)
    return {
        "method": cell.method,
        "dataset": cell.dataset,
        "seed": cell.seed,
        "profile": cell.profile,
        "metrics": len(found.rows),
        "within": sum(row.ok for row in found.rows),
        "made": found.reason.partition(" (")[0] or "made alike",
        "identical": found.identical,
        "metric": shown.metric,
        "published": f"{shown.published:.5g}",
        "again": f"{shown.rerun:.5g}",
    }


if __name__ == "__main__":
    rows = [row(Cell.at(path)) for path in verification.chosen(sys.argv[1:])]
    table = csv.DictWriter(sys.stdout, rows[0], lineterminator="\n")
    table.writeheader()
    table.writerows(rows)
