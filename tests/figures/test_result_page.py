"""What every page of results has."""

from dataclasses import replace

import pytest
from bs4 import BeautifulSoup
from examples import EMPTY

from hypergan.experiments import ledger
from hypergan.experiments.collection import Collection
from hypergan.experiments.records import Cell
from hypergan.figures import numbers, page


def test_the_finding_stands_above_the_marks_of_its_claims():
    found = ["Less < more.", "And so on.", "And on."]
    html = BeautifulSoup(page.head(found, ledger.about("diversity", "smoke")).data, "html.parser")
    assert html.p["class"] == ["finding"]
    assert html.p.text == "Less < more."
    assert html.find_all("a", href=lambda href: href.startswith("claims.html#claim-"))


def test_a_page_of_which_the_paper_claims_nothing_has_no_marks():
    assert page.head(["Fast."]).data.strip() == '<p class="finding">Fast.</p>'


def test_the_rest_of_a_finding_is_shown_further_down():
    html = BeautifulSoup(page.further(["First.", "Less < more.", "Last."]).data, "html.parser")
    assert html.p.text == "Less < more. Last."
    assert page.further(page.MISSING).data == ""


def test_the_papers_words_stand_beside_what_we_see():
    table = page.said(ledger.about("regression"), "regression#figure-2")
    row = table.frame.loc["uncertain outside the data"]
    assert row["the paper says"].startswith("“reasonable uncertainty estimates")
    assert row["confirmed if"] == "> 0"
    (found,) = [f for f in ledger.findings() if f.claim.id == "cubic-unsure-outside"]
    words = f"{numbers.with_ends(found.effect)} y, n = {found.effect.n}"
    assert row["we see"] == words
    assert set(page.said(ledger.about("regression", "paper")).frame["we see"]) == {"–"}


def test_where_choices_differ_their_range_is_what_we_see():
    judged = ledger.about("adversarial")
    shown = page.said(judged).frame["we see"]
    ranges = [found for found in judged if found.effect is None and found.spread]
    assert ranges
    for found in ranges:
        low, high = map(numbers.text, found.spread)
        assert shown[found.claim.short].startswith(f"{low} to {high}")


def test_the_commands_are_those_of_one_more_seed(collected):
    text = page.run_it(collected, "diversity", ["hypergan"], "mnist").data
    assert "python -m hypergan run hypergan mnist --seed 3 --profile lite\n" in text
    assert "papermill book/diversity.ipynb runs/diversity.ipynb -p seed 3 -p profile lite" in text
    assert "--seed 0" in page.run_it(EMPTY, "diversity", ["hypergan"], "mnist").data


def test_the_minutes_of_one_more_seed_are_those_of_a_cpu(collected):
    every = ["hypergan", "apd"]
    quick = replace(collected.of("hypergan")[-1], seed=9, device="NVIDIA H200", wall_seconds=6000)
    on_gpu = replace(quick, method="apd")
    known = page.run_it(collected, "diversity", ["hypergan"], "mnist").data
    again = Collection([*collected.records, quick], [])
    assert "(about " in known
    assert page.run_it(again, "diversity", ["hypergan"], "mnist").data == known.replace(
        "seed 3", "seed 10"
    )
    more = Collection([*again.records, on_gpu], [])
    assert ", plus 1 of unknown duration)" in page.run_it(more, "diversity", every, "mnist").data


def test_sources_have_a_row_for_each_record_and_the_commands_of_what_is_missing(collected):
    records = Collection(collected.records, [Cell("apd", "mnist", 4)])
    html = BeautifulSoup(page.sources(records, collected).data, "html.parser")
    assert html.summary.text == "Where these numbers come from: 4 records, 1 missing"
    assert len(html.tbody.find_all("tr")) == 4
    assert [code.text for code in html.find_all("code")] == [
        "python -m hypergan run apd mnist --seed 4 --profile lite"
    ]
    assert "0 records" in page.sources(EMPTY).data


@pytest.mark.parametrize(
    ("words", "sentence"), [("a", "a"), ("ab", "a and b"), ("abc", "a, b and c")]
)
def test_words_are_listed_as_in_a_sentence(words, sentence):
    assert page.listed([*words]) == sentence


def test_a_closed_part_opens_on_a_click():
    html = BeautifulSoup(page.closed("More < less", "<b>x</b>").data, "html.parser")
    assert html.details.summary.text == "More < less"
    assert html.details.b.text == "x"
    assert not html.details.has_attr("open")
