"""How reading records grows with their number, as a table in CSV.

    python tests/growth.py 10 100 1000 10000 > data/bench/records.csv

Each job runs in a process of its own beside so many records more than the published ones. These are
published ones with other seeds; their arrays are hard links, so that the files differ and the bytes
do not.
"""

import argparse
import json
import os
import subprocess
import sys
import tempfile
import time
from collections import defaultdict
from itertools import cycle, islice
from pathlib import Path

import nbformat

from hypergan.experiments import records
from hypergan.experiments.methods import resolved
from hypergan.experiments.profiles import PUBLISHED
from hypergan.memory import resident
from hypergan.paths import PROJECT, make_folder, published, runs

PAGES = ("ablation", "accuracy", "adversarial", "anomaly", "claims", "diversity", "regression")
COMMANDS = ("list", "claims")
JOBS = (*COMMANDS, *(f"{page}.ipynb" for page in PAGES))
"""Two commands, and all that is computed for a page."""


def made(folder: Path, number: int) -> None:
    """Fill a folder with records of as many seeds of every cell, which nobody has published."""
    cells = defaultdict(list)
    for path in records.paths(published()):
        profile, dataset, method, _ = path.relative_to(published()).parts
        if profile == resolved(PUBLISHED, method, dataset):  # the others are not shown
            cells[path.parent].append(path)
    for count, own in enumerate(islice(cycle(cells.values()), number)):
        seed = 1_000 + count // len(cells)
        source = own[seed % len(own)]
        path = folder / source.relative_to(published()).with_name(f"seed{seed}.json")
        path.parent.mkdir(parents=True, exist_ok=True)
        content = json.loads(source.read_text()) | {"seed": seed}
        path.write_text(json.dumps(content, indent=1) + "\n")
        try:
            os.link(source.with_suffix(".npz"), path.with_suffix(".npz"))
        except OSError:  # another file system
            path.with_suffix(".npz").write_bytes(source.with_suffix(".npz").read_bytes())


def measured(job: str, runs: Path) -> tuple[float, float]:
    """Seconds and megabytes of a job in a process of its own."""
    command = [sys.executable, __file__, "--job", job]
    environment = os.environ | {"HYPERGAN_RUNS": str(runs), "MPLBACKEND": "agg"}
    done = subprocess.run(command, env=environment, cwd=PROJECT, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr[-3000:]
    seconds, megabytes = done.stdout.splitlines()[-1].split()
    return float(seconds), float(megabytes)


def do(job: str) -> None:
    """Do a job and print the seconds of it all, and the megabytes above the imported package."""
    from hypergan import cli

    before = resident()[0]
    if job in COMMANDS:
        cli.obey([job])
    else:
        page = nbformat.read(PROJECT / "book" / job, as_version=4)
        names = {"display": lambda shown: shown}
        for cell in page.cells:
            if cell.cell_type == "code":
                exec(cell.source, names)
    print(time.process_time(), (resident()[1] - before) / 1e6)


def main() -> None:
    """Measure each job at each number and print a table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("numbers", type=int, nargs="*")
    parser.add_argument("--jobs", nargs="+", choices=JOBS, default=JOBS)
    parser.add_argument("--job", choices=JOBS, help="do this one here and say what it took")
    asked = parser.parse_args()
    if asked.job:
        do(asked.job)
    if asked.numbers:
        print("records,job,seconds,megabytes")
    for number in asked.numbers:
        with tempfile.TemporaryDirectory(dir=make_folder(runs())) as folder:  # git ignores it
            made(Path(folder), number)
            for job in asked.jobs:
                seconds, megabytes = measured(job, Path(folder))
                print(f"{number},{job},{seconds:.1f},{megabytes:.0f}", flush=True)


if __name__ == "__main__":
    main()
