"""The pages of the book, for the tests of its notebooks and of what is built of them."""

import json
import os
import subprocess
import sysconfig
from pathlib import Path
from typing import Any

import pytest
import yaml

from hypergan.paths import PROJECT

BOOK = PROJECT / "book"
NOTEBOOKS = sorted(BOOK.glob("*.ipynb"))
TOC = yaml.safe_load((PROJECT / "_toc.yml").read_text())
PAGES = [TOC["root"]] + [page["file"] for part in TOC["parts"] for page in part["chapters"]]
SCRIPTS = Path(sysconfig.get_path("scripts"))

each_page = pytest.mark.parametrize("page", PAGES)
each_notebook = pytest.mark.parametrize("notebook", NOTEBOOKS, ids=lambda path: path.stem)


def run(*command: str | Path, records: Path) -> None:
    """Run a command; records that it makes go to ``records``, not among the user's own."""
    environment = os.environ | {"HYPERGAN_RUNS": str(records), "TQDM_DISABLE": "1"}
    done = subprocess.run(
        command,
        cwd=PROJECT,
        env=environment,
        text=True,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
    )
    assert done.returncode == 0, done.stdout[-5000:]


def cells_of(notebook: Path) -> list[dict[str, Any]]:
    """The cells of a notebook, each with its source as one string and its tags."""
    cells = json.loads(notebook.read_text())["cells"]
    return [
        cell | {"source": "".join(cell["source"]), "tags": cell["metadata"].get("tags", [])}
        for cell in cells
    ]
