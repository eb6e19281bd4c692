"""Whose values a table shows, in a browser; only where a Chromium is installed."""

import pandas as pd
import pytest

from hypergan.figures.style import PAPER
from hypergan.figures.tables import Table
from hypergan.paths import PROJECT

pytestmark = pytest.mark.slow

STATIC = PROJECT / "book" / "static"


def table(*columns):
    names = ["data set", "method"]
    rows = pd.MultiIndex.from_tuples(
        [("MNIST", "APD"), ("MNIST", "MNF"), ("CIFAR", "MNF")], names=names
    )
    numbers = [[float(row + column) for column in range(len(columns))] for row in range(3)]
    return Table(pd.DataFrame(numbers, index=rows, columns=pd.Index([*columns])), "Numbers.")


TWO_LEVELS = table(
    ("mean", "ours"), ("mean", PAPER), ("std", "ours, on STAND-IN DATA"), ("std", PAPER)
)


@pytest.fixture
def show(browser, tmp_path):
    """Opens a page with a table."""
    pages = []

    def show(shown, *, scripts=True):
        code = (STATIC / "book.js").read_text()
        path = tmp_path / "page.html"
        path.write_text(
            f"<!doctype html><meta charset=utf-8><style>{(STATIC / 'book.css').read_text()}</style>"
            f"<script>{code}</script><article class=bd-article>{shown._repr_html_()}</article>"
        )
        context = browser.new_context(java_script_enabled=scripts)
        pages.append(context)
        page = context.new_page()
        page.on("pageerror", lambda error: pytest.fail(str(error)))
        page.goto(path.as_uri())
        return page

    yield show
    for context in pages:
        context.close()


def places(page):
    """Right edges of the visible cells of each row, and of the heads that they stand below."""
    return page.evaluate(
        """() => [...document.querySelectorAll("tbody tr, thead tr:last-child")].map(row =>
            [...row.children]
                .filter(cell => cell.checkVisibility() && !cell.scope?.startsWith("row"))
                .map(cell => Math.round(cell.getBoundingClientRect().right)))"""
    )


@pytest.mark.parametrize(("name", "seen"), [("ours", 2), ("the paper's", 2), ("both", 4)])
def test_one_of_them_alone_on_demand(show, name, seen):
    page = show(TWO_LEVELS)
    page.get_by_role("button", name=name, exact=True).focus()
    page.keyboard.press("Enter")
    states = [one.get_attribute("aria-pressed") for one in page.get_by_role("button").all()]
    assert states.count("true") == 1
    assert page.get_by_role("button", pressed=True).inner_text() == name
    heads = page.locator("thead tr:last-child th:visible").all_inner_texts()
    assert len(heads) == seen
    assert [head for head in heads if ("paper" in head) == (name == "ours")] == [] or name == "both"
    spans = [
        int(one.get_attribute("colspan")) for one in page.locator("[scope=colgroup]:visible").all()
    ]
    assert spans == [seen // 2] * 2
    assert len({*map(tuple, places(page))}) == 1  # numbers stand below their heads


def test_all_comes_back(show):
    page = show(TWO_LEVELS)
    before = page.locator("table").inner_text()
    for name in ("ours", "the paper's", "both"):
        page.get_by_role("button", name=name, exact=True).click()
    assert page.locator("table").inner_text() == before


def test_columns_of_one_level_are_told_apart_too(show):
    page = show(table("epoch", "ours", PAPER))
    page.get_by_role("button", name="ours").click()
    assert page.locator("thead th:visible").all_inner_texts() == [
        "data set",
        "method",
        "epoch",
        "ours",
    ]


def test_without_scripts_both_are_shown_and_no_control(show):
    page = show(TWO_LEVELS, scripts=False)
    assert page.get_by_role("button").count() == 0
    assert page.locator("tbody td:visible").count() == 12


def test_a_table_of_one_kind_has_no_control(show):
    page = show(table("mean", PAPER))
    assert page.get_by_role("button").count() == 0


def test_the_control_can_be_hit(show):
    page = show(TWO_LEVELS)
    page.set_viewport_size({"width": 375, "height": 800})
    for button in page.get_by_role("button").all():
        box = button.bounding_box()
        assert min(box["width"], box["height"]) >= 24  # WCAG 2.2, target size
    assert page.evaluate("document.documentElement.scrollWidth") <= 375
