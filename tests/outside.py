"""A package from outside, as if it were installed."""

import os
from pathlib import Path

TOY = Path(__file__).parent / "toy"


def installed(folder: Path, entry_points: str) -> str:
    """The ``PYTHONPATH`` with which the modules of the folder toy have these entry points."""
    package = folder / "toy-1.dist-info"
    package.mkdir()
    (package / "METADATA").write_text("Metadata-Version: 2.1\nName: toy\nVersion: 1\n")
    (package / "entry_points.txt").write_text(entry_points)
    return os.pathsep.join([str(folder), str(TOY), os.environ.get("PYTHONPATH", "")])
