"""Notebooks as they are stored."""

import base64
import re

import nbformat
import pytest

from hypergan import notebooks, online

each_notebook = pytest.mark.parametrize("path", notebooks.paths(), ids=lambda path: path.stem)


@each_notebook
def test_notebooks_are_stored_with_their_figures_and_stay_small(path):
    assert notebooks.stored(path) is not None, "run `make notebooks`"
    assert path.stat().st_size < notebooks.MOST_BYTES


@each_notebook
def test_a_preview_can_show_what_is_stored(path):
    for cell in nbformat.read(path, as_version=4).cells:
        for output in cell.get("outputs", []):
            data = output.get("data", {})
            for form in ("text/html", "text/markdown"):
                assert not re.search("<(script|form|select)", data.get(form, ""))
                assert "../../" not in data.get(form, "")  # outside of the project
            assert '<svg class="panel"' not in data.get("text/html", "")
            assert not re.search(r" at 0x[0-9a-f]+>", data.get("text/plain", ""))


@each_notebook
def test_the_first_code_lets_a_notebook_start_alone(path):
    cells = nbformat.read(path, as_version=4).cells
    first = next(cell for cell in cells if cell.cell_type == "code")
    assert first.source == online.first_cell(), "run `make notebooks`"
    assert "remove-cell" in first.metadata.tags


CODE = """
import sys
from hypergan.figures.panels import Panels
print(1, file=sys.stderr)
figure = Panels("One curve")
figure.add().plot([0, 1], [0, 1], label="a")
figure
"""


@pytest.fixture
def small(tmp_path):
    """A notebook with a figure and something on stderr."""
    code = nbformat.v4.new_code_cell(CODE, id="figure")
    cells = [nbformat.v4.new_markdown_cell("# Title", id="title"), code]
    kernel = {"name": "python3", "display_name": "Python 3", "language": "python"}
    path = tmp_path / "small.ipynb"
    notebook = nbformat.v4.new_notebook(cells=cells, metadata={"kernelspec": kernel})
    nbformat.write(notebook, path)
    return path


@pytest.mark.parametrize("content", ["{", "[]", "", "\x00", '{"nbformat": 4}'])
def test_a_damaged_notebook_is_named(content, small, monkeypatch, capsys):
    monkeypatch.setattr(notebooks, "FOLDER", small.parent)
    small.write_text(content)
    assert notebooks.main(["small"]) == 2
    assert f"the notebook {small} is damaged" in capsys.readouterr().err


def test_without_notebooks_it_says_where_to_work(tmp_path, monkeypatch, capsys):
    monkeypatch.setattr(notebooks, "FOLDER", tmp_path)
    assert notebooks.main([]) == 2
    assert "work in a checkout" in capsys.readouterr().err


@pytest.mark.slow
def test_storing_twice_gives_the_same_file(small):
    assert notebooks.stored(small) is None
    notebooks.store(small)
    before = small.read_bytes()
    cells = nbformat.read(small, as_version=4).cells
    assert [cell.cell_type for cell in cells] == ["markdown", "code", "code"]
    (output,) = cells[-1].outputs
    assert {*output.data} == {"image/png", "text/plain"}
    notebooks.store(small)
    assert small.read_bytes() == before
    assert notebooks.stored(small).keys() == {"figure"}


def made(text):
    """A notebook with one output that offers a file."""
    data = {
        "text/html": f'<a href="data:text/csv;base64,{base64.b64encode(text.encode()).decode()}">'
    }
    output = nbformat.v4.new_output("display_data", data)
    return nbformat.v4.new_notebook(cells=[nbformat.v4.new_code_cell("", outputs=[output], id="a")])


def test_what_is_shown_are_numbers_to_three_digits_and_words():
    first = notebooks.shown(made("method,mean\nAPD,0.123456\n"))
    assert first.keys() == {"a"}
    assert notebooks.shown(made("method,mean\nAPD,0.123457\n")) == first
    assert notebooks.shown(made("method,mean\nAPD,0.124\n")) != first
    assert notebooks.shown(made("method,mean\nMNF,0.123456\n")) != first
    assert notebooks.shown(nbformat.v4.new_notebook(cells=made("").cells[:0])) == {}
    computed = made("method,mean\nAPD,0.123456\n")
    computed.cells[0].metadata["tags"] = ["computed"]
    assert notebooks.shown(computed) == {}
