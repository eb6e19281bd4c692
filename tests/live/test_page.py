"""A live figure is HTML that offers itself, and classic scripts that its page loads."""

import json
import re

import pytest
from bs4 import BeautifulSoup

from hypergan.errors import HyperGANError
from hypergan.experiments import cells
from hypergan.experiments.collection import compare
from hypergan.experiments.records import Cell
from hypergan.live import page, script, sphinx

PUBLISHED = (
    Cell("hypergan", "cubic", profile="published"),
    Cell("hypergan-no-discriminator", "cubic", profile="published"),
)
CODE = sorted(path.name for path in script.SCRIPTS.iterdir() if path.name.endswith(".js"))


def figure_2(*cells_):
    names = ("HyperGAN", "no discriminator")
    return page.cubic(
        dict(zip(names, cells_, strict=True)), {"exact": Cell("nuts", "cubic", profile="published")}
    )


def figures():
    return [
        figure_2(*PUBLISHED),
        page.digit(Cell("hypergan-hidden-64", "mnist"), Cell("ensemble", "mnist")),
        page.entropies(compare("mnist")),
    ]


@pytest.mark.parametrize("figure", figures(), ids=lambda figure: figure.kind)
def test_without_scripts_nothing_is_offered(figure):
    content = BeautifulSoup(figure._repr_html_(), "html.parser")
    assert content.select_one(".live-offer").has_attr("hidden")
    assert not content.select_one(".live-stage").get_text(strip=True)


@pytest.mark.parametrize("figure", figures(), ids=lambda figure: figure.kind)
def test_a_book_loads_files_on_the_click(figure, monkeypatch, tmp_path):
    monkeypatch.setenv(page.FILES, sphinx.FOLDER)
    text = figure._repr_html_()
    assert len(text) < 30_000
    content = BeautifulSoup(text, "html.parser")
    assert not content.select("[src], [href]")
    (tmp_path / "page.html").write_text(text)
    sphinx.write_scripts(tmp_path)
    parts = json.loads(content.select_one('[data-live="parts"]').string)
    assert [tmp_path.joinpath(part["src"]).exists() for part in parts] == [True] * len(parts)
    loaded = sum(tmp_path.joinpath(part["src"]).stat().st_size for part in parts)
    assert loaded < 6e6
    assert f"loads {loaded / 1e6:.1f} MB" in text


def test_elsewhere_the_output_carries_all(monkeypatch):
    monkeypatch.delenv(page.FILES, raising=False)
    content = BeautifulSoup(figure_2(*PUBLISHED)._repr_html_(), "html.parser")
    for part in json.loads(content.select_one('[data-live="parts"]').string):
        assert content.find(id=part["text"]).string.strip()


def test_another_seed_gives_another_figure():
    other = [Cell(cell.method, "cubic", 1, "smoke") for cell in PUBLISHED]
    for cell in other:
        cells.run(cell, progress=False)
    first, second = figure_2(*PUBLISHED), figure_2(*other)
    assert second.numbers[0] == "smoke/cubic/hypergan/seed1"
    assert first.parts[first.numbers[0]] != second.parts[second.numbers[0]]


def test_a_seed_without_numbers_says_how_to_have_them():
    missing = Cell("hypergan", "cubic", 77, "full")
    text = figure_2(missing, PUBLISHED[1])._repr_html_()
    assert missing.command in text
    with pytest.raises(HyperGANError, match="no numbers"):
        page.part("lite/cubic/hypergan/seed77")


@pytest.mark.parametrize("name", CODE)
def test_code_is_classic_and_asks_nobody(name):
    """No modules, no fetch, no other host: it runs from disk."""
    text = script.code(name).replace("http://www.w3.org/2000/svg", "")  # a name, not an address
    assert not re.search(r"^\s*(import|export)\b|\bfetch\(|XMLHttpRequest|https?://", text, re.M)
    assert "</script" not in text
    assert max(map(len, text.splitlines())) <= 115


def test_facts_cannot_end_their_script(monkeypatch):
    assert "</script>x" not in page._data("facts", {"words": "</script>x"})
