"""Notebooks as they are stored."""

import nbformat
import pytest

from hypergan import notebooks, online

STORED = [path for path in notebooks.paths() if notebooks.stored(path)]
each_notebook = pytest.mark.parametrize("path", STORED, ids=lambda path: path.stem)


@each_notebook
def test_stored_outputs_are_those_of_today(path):
    assert not notebooks.is_stale(path), "run `make notebooks`"


@each_notebook
def test_stored_notebooks_stay_small(path):
    assert path.stat().st_size < notebooks.MOST_BYTES


@each_notebook
def test_the_first_code_lets_a_notebook_start_alone(path):
    cells = nbformat.read(path, as_version=4).cells
    first = next(cell for cell in cells if cell.cell_type == "code")
    assert first.source == online.first_cell(), "run `make notebooks`"
    assert "remove-cell" in first.metadata.tags


@pytest.fixture
def small(tmp_path):
    """A notebook with a figure, a number and something on stderr."""
    code = "import sys\nprint(1, file=sys.stderr)\n6 * 7"
    cells = [nbformat.v4.new_markdown_cell("# Title"), nbformat.v4.new_code_cell(code)]
    kernel = {"kernelspec": {"name": "python3", "display_name": "Python 3", "language": "python"}}
    path = tmp_path / "small.ipynb"
    nbformat.write(nbformat.v4.new_notebook(cells=cells, metadata=kernel), path)
    return path


@pytest.mark.slow
def test_storing_twice_gives_the_same_file(small):
    assert notebooks.is_stale(small)
    notebooks.store(small)
    stored = small.read_bytes()
    assert not notebooks.is_stale(small)
    cells = nbformat.read(small, as_version=4).cells
    assert [cell.cell_type for cell in cells] == ["markdown", "code", "code"]
    (output,) = cells[-1].outputs
    assert output.data["text/plain"] == "42"
    notebooks.store(small)
    assert small.read_bytes() == stored


@pytest.mark.slow
def test_a_changed_cell_makes_outputs_stale(small):
    notebooks.store(small)
    notebook = nbformat.read(small, as_version=4)
    notebook.cells[-1].source = "6 * 8"
    nbformat.write(notebook, small)
    assert notebooks.is_stale(small)
