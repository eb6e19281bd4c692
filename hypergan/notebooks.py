"""Notebooks stored with their figures, so that a repository's preview shows them.

``python -m hypergan.notebooks`` runs those that are stale and saves them with their outputs,
without what varies between runs. Each notebook holds a hash of what its outputs were made from, so
that a test can tell when they are stale.
"""

import hashlib
import os
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import nbformat
from nbclient import NotebookClient

from hypergan.live import page, sphinx
from hypergan.online import first_cell
from hypergan.paths import PROJECT, sha256, write_whole

FOLDER = PROJECT / "book"
MADE_OF = ("data", "hypergan/figures", "hypergan/live", "hypergan/experiments")
"""What outputs depend on besides the notebook itself."""

MOST_BYTES = 2_000_000
"""Maximum size of a stored notebook."""

_INSTALL = "install"
"""Id of the cell that installs the package where it is missing."""


def paths() -> list[Path]:
    """The notebooks of the book."""
    return sorted(FOLDER.glob("*.ipynb"))


def fingerprint(notebook: Any) -> str:
    """A hash of a notebook's cells and of what their outputs depend on."""
    digest = hashlib.sha256()
    for cell in notebook.cells:
        digest.update(f"{cell.cell_type}\0{cell.source}\0".encode())
    for path in _files():
        digest.update(f"{path.relative_to(PROJECT).as_posix()}\0{sha256(path)}\0".encode())
    return digest.hexdigest()


def _files() -> Iterator[Path]:
    for folder in MADE_OF:
        for path in sorted((PROJECT / folder).rglob("*")):
            inside = path.relative_to(PROJECT / folder).parts
            skipped = inside[0] == "downloads" or "__pycache__" in inside
            if path.is_file() and not skipped:
                yield path


def stored(path: Path) -> str | None:
    """The fingerprint of a notebook when its outputs were made; None if it was never stored."""
    return nbformat.read(path, as_version=4).metadata.get("hypergan", {}).get("made_of")


def is_stale(path: Path) -> bool:
    """Whether a notebook's outputs are missing or out of date."""
    return stored(path) != fingerprint(nbformat.read(path, as_version=4))


def with_first_cell(notebook: Any) -> Any:
    """Put the current install cell above all other code, in place; return the notebook."""
    notebook.cells = [cell for cell in notebook.cells if cell.get("id") != _INSTALL]
    kinds = [cell.cell_type for cell in notebook.cells]
    cell = nbformat.v4.new_code_cell(first_cell(), id=_INSTALL, metadata={"tags": ["remove-cell"]})
    notebook.cells.insert(kinds.index("code"), cell)
    return notebook


def store(path: Path) -> None:
    """Run a notebook and write it with its outputs.

    Raises:
        CellExecutionError: If a cell fails; the file is then left unchanged.
        StorageError: If the file cannot be written.
    """
    notebook = with_first_cell(nbformat.read(path, as_version=4))
    kernel = dict(notebook.metadata.kernelspec)
    with tempfile.TemporaryDirectory() as empty:  # published records only, none from runs/
        client = NotebookClient(notebook, timeout=600, resources={"metadata": {"path": FOLDER}})
        own = {"HYPERGAN_RUNS": empty, "TQDM_DISABLE": "1", page.FILES: sphinx.FOLDER}
        client.execute(env=os.environ | own)
    for number, cell in enumerate(
        (cell for cell in notebook.cells if cell.cell_type == "code"), start=1
    ):
        cell.execution_count = number
        cell.metadata.pop("execution", None)  # when it was run
        cell.outputs = [output for output in cell.outputs if output.get("name") != "stderr"]
        for output in cell.outputs:
            if "execution_count" in output:
                output.execution_count = number
    notebook.metadata = {
        "kernelspec": kernel,
        "language_info": {"name": "python"},
        "hypergan": notebook.metadata.get("hypergan", {}) | {"made_of": fingerprint(notebook)},
    }
    text = nbformat.writes(notebook)
    write_whole(path, lambda temporary: temporary.write_text(text + "\n", encoding="utf-8"))


if __name__ == "__main__":
    for path in [Path(name) for name in sys.argv[1:]] or paths():
        if is_stale(path):
            print(path.name, flush=True)
            store(path)
