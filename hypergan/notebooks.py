"""Notebooks stored with their figures, so that a repository's preview shows them.

``python -m hypergan.notebooks`` runs all of them, or the given ones, and stores their outputs.
Figures are stored as PNG, since a preview shows no drawings inside HTML and runs no scripts.
What varies between runs is dropped, so that a file changes only when what it shows does. Each
notebook contains a digest of what each cell shows, so that a test can tell when it is stale.
"""

import argparse
import base64
import csv
import hashlib
import os
import re
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import nbformat
from nbclient import NotebookClient
from nbclient.exceptions import CellExecutionError

from hypergan.__main__ import safely
from hypergan.errors import DataError
from hypergan.figures.panels import PICTURES
from hypergan.live import page, sphinx
from hypergan.online import first_cell
from hypergan.paths import PROJECT, write_text

FOLDER = PROJECT / "book"

MOST_BYTES = 1_000_000
"""Maximum size of a stored notebook, above which previews may show none."""

_INSTALL = "install"
"""Id of the cell that installs the package where it is missing."""

_COMPUTED = "computed"
"""Tag of a cell whose numbers are computed when the notebook runs, and differ between machines."""

_CHECKED = "nbval-check-output"
"""Tag of a cell whose outputs are stored as they are, for tests to compare."""

_SCRIPTED = re.compile(r"<(form|script)\b.*?</\1>\s*", re.DOTALL)
"""What a preview, which runs no scripts, would show as plain text."""


def paths() -> list[Path]:
    """The notebooks of the book."""
    return sorted(FOLDER.glob("*.ipynb"))


def shown(notebook: Any) -> dict[str, str]:
    """A digest of the numbers in each cell's figures and tables, by the cell's id.

    They are the files that figures and tables offer, with three digits, since last digits may
    differ from machine to machine.
    """
    digests = {}
    for cell in notebook.cells:
        texts = [output.get("data", {}).get("text/html", "") for output in cell.get("outputs", [])]
        files = re.findall(r"data:text/csv;base64,([\w+/=]*)", "".join(texts))
        if files and _COMPUTED not in cell.metadata.get("tags", []):
            rows = "\n".join(base64.b64decode(file).decode() for file in files).splitlines()
            words = [[_three_digits(word) for word in row] for row in csv.reader(rows)]
            digests[cell.id] = hashlib.sha256(repr(words).encode()).hexdigest()[:16]
    return digests


def _three_digits(word: str) -> str:
    try:
        return f"{float(word):.3g}"
    except ValueError:
        return word


def stored(path: Path) -> dict[str, str] | None:
    """What a notebook showed when it was stored, see :func:`shown`; None if it never was."""
    return _read(path).metadata.get("hypergan", {}).get("shown")


def _read(path: Path) -> Any:
    """A notebook.

    Raises:
        DataError: If it is damaged.
    """
    try:
        notebook = nbformat.read(path, as_version=4)
        _ = notebook.cells, notebook.metadata.kernelspec
    except Exception as error:  # nbformat fails in many ways on a damaged file
        reason = str(error).partition("\n")[0][:200]
        raise DataError(
            f"the notebook {path} is damaged ({reason}); restore it with `git checkout`"
        ) from error
    return notebook


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
        DataError: If the file is damaged.
        StorageError: If the file cannot be written.
    """
    notebook = with_first_cell(_read(path))
    kernel = dict(notebook.metadata.kernelspec)
    with tempfile.TemporaryDirectory() as empty:  # published records only, none from runs/
        client = NotebookClient(notebook, timeout=600, resources={"metadata": {"path": FOLDER}})
        own = {"HYPERGAN_RUNS": empty, "TQDM_DISABLE": "1", page.FILES: sphinx.FOLDER}
        client.execute(env=os.environ | own | {PICTURES: "png"})
    numbers = shown(notebook)
    code = [cell for cell in notebook.cells if cell.cell_type == "code"]
    for count, cell in enumerate(code, start=1):
        cell.execution_count = count
        cell.metadata.pop("execution", None)  # when it ran
        cell.outputs = [output for output in cell.outputs if output.get("name") != "stderr"]
        for output in cell.outputs:
            if "execution_count" in output:
                output.execution_count = count
            if "data" in output:
                _for_preview(output.data, checked=_CHECKED in cell.metadata.get("tags", []))
    notebook.metadata = {
        "kernelspec": kernel,
        "language_info": {"name": "python"},
        "hypergan": notebook.metadata.get("hypergan", {}) | {"shown": numbers},
    }
    write_text(path, nbformat.writes(notebook) + "\n")


def _for_preview(data: Any, *, checked: bool) -> None:
    """Drop the forms of an output that a preview does not show, in place."""
    if checked:
        data.pop("image/png", None)
    elif "image/png" in data or "<script" in data.get("text/html", ""):
        data.pop("text/html")
    elif "text/html" in data:
        data.pop("text/plain")
    elif "text/markdown" in data:
        data["text/markdown"] = _SCRIPTED.sub("", data["text/markdown"])


def _of_the_book(name: str) -> Path:
    """The notebook with this name."""
    known = {path.stem: path for path in paths()}
    if (stem := Path(name).stem) not in known:
        raise argparse.ArgumentTypeError(f"there is no {name!r}; there are {', '.join(known)}")
    return known[stem]


def main(arguments: Sequence[str] | None = None) -> int:
    """Store the notebooks that the command line names; the exit code is that of the package."""
    return safely(lambda: _main(arguments))


def _main(arguments: Sequence[str] | None) -> int:
    parser = argparse.ArgumentParser(
        prog="python -m hypergan.notebooks", description="Run notebooks and store their outputs."
    )
    parser.add_argument("notebook", nargs="*", type=_of_the_book, help="a name; default: all")
    chosen = parser.parse_args(arguments).notebook or paths()
    if not chosen:
        raise DataError(f"there are no notebooks in {FOLDER}; work in a checkout of the repository")
    for path in chosen:
        print(path.name, flush=True)
        try:
            store(path)
        except CellExecutionError as error:
            print(error, file=sys.stderr)  # with the lines that failed
            raise DataError(
                f"a cell of {path} fails ({error.ename}: {error.evalue}); mend it"
            ) from None
    return 0


if __name__ == "__main__":
    sys.exit(main())
