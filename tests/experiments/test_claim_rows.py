import math
import re
from dataclasses import replace

import pytest
from bs4 import BeautifulSoup
from test_claims import CLAIM, OPEN
from test_ledger import AN_EFFECT, CONFIRMED, NOT_RUN

from hypergan.experiments import claim_rows
from hypergan.experiments.claims import all_claims
from hypergan.experiments.interval_drawing import draw
from hypergan.experiments.intervals import Interval, interval
from hypergan.experiments.verdicts import VERDICTS, Comparison, Finding
from hypergan.paths import PROJECT


def parsed(text):
    return BeautifulSoup(text, "html.parser")


def test_a_row_is_folded_to_claim_verdict_and_effect():
    text = claim_rows.row(CONFIRMED, PROJECT / "book", family=7)
    row = parsed(text).details
    assert (row["id"], row["data-topic"]) == ("claim-mixer-helps", "Ablations")
    assert row["data-verdict"] == "confirmed"
    assert "open" not in row.attrs
    assert "The mixer helps." in row.summary.get_text()
    assert "confirmed" in row.summary.get_text()
    assert row.summary.svg["role"] == "img"
    assert row.summary.svg["aria-label"] == "1.2 [−1.9, 4.4] (n = 2) points; confirmed if > 0"


def test_in_a_row_is_all_that_the_verdict_rests_on():
    text = claim_rows.row(CONFIRMED, PROJECT / "book", family=7)
    assert "“helps” (Section 0)" in text
    assert CLAIM.rule in text
    assert "for the 7 claims on this subject: undecided" in text
    assert "2026-11-23: written (known by then: nothing)" in text
    assert "{download}`hypergan-digits-seed1.json <../data/records/lite/digits/" in text
    assert "[ablation](ablation.ipynb)" in text
    assert "python -m hypergan run hypergan digits" in claim_rows.row(NOT_RUN, PROJECT, family=7)


def test_html_and_markdown_in_a_row_are_kept_apart():
    """A blank line ends HTML in Markdown; without it links and downloads would stay text."""
    blocks = claim_rows.row(CONFIRMED, PROJECT / "book", family=7).split("\n\n")
    assert blocks[0].startswith("<details")
    assert blocks[0].endswith("</summary>")
    assert blocks[-1] == "</details>"
    assert not any("<" in re.sub(r"`[^`]*`|> 0", "", block) for block in blocks[1:-1])


@pytest.mark.parametrize(
    ("found", "words"),
    [
        (replace(CONFIRMED, effect=Interval(2.0, 0.5, 3.5, 3)), "interval is 0.5 points away from"),
        (
            replace(CONFIRMED, effect=Interval(2.0, -9, 9, 1)),
            "the measurement is 2 points away from",
        ),
        (Finding(CLAIM, "contradicted", effect=Interval(-2, -3.5, -0.25, 3)), "is 0.25 points"),
        (Finding(CLAIM, "undecided", needed=4.0), "about 4 seeds"),
        (Finding(CLAIM, "undecided", needed=101.0), "more than 100 seeds"),
        (Finding(CLAIM, "undecided", needed=math.inf), "no number of seeds"),
        (Finding(CLAIM, "undecided"), "one is too few"),
        (Finding(OPEN, "depends on"), "knowing the paper's choice of"),
        (Finding(replace(CLAIM, not_comparable={"lite": "Why."}), "not comparable"), "Why."),
        (NOT_RUN, "a first run"),
    ],
)
def test_a_row_says_what_would_change_the_verdict(found, words):
    assert words in claim_rows.flip(found)


def test_several_methods_or_choices_are_listed_with_their_verdicts():
    each = [Comparison("eps 1", name, AN_EFFECT, above=0.5) for name in ("APD", "MNF")]
    text = claim_rows.row(replace(CONFIRMED, comparisons=tuple(each)), PROJECT / "book", family=7)
    assert "- eps 1, minus APD: 1.05 [0.41, 1.69] (n = 2), undecided\n- eps 1, minus MNF" in text


def test_the_page_lists_every_claim_under_the_words_that_it_is_filtered_by():
    findings = [Finding(claim, "not run") for claim in all_claims()]
    page = parsed(claim_rows.rows(findings, PROJECT / "book"))
    rows = page.select("details.claim")
    assert [row["id"] for row in rows] == [f"claim-{claim.id}" for claim in all_claims()]
    verdicts, topics = (
        {option.get_text() for option in select.select("option")}
        for select in page.select("form select")
    )
    assert verdicts == {"all", *VERDICTS}
    assert {row["data-topic"] for row in rows} == topics - {"all"}
    assert "hidden" in page.form.attrs  # of no use without the script


def test_the_page_begins_with_the_counts_and_a_name_for_each():
    page = parsed(claim_rows.head([CONFIRMED, CONFIRMED, NOT_RUN]))
    assert page.p.get_text().startswith("Of the paper's 3 empirical claims, 2 are confirmed")
    table = page.table
    assert [cell.get_text() for cell in table.select("tbody tr:last-child td")] == [
        *("2", "·", "·", "·", "·", "1")
    ]
    heads = [cell.get_text() for cell in table.select("thead th")]
    assert all(word in head for word, head in zip(VERDICTS, heads[1:], strict=True))
    assert table.caption


def middle(drawing):
    return float(parsed(drawing).circle["cx"])


def threshold(drawing):
    return float(re.search(r'd="M([\d.]+) 0V', drawing)[1])


@pytest.mark.parametrize("values", [[1.0, 1.5], [-1.0, -1.2], [5.0]])
def test_the_drawing_has_the_effect_on_its_side_of_the_threshold(values):
    drawing = draw(replace(CONFIRMED, effect=interval(values)))
    assert (middle(drawing) > threshold(drawing)) == (values[0] > 0)
    shaded = parsed(drawing).rect
    assert float(shaded["x"]) == threshold(drawing)  # the claim is above it
    assert "currentColor" in drawing
    assert parsed(drawing).circle["fill"] == ("none" if len(values) == 1 else "currentColor")


def test_the_drawing_of_choices_has_a_dot_for_each():
    each = tuple(Comparison("", "", replace(AN_EFFECT, mean=mean)) for mean in (-1.0, 0.5, 2.0))
    found = Finding(OPEN, "depends on", each)
    assert len(parsed(draw(found)).select("circle")) == 3
    assert draw(NOT_RUN) == ""


def test_records_are_downloaded_under_names_that_say_what_they_are():
    (record,) = CONFIRMED.records
    assert claim_rows.download_name(record) == "hypergan-digits-seed1.json"
    assert claim_rows.download_name(PROJECT / "data" / "bench" / "bench.json") == "bench.json"
