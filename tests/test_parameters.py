"""The notebooks, executed with other parameters than they were saved with."""

import json
import re
import subprocess

import papermill
import pytest
from pages import BOOK, NOTEBOOKS, PAGES, SCRIPTS, cells_of, each_notebook, kinds_of

from hypergan.online import first_cell
from hypergan.paths import PROJECT


def test_every_notebook_is_a_page():
    assert NOTEBOOKS
    assert {path.stem for path in NOTEBOOKS} <= set(PAGES)


ONE_SEED = {"seed": "int", "profile": "str"}
CHECK = re.compile(r"^(seeds = )?require_parameters\(profile, seed(, seeds)?\)$", re.MULTILINE)


def takes_several(notebook):
    """Whether a notebook is about several seeds, as the pages of results are."""
    return "seeds" in papermill.inspect_notebook(notebook)


@each_notebook
def test_notebook_explains_its_parameters_and_checks_them_at_once(notebook):
    known, several = papermill.inspect_notebook(notebook), takes_several(notebook)
    types = {name: known[name]["inferred_type_name"] for name in known}
    assert types == ONE_SEED | ({"seeds": "str"} if several else {})
    assert all(parameter["help"] for parameter in known.values())
    codes = [cell["source"] for cell in cells_of(notebook) if cell["cell_type"] == "code"]
    codes = [source for source in codes if source != first_cell()]
    check = CHECK.search(codes[1])
    assert check
    assert [bool(part) for part in check.groups()] == [several, several]
    before = codes[1][: check.start()]
    assert all(line.startswith(("from ", "import ")) for line in before.split("\n") if line)


@pytest.mark.slow
def test_an_odd_parameter_stops_a_notebook_with_a_sentence(tmp_path):
    command = [
        SCRIPTS / "papermill",
        BOOK / "claims.ipynb",
        tmp_path / "out.ipynb",
        "-p",
        "seed",
        "x",
    ]
    done = subprocess.run(command, cwd=PROJECT, capture_output=True, text=True)
    assert done.returncode == 1
    assert done.stderr.strip().endswith("SettingsError: seed is 'x'; it should be a valid integer")


@pytest.fixture(scope="module")
def smoke_records(tmp_path_factory):
    """Where the notebooks put the records of the profile smoke: many show the same cells."""
    return tmp_path_factory.mktemp("smoke")


@each_notebook
@pytest.mark.slow
def test_notebook_draws_with_other_parameters(notebook, tmp_path, smoke_records, monkeypatch):
    """With a seed of its own, and where seeds take little, with two."""
    monkeypatch.setenv("HYPERGAN_RUNS", str(smoke_records))
    several = notebook.stem in ("regression", "claims")
    chosen = {"profile": "smoke"} | ({"seeds": "2 1"} if several else {"seed": 1})
    out = tmp_path / notebook.name
    papermill.execute_notebook(notebook, out, chosen, cwd=PROJECT, progress_bar=False)
    cells = cells_of(out)
    (injected,) = [cell for cell in cells if "injected-parameters" in cell["tags"]]
    assert "smoke" in injected["source"]
    assert any(kinds_of(cell) & {"image/png", "text/html"} for cell in cells)
    for cell in cells:
        if "figure" in cell["metadata"].get("mystnb", {}):
            assert "image/png" in kinds_of(cell)
    made = [json.loads(path.read_text()) for path in smoke_records.rglob("seed*.json")]
    assert {record["profile"] for record in made} <= {"smoke"}
    assert {record["seed"] for record in made} <= {1, 2}
