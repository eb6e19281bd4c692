"""The page of claims in a browser, from disk; only where there are playwright and a Chromium."""

import shutil

import pytest

from hypergan.experiments import claim_rows
from hypergan.experiments.claims import all_claims
from hypergan.experiments.verdicts import Finding
from hypergan.paths import PROJECT

pytestmark = pytest.mark.slow
CLAIMS = all_claims()


@pytest.fixture(scope="module")
def address(tmp_path_factory):
    """A page with a row for each claim, the first one confirmed."""
    folder = tmp_path_factory.mktemp("page")
    book = PROJECT / "book"
    shutil.copytree(book / "static", folder / "_static")
    findings = [Finding(claim, "not run") for claim in CLAIMS]
    findings[0] = Finding(CLAIMS[0], "confirmed")
    style = '<link rel="stylesheet" href="_static/book.css">'
    text = f'<!doctype html><meta charset="utf-8">{style}{claim_rows.rows(findings, book)}'
    (folder / "claims.html").write_text(text, encoding="utf-8")
    return (folder / "claims.html").as_uri()


@pytest.fixture
def open_page(browser, address):
    contexts = []

    def open_page(fragment="", *, scripts=True):
        contexts.append(browser.new_context(java_script_enabled=scripts))
        page = contexts[-1].new_page()
        page.on("pageerror", lambda error: pytest.fail(str(error)))
        page.goto(f"{address}{fragment}")
        return page

    yield open_page
    for context in contexts:
        context.close()


def test_rows_are_filtered_by_verdict_and_topic_with_the_keyboard(open_page):
    page = open_page()
    page.get_by_label("verdict").focus()
    page.keyboard.press("c")  # as in "confirmed"
    assert page.locator("details.claim:visible").count() == 1
    assert page.locator("output").inner_text() == f"1 of {len(CLAIMS)} claims"
    page.get_by_label("topic").select_option("Regression")
    assert page.locator("details.claim:visible").count() == 0
    page.get_by_label("verdict").select_option("all")
    shown = page.locator("details.claim:visible")
    assert {row.get_attribute("data-topic") for row in shown.all()} == {"Regression"}


def test_a_link_to_a_row_opens_it_even_where_the_filter_hides_it(open_page):
    last = CLAIMS[-1].id
    page = open_page(f"#claim-{last}")
    assert page.locator(f"#claim-{last}").get_attribute("open") is not None
    assert page.locator("details[open]").count() == 1
    page.get_by_label("verdict").select_option("confirmed")
    page.evaluate(f"location.hash = '#claim-{CLAIMS[1].id}'")
    page.locator(f"#claim-{CLAIMS[1].id}[open]").wait_for()


def test_without_scripts_it_is_a_plain_list(open_page):
    page = open_page(scripts=False)
    assert page.locator("details.claim:visible").count() == len(CLAIMS)
    assert page.locator("form:visible").count() == 0


def test_printed_every_row_is_open(open_page):
    page = open_page()
    page.evaluate("dispatchEvent(new Event('beforeprint'))")
    assert page.locator("details.claim:not([open])").count() == 0


def test_on_a_phone_nothing_is_wider_than_the_screen(open_page):
    page = open_page()
    page.set_viewport_size({"width": 375, "height": 800})
    assert page.evaluate("document.documentElement.scrollWidth") <= 375
