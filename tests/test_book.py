"""The built book as a reader meets it, without internet."""

import importlib.util
import json
import os
import re
import shutil
import subprocess
import sys
import tomllib
from functools import cache
from pathlib import Path
from typing import Any
from urllib.parse import unquote, urlsplit

import nbformat
import pytest
import yaml
from bs4 import BeautifulSoup
from pages import BOOK, PAGES, SCRIPTS, cells_of, each_notebook, each_page, run

from hypergan import __version__, notebooks
from hypergan.experiments.profiles import PUBLISHED
from hypergan.experiments.records import Cell
from hypergan.paths import PROJECT, published


@cache
def read(path: Path) -> BeautifulSoup:
    return BeautifulSoup(path.read_text(), "html.parser")


@cache
def anchors(path: Path) -> set[str]:
    """What a link can lead to on a page."""
    return {tag["id"] for tag in read(path).select("[id]")}


def code_of(notebook: Path) -> list[dict[str, Any]]:
    """The code cells of a notebook."""
    return [cell for cell in cells_of(notebook) if cell["cell_type"] == "code"]


def sources(cells: list[dict[str, Any]]) -> list[str]:
    return [cell["source"] for cell in cells]


def executed(html: Path, notebook: Path) -> Path:
    """The same notebook as the build of the book has run it."""
    cache, saved = html.parent / ".jupyter_cache", sources(code_of(notebook))
    (found,) = [
        path for path in cache.glob("*/executed/*/base.ipynb") if sources(code_of(path)) == saved
    ]
    return found


def shown_by(cell: dict[str, Any]) -> list[Any]:
    """What a cell has put out: what it prints, which may come in parts, and its other outputs."""
    printed = "".join("".join(output.get("text", "")) for output in cell["outputs"])
    return [printed, *(output["data"] for output in cell["outputs"] if "data" in output)]


@each_notebook
@pytest.mark.slow
def test_notebook_gives_the_outputs_it_was_saved_with(html, notebook):
    """Those of the cells whose numbers matter, when the book was built."""
    saved = code_of(notebook)
    found = code_of(executed(html, notebook))
    tagged = [i for i, cell in enumerate(saved) if "nbval-check-output" in cell["tags"]]
    assert tagged, "tag the cells whose numbers matter"
    for i in tagged:
        assert shown_by(saved[i]) == shown_by(found[i])


@each_notebook
@pytest.mark.slow
def test_stored_figures_are_those_of_today(html, notebook):
    today = notebooks.shown(nbformat.read(executed(html, notebook), as_version=4))
    assert notebooks.stored(notebook) == today, "run `make notebooks`"


@pytest.mark.slow
def test_nbval_checks_the_saved_outputs(tmp_path):
    """The command for a notebook on its own, `pytest --nbval-lax`, is the same test."""
    nbval = ("pytest", "--nbval-lax", "--nbval-cell-timeout=600", "-p", "no:cacheprovider")
    run(sys.executable, "-m", *nbval, BOOK / "diversity.ipynb", records=tmp_path)


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
def test_page_is_described_and_says_of_what_state_it_is(html, page):
    content = read(html / f"{page}.html")
    (description,) = content.select("meta[name=description]")
    assert len(description["content"].split()) > 5
    if finding := content.select_one("p.finding"):
        (card,) = content.select("meta[property='og:description']")
        assert description["content"] == card["content"] == finding.get_text()
    assert not content.select("meta[property='og:url'], link[rel=canonical]")  # none is known
    assert content.title.get_text().count(content.h1.get_text()) == 1
    assert re.search(rf"Version {__version__}", content.select_one(".built").get_text())


@pytest.mark.slow
def test_words_are_explained_where_they_first_stand(html):
    words = [tag.get_text() for tag in read(html / "glossary.html").select("dl.glossary dt")]
    assert sorted(words, key=str.lower) == words
    page = read(html / "anomaly.html")
    assert [link.get_text() for link in page.select(".finding a.explained")][:1] == ["AUROC"]
    links = page.select("a.explained")
    found = [link.get_text() for link in links]
    assert {"FPR95", "MNF"} <= {*found}
    assert len(set(found)) == len(found)
    links += read(html / "intro.html").select("a.explained")
    assert {"AUROC", "cell", "profile", "lite"} <= {link.get_text() for link in links}
    for link in links:
        assert len(link["title"].split()) > 5
        assert "{cite" not in link["title"]


@pytest.mark.slow
def test_long_constants_are_cut(html):
    page = read(html / "api-experiments.html")
    signature = page.find(id="hypergan.experiments.verification.TOLERANCES").get_text()
    assert " = \N{HORIZONTAL ELLIPSIS}" in signature


@each_page
@pytest.mark.slow
def test_tables_have_captions_and_heads_that_say_what_they_head(html, page):
    for table in read(html / f"{page}.html").select("article table"):
        assert all(head.get("scope") for head in table.select("th")), table.get_text()[:100]
        assert all(head.get_text(strip=True) for head in table.select("th"))
        if not page.startswith("api-"):  # where they are of docstrings
            assert table.caption or "Run Time" in table.get_text()  # MyST-NB's list of notebooks


@each_page
@pytest.mark.slow
def test_every_figure_of_numbers_offers_them(html, page):
    for figure in read(html / f"{page}.html").select("article .panels:not(.pictures)"):
        assert figure.select_one("a.csv") or figure.select_one(".note"), figure.svg["aria-label"]


@each_page
@pytest.mark.slow
def test_no_line_ends_between_a_number_and_its_percent(html, page):
    for text in read(html / f"{page}.html").find("article").find_all(string=re.compile(r"\d %")):
        assert text.find_parent("pre"), text


@pytest.mark.slow
def test_a_page_links_its_records_and_names_the_day_of_the_newest(html):
    page = read(html / "diversity.html")
    found = page.select("details.sources a[href^=_records]")
    links = {link["download"]: html / link["href"] for link in found}
    record = published() / Cell("hypergan", "mnist", profile=PUBLISHED).path
    assert links["hypergan-mnist-seed0.json"].read_bytes() == record.read_bytes()
    assert len(links) == len(page.select("details.sources tbody tr"))
    assert re.search(r"Newest record: \d{4}-\d\d-\d\d", page.select_one(".built").get_text())


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


def loaded(html: Path, page: str) -> set[Path]:
    """The files of the book that a browser loads to show a page."""
    tags = read(html / f"{page}.html").select("script[src], link[rel~=stylesheet], img[src]")
    names = (urlsplit(str(tag.get("src") or tag["href"])) for tag in tags)
    return {html / name.path for name in names if not name.scheme}


@each_page
@pytest.mark.slow
def test_page_weighs_at_most_a_megabyte_beyond_what_the_first_has_loaded(html, page):
    own = {html / f"{page}.html"} | loaded(html, page) - loaded(html, PAGES[0])
    assert 10_000 < sum(path.stat().st_size for path in own) < 1_000_000


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


@pytest.mark.slow
def test_records_are_downloaded_under_names_that_say_what_they_are(html):
    """In their folders they are called seed0.json and so on."""
    names = {
        link["href"].rsplit("/", 1)[1] for link in read(html / "claims.html").select("a.download")
    }
    assert "hypergan-mnist-seed0.json" in names
    assert not any(name.startswith("seed") for name in names)


# A book of one page, which shows a record, one of the package's numbers, and one of one's own runs

PAGE = """---
jupytext: {text_representation: {extension: .md, format_name: myst}}
kernelspec: {name: python3, display_name: Python 3, language: python}
---
# A page

```{code-cell} ipython3
from hypergan import __version__, notebooks
from hypergan.paths import published, runs

own = runs() / "lite/cubic/hypergan/seed0.json"
print(__version__, (published() / "record.json").read_text(), own.read_text())
```
"""


def test_every_published_file_is_one_that_pages_depend_on(tmp_path):
    name = importlib.util.spec_from_file_location("dependencies", BOOK / "dependencies.py")
    dependencies = importlib.util.module_from_spec(name)
    name.loader.exec_module(dependencies)
    patterns = dependencies.READ[PROJECT]
    watched = {path for pattern in patterns for path in PROJECT.glob(pattern)}
    published = {path for path in PROJECT.glob("data/*/**/*.*") if "downloads" not in path.parts}
    assert published <= watched
    assert dependencies.state(PROJECT / "README.md") != dependencies.state(tmp_path / "none")


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
    parts["sphinx"] = {"local_extensions": {"dependencies": "."}}
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


@pytest.mark.slow
def test_every_module_is_in_the_api(html):
    files = (path.relative_to(PROJECT) for path in (PROJECT / "hypergan").rglob("*.py"))
    modules = {".".join(file.with_suffix("").parts).removesuffix(".__init__") for file in files}
    pages = [html / f"{page}.html" for page in PAGES if page.startswith("api")]
    found = [anchor for page in pages for anchor in anchors(page) if anchor.startswith("module-")]
    assert sorted(found) == sorted(f"module-{name}" for name in modules - {"hypergan.__main__"})


def test_the_book_builds_from_its_own_folder():
    for name in ("_config.yml", "_toc.yml"):
        assert (BOOK / name).is_symlink()
        assert (BOOK / name).resolve() == PROJECT / name
