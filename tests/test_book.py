"""The notebooks, and the built book as a reader meets it, without internet."""

import json
import os
import re
import shutil
import subprocess
import sys
import sysconfig
import tomllib
from functools import cache
from pathlib import Path
from typing import Any
from urllib.parse import unquote, urlsplit

import papermill
import pytest
import yaml
from bs4 import BeautifulSoup

from hypergan.online import first_cell
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


# Notebooks


def cells_of(notebook: Path) -> list[dict[str, Any]]:
    """The cells of a notebook, each with its source as one string and its tags."""
    cells = json.loads(notebook.read_text())["cells"]
    return [
        cell | {"source": "".join(cell["source"]), "tags": cell["metadata"].get("tags", [])}
        for cell in cells
    ]


def kinds_of(cell: dict[str, Any]) -> set[str]:
    """What a cell has put out: its MIME types."""
    return {kind for output in cell.get("outputs", []) for kind in output.get("data", {})}


def test_every_notebook_is_a_page():
    assert NOTEBOOKS
    assert {path.stem for path in NOTEBOOKS} <= set(PAGES)


@each_notebook
def test_notebook_explains_its_parameters_and_checks_them_at_once(notebook):
    known = papermill.inspect_notebook(notebook)
    assert {name: known[name]["inferred_type_name"] for name in known} == {
        "seed": "int",
        "profile": "str",
    }
    assert all(parameter["help"] for parameter in known.values())
    codes = [cell["source"] for cell in cells_of(notebook) if cell["cell_type"] == "code"]
    codes = [source for source in codes if source != first_cell()]
    before, found, _ = codes[1].partition("\nrequire_parameters(profile, seed)\n")
    assert found
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
def test_notebook_draws_with_other_parameters(notebook, tmp_path, smoke_records):
    out = tmp_path / notebook.name
    parameters = ("-p", "profile", "smoke", "-p", "seed", "1")
    run(SCRIPTS / "papermill", notebook, out, *parameters, records=smoke_records)
    cells = cells_of(out)
    (injected,) = [cell for cell in cells if "injected-parameters" in cell["tags"]]
    assert "smoke" in injected["source"]
    assert any(kinds_of(cell) & {"image/png", "text/html"} for cell in cells)
    for cell in cells:
        if "figure" in cell["metadata"].get("mystnb", {}):
            assert "image/png" in kinds_of(cell)
    made = [json.loads(path.read_text()) for path in smoke_records.rglob("seed*.json")]
    assert {(record["profile"], record["seed"]) for record in made} <= {("smoke", 1)}


@pytest.fixture(scope="module")
def records(tmp_path_factory):
    """Where notebooks without other parameters put the records that they lack."""
    return tmp_path_factory.mktemp("runs")


@each_notebook
@pytest.mark.slow
def test_notebook_gives_the_outputs_it_was_saved_with(notebook, records):
    source = notebook.read_text()
    assert '"nbval-check-output"' in source, "tag the cells whose numbers matter"
    nbval = ("pytest", "--nbval-lax", "--nbval-cell-timeout=600", "-p", "no:cacheprovider")
    run(sys.executable, "-m", *nbval, notebook, records=records)
    assert notebook.read_text() == source


# The built book


@pytest.fixture(scope="module")
def html(tmp_path_factory, records):
    """The folder of the built book; a warning of the build is an error."""
    out = tmp_path_factory.mktemp("book")
    build = (SCRIPTS / "jupyter-book", "build", BOOK, "--path-output", out)
    run(*build, "-n", "-W", "--keep-going", records=records)
    return out / "_build" / "html"


@cache
def read(path: Path) -> BeautifulSoup:
    return BeautifulSoup(path.read_text(), "html.parser")


@cache
def anchors(path: Path) -> set[str]:
    """What a link can lead to on a page."""
    return {tag["id"] for tag in read(path).select("[id]")}


@pytest.mark.slow
def test_every_page_is_built(html):
    built = {path.stem for path in html.glob("*.html")}
    assert built == {*PAGES, "index", "search", "genindex", "py-modindex"}


@each_page
@pytest.mark.slow
def test_page_has_one_title(html, page):
    (title,) = read(html / f"{page}.html").select("article h1")
    assert len(title.get_text()) > 2


@each_page
@pytest.mark.slow
def test_page_has_no_table_left_as_text(html, page):
    """Markdown from a program is a table only where its cell asks for MyST."""
    for paragraph in read(html / f"{page}.html").select("article p"):
        assert "| — |" not in paragraph.get_text()
        assert "| --- |" not in paragraph.get_text()


@each_page
@pytest.mark.slow
def test_page_loads_nothing_from_the_internet(html, page):
    content = read(html / f"{page}.html")
    addresses = [tag["src"] for tag in content.select("[src]")]
    addresses += [tag["href"] for tag in content.select("link[href]")]
    assert addresses
    for address in addresses:
        parts = urlsplit(address)
        assert not parts.netloc, address
        assert parts.scheme == "data" or not parts.path or (html / unquote(parts.path)).exists(), (
            address
        )


@pytest.mark.slow
def test_styles_load_nothing_from_the_internet(html):
    styles = list(html.rglob("*.css"))
    assert styles
    for style in styles:
        loaded = re.findall(r"(?:@import\s+|url\()[\"']?([^\"')]*)", style.read_text())
        assert not [address for address in loaded if urlsplit(address).netloc], style


@pytest.mark.slow
def test_formulas_are_typeset_from_files_of_the_book(html):
    content = read(html / "architecture.html")
    (script,) = content.select("script[src*=mathjax]")
    folder = (html / urlsplit(script["src"]).path).parent
    (settings,) = (tag.string for tag in content.select("script") if "MathJax =" in str(tag.string))
    loaded = json.loads(settings.split("=", 1)[1])["loader"]["load"]
    assert loaded
    for component in loaded:
        assert (folder / f"{component}.js").exists()
    assert list((folder / "output" / "chtml" / "fonts" / "woff-v2").glob("*.woff"))


@each_page
@pytest.mark.slow
def test_every_picture_says_what_it_shows(html, page):
    for picture in read(html / f"{page}.html").select("article img"):
        text = picture.get("alt", "")
        assert len(text.split()) >= 5, f"{picture['src']} has the alternative text {text!r}"
        assert not re.search(r"\.(png|svg|jpe?g)\b", text), text


@each_page
@pytest.mark.slow
def test_every_picture_has_a_caption(html, page):
    for picture in read(html / f"{page}.html").select("article img"):
        figure = picture.find_parent("figure")
        assert figure is not None, picture["src"]
        assert figure.figcaption.get_text(strip=True), picture["src"]


@each_page
@pytest.mark.slow
def test_every_link_inside_the_book_leads_somewhere(html, page):
    for link in read(html / f"{page}.html").select("a[href]"):
        parts = urlsplit(link["href"])
        if parts.scheme or parts.netloc:
            continue
        goal = html / (unquote(parts.path) or f"{page}.html")
        assert goal.exists(), link["href"]
        if parts.fragment and goal.suffix == ".html":
            assert unquote(parts.fragment) in anchors(goal), link["href"]


# A book of one page, which shows a record, one of the package's numbers, and one of one's own runs

PAGE = """---
jupytext: {text_representation: {extension: .md, format_name: myst}}
kernelspec: {name: python3, display_name: Python 3, language: python}
---
# A page

```{code-cell} ipython3
from hypergan import __version__
from hypergan.paths import published, runs

own = runs() / "lite/cubic/hypergan/seed0.json"
print(__version__, (published() / "record.json").read_text(), own.read_text())
```
"""


@pytest.mark.slow
def test_what_has_changed_is_shown_by_the_plain_command_and_nothing_else_is_executed(tmp_path):
    clone, own = tmp_path / "clone", tmp_path / "my runs" / "lite/cubic/hypergan/seed0.json"
    skip = shutil.ignore_patterns("__pycache__")
    shutil.copytree(PROJECT / "hypergan", clone / "hypergan", ignore=skip)
    (clone / "book").mkdir()
    for name in ("pyproject.toml", "book/dependencies.py"):
        shutil.copy(PROJECT / name, clone / name)
    config = yaml.safe_load((PROJECT / "_config.yml").read_text())
    parts = {name: config[name] for name in ("execute", "title")}
    parts["sphinx"] = {"local_extensions": config["sphinx"]["local_extensions"]}
    (clone / "book" / "_config.yml").write_text(yaml.safe_dump(parts))
    (clone / "book" / "_toc.yml").write_text("format: jb-book\nroot: intro\n")
    page, record = clone / "book" / "intro.md", clone / "data" / "records" / "record.json"
    for path, text in ((page, PAGE), (record, "one"), (own, "two")):
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
    environment = os.environ | {
        "PYTHONPATH": str(clone),
        "HYPERGAN_RUNS": str(tmp_path / "my runs"),
    }

    def built() -> tuple[str, bool]:
        """What the page shows, and whether it was executed."""
        done = subprocess.run(
            [SCRIPTS / "jupyter-book", "build", "book/"],
            cwd=clone, env=environment, capture_output=True, text=True,
        )  # fmt: skip
        assert done.returncode == 0, done.stderr
        html = BeautifulSoup((clone / "book/_build/html/intro.html").read_text(), "html.parser")
        return html.select_one("div.cell_output").get_text().strip(), "Executing" in done.stdout

    version = tomllib.loads((PROJECT / "pyproject.toml").read_text())["project"]["version"]
    assert built() == (f"{version} one two", True)
    assert built() == (f"{version} one two", False)
    record.write_text("1")
    assert built() == (f"{version} 1 two", True)
    own.write_text("2")
    package = clone / "hypergan" / "__init__.py"
    package.write_text(package.read_text().replace(f'"{version}"', '"9.9"'))
    assert built() == ("9.9 1 2", True)
    assert len(list((clone / "book/_build/.jupyter_cache").iterdir())) == 1
    page.write_text(PAGE.replace("# A page", "# The page"))  # prose is not executed
    assert built() == ("9.9 1 2", False)


# What the pages promise


def test_every_module_is_in_the_api():
    files = (path.relative_to(PROJECT) for path in (PROJECT / "hypergan").rglob("*.py"))
    modules = {".".join(file.with_suffix("").parts).removesuffix(".__init__") for file in files}
    documented = re.findall(r"automodule:: ([\w.]+)", (BOOK / "api.md").read_text())
    assert set(documented) == modules - {"hypergan.__main__"}


def test_the_book_builds_from_its_own_folder():
    for name in ("_config.yml", "_toc.yml"):
        assert (BOOK / name).is_symlink()
        assert (BOOK / name).resolve() == PROJECT / name
