"""The notebooks, executed with other parameters than they were saved with."""

import json
import os
import re
import subprocess

import papermill
import pytest
from forked import PROCESSES
from IPython.core.interactiveshell import InteractiveShell
from pages import BOOK, NOTEBOOKS, PAGES, SCRIPTS, cells_of, each_notebook
from papermill.iorw import load_notebook_node
from papermill.parameterize import parameterize_notebook

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
    names = (BOOK / "claims.ipynb", tmp_path / "out.ipynb")
    command = [SCRIPTS / "papermill", *names, "-p", "seed", "x"]
    done = subprocess.run(command, cwd=PROJECT, capture_output=True, text=True)
    assert done.returncode == 1
    assert done.stderr.strip().endswith("SettingsError: seed is 'x'; it should be a valid integer")


@pytest.fixture(scope="module")
def smoke_records(tmp_path_factory):
    """Where the notebooks put the records of the profile smoke: many show the same cells."""
    return tmp_path_factory.mktemp("smoke")


def shown(asked):
    """Run a notebook's code, and return the kinds of output that each cell ends with."""
    notebook, chosen, os.environ["HYPERGAN_RUNS"] = asked
    os.chdir(PROJECT)
    content = parameterize_notebook(load_notebook_node(notebook), chosen)
    shell, kinds = InteractiveShell.instance(), []
    for cell in content.cells:
        if cell.cell_type == "code":
            done = shell.run_cell(cell.source)
            done.raise_error()
            kinds.append({*shell.display_formatter.format(done.result)[0]})
    return kinds


@each_notebook
@pytest.mark.slow
def test_notebook_draws_with_other_parameters(notebook, smoke_records):
    """With a seed of its own, and claims with two; the book shows that kernels run them, too."""
    chosen = {"seeds": "2 1"} if notebook.stem == "claims" else {"seed": 1}
    asked = str(notebook), {"profile": "smoke"} | chosen, str(smoke_records)
    with PROCESSES.Pool(1) as pool:
        kinds = pool.apply_async(shown, [asked]).get(timeout=600)
    assert any("text/html" in each for each in kinds)
    made = [json.loads(path.read_text()) for path in smoke_records.rglob("seed*.json")]
    assert {(record["profile"], record["seed"]) for record in made} <= {("smoke", 1)}
