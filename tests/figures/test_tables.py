"""Tables as a page shows them."""

import base64

import pandas as pd
import pytest
from bs4 import BeautifulSoup

from hypergan.experiments.intervals import Interval, interval
from hypergan.figures.tables import Table


@pytest.fixture
def table():
    frame = pd.DataFrame(
        {
            ("mean", "ours"): [interval([1.0, 1.2]), interval([9.0, 9.2]), interval([0.5])],
            ("mean", "paper"): [-2.0, 3.5, "–"],
            ("std", "ours"): [interval([0.1, 0.3]), interval([0.1, 0.2]), "not run"],
        },
        index=pd.MultiIndex.from_tuples(
            [("conv1", "A"), ("conv1", "B"), ("conv2", "A")], names=["layer", "method"]
        ),
    )
    better = {("mean", "ours"): "high", ("std", "ours"): "low"}
    return Table(frame, "Norms <of> layers.", better, "norms")


def parsed(table):
    return BeautifulSoup(table._repr_html_(), "html.parser")


def test_heads_span_what_they_are_about(table):
    page = parsed(table)
    top, below = page.thead.find_all("tr")
    assert [(th.text, th.get("colspan")) for th in top.find_all("th")] == [
        ("layer", None), ("method", None), ("mean", "2"), ("std", "1")
    ]  # fmt: skip
    assert [th.text for th in below.find_all("th")] == ["ours", "paper", "ours"]
    assert all(th["scope"] for th in page.find_all("th"))
    for row in (below, page.tbody.tr):
        assert [cell["class"] for cell in row.select(".ours, .paper")] == [
            ["ours"], ["paper"], ["ours"]
        ]  # fmt: skip
    assert page.tbody.tr.th["rowspan"] == "2"
    assert [len(row.find_all("td")) for row in page.tbody.find_all("tr")] == [3, 3, 3]


def test_a_caption_says_how_many_seeds_and_a_cell_where_there_are_others(table):
    page = parsed(table)
    assert page.caption.text.startswith("Norms <of> layers. Means of 2 seeds")
    assert page.div["aria-label"].startswith("Norms")
    cells = [cell.text for cell in page.tbody.find_all("td")]
    low, high = interval([1.0, 1.2]).low, interval([1.0, 1.2]).high
    assert cells[0] == f"1.10{low:.2f} to {high:.2f}".replace("-", "−")
    assert cells[1] == "−2.00"
    assert cells[6].endswith("1 seed")


def test_the_best_is_bold_only_where_no_other_lies_in_its_interval(table):
    bold = [b.text for b in parsed(table).find_all("b")]
    assert bold == ["9.10"]  # of the stds each lies in the other's interval


def test_its_numbers_can_be_taken_along(table):
    link = parsed(table).caption.a
    assert link["download"] == "norms.csv"
    text = base64.b64decode(link["href"].partition("base64,")[2]).decode()
    first, row = text.splitlines()[:2]
    assert first.startswith("layer,method,mean ours,mean ours low,mean ours high,mean ours n,")
    assert row.startswith("conv1,A,1.1,")


def test_a_plain_table_needs_no_seeds_and_may_repeat_a_head():
    frame = pd.DataFrame([[40, "x"]], index=["epochs"], columns=[1, 1])
    page = parsed(Table(frame, "Trials."))
    assert page.caption.text.startswith("Trials. CSV".replace(" CSV", ""))
    assert [td.text for td in page.tbody.find_all("td")] == ["40", "x"]
    assert [th.text for th in page.thead.find_all("th")] == ["1", "1"]


def test_columns_of_words_alone_are_read_from_the_left():
    frame = pd.DataFrame({"said": ["it is", "it may be"], "seen": ["1 to 2", "not run"]})
    page = parsed(Table(frame, "Words."))
    assert [cell.get("class") for cell in page.tbody.find_all("td")] == [["words"], None] * 2
    assert [cell.get("class") for cell in page.thead.find_all("th")] == [["words"], None]


def test_a_table_without_rows_says_that_nothing_was_run():
    page = parsed(Table(pd.DataFrame(columns=["accuracy"]), "How good."))
    assert not page.find("table")
    assert page.p.text.startswith("How good. Not run")


def test_an_empty_name_of_a_row_is_no_head():
    frame = pd.DataFrame([[1], [2]], index=["", "more epochs"], columns=["accuracy"])
    heads = parsed(Table(frame, "Trials.")).tbody.find_all("th")
    assert [th.text for th in heads] == ["more epochs"]


def test_a_table_has_as_many_decimals_as_what_it_is_compared_with():
    frame = pd.DataFrame({"a": [Interval(77.714, 76.9, 78.5, 5)]})
    assert "77.7<small>76.9 to 78.5" in Table(frame, "Ours.")._repr_html_()
    assert "77.71<small>76.9 to 78.5" in Table(frame, "Ours.", decimals=2)._repr_html_()
