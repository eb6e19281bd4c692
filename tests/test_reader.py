"""Every page of the book in a browser, as readers on desktops, tablets and phones meet it."""

from dataclasses import dataclass, field
from functools import cache

import pytest
from browsing import DESKTOP, HEIGHT, PHONE, SERIOUS, WHOLE_PAGE, broken, seen
from pages import PAGES

pytestmark = pytest.mark.slow

WIDTHS = (DESKTOP, 768, PHONE)
PAPER = 718
"""The width in pixels of what is printed on a page of A4, less margins of a centimetre."""

RESULT_FIRST = [
    "intro", "architecture", "regression", "diversity", "accuracy", "anomaly", "digit",
    "adversarial", "ablation", "claims", "speed",
]  # fmt: skip
"""Pages whose first figure or table begins on the first screen."""

LOOKED_OVER = [name for name in PAGES if not name.startswith("api")] + ["api-live", "search"]
"""Pages that axe reads, at length; the API's are made alike, and the shortest stands for them."""

COLOURS = {"type": "rule", "values": ["color-contrast"]}
SCROLLING = {"type": "rule", "values": ["scrollable-region-focusable"]}


OBSERVE = """
    globalThis.shifts = 0;
    new PerformanceObserver((list) => list.getEntries()
        .filter((one) => !one.hadRecentInput).forEach((one) => (shifts += one.value)))
        .observe({ type: "layout-shift", buffered: true });
"""
"""Adds up how far things move that nobody has moved."""

NAMELESS = """() => [...document.querySelectorAll(`img:not([alt]),
        article svg:not([aria-hidden=true], [aria-label], [aria-labelledby])`)]
    .filter(one => !one.querySelector("title"))
    .map(one => one.outerHTML.slice(0, 200))"""

LOST = """width => [...document.querySelectorAll("article *")]
    .filter(one => one.checkVisibility())
    .filter(one => !one.closest(".visually-hidden, mjx-assistive-mml"))
    .filter(one => one.getBoundingClientRect().right > width + 1
        || (one.scrollWidth > one.clientWidth + 1
            && getComputedStyle(one).overflowX !== "visible"))
    .map(one => one.outerHTML.slice(0, 200))"""
"""What is wider than the paper, or hides what it would show on scrolling."""


@dataclass
class Visit:
    """What a page showed in one visit."""

    said: list[str] = field(default_factory=list)
    asked: list[str] = field(default_factory=list)
    shifts: float = 0.0
    first: dict[int, float] = field(default_factory=dict)
    marks: dict[int, bool] = field(default_factory=dict)
    nameless: list[str] = field(default_factory=list)
    widths: dict[int, int] = field(default_factory=dict)
    broken: list[tuple[str, str]] = field(default_factory=list)
    lost: list[str] = field(default_factory=list)


@pytest.fixture(scope="module")
def visited(browser, html):
    """Visits a page, once for all tests: each changes the window, none loads the page again."""
    page = browser.new_page()  # one for all: a new one takes a second
    page.add_init_script(OBSERVE)

    @cache
    def visited(name):
        visit = Visit()
        listeners = {
            "console": lambda one: one.type in SERIOUS and visit.said.append(one.text),
            "pageerror": lambda error: visit.said.append(str(error)),
            "request": lambda request: visit.asked.append(request.url),
        }
        seen(page, DESKTOP)
        for event, listener in listeners.items():
            page.on(event, listener)
        page.goto((html / f"{name}.html").as_uri())
        page.add_style_tag(content="* { transition: none !important }")  # to dark at once
        seen(page, DESKTOP)
        visit.shifts = page.evaluate("shifts")
        visit.nameless = page.evaluate(NAMELESS)
        if name in LOOKED_OVER:
            visit.broken += broken(page, WHOLE_PAGE)
            seen(page, DESKTOP, color_scheme="dark")
            page.wait_for_function("document.documentElement.dataset.theme == 'dark'")
            visit.broken += broken(page, COLOURS)
        for width in WIDTHS:
            seen(page, width)
            visit.widths[width] = page.evaluate("document.documentElement.scrollWidth")
            if name in RESULT_FIRST:
                first = page.locator("article :is(figure, table, svg):visible").first
                visit.first[width] = first.bounding_box()["y"]
            if (marks := page.locator(".judged .mark")).count():
                visit.marks[width] = marks.first.is_visible()
        if name in LOOKED_OVER:
            visit.broken += broken(page, SCROLLING)
        seen(page, PAPER, media="print")
        page.evaluate("dispatchEvent(new Event('beforeprint'))")
        visit.lost = page.evaluate(LOST, PAPER)
        for event, listener in listeners.items():
            page.remove_listener(event, listener)
        page.goto("about:blank")
        return visit

    yield visited
    page.close()


each_name = pytest.mark.parametrize("name", [*PAGES, "search", "genindex"])


@each_name
def test_nothing_is_said_and_nothing_asked_of_another_host(visited, name):
    visit = visited(name)
    assert visit.said == []
    assert [url for url in visit.asked if not url.startswith(("file:", "data:"))] == []


@each_name
def test_nothing_moves_while_a_page_loads(visited, name):
    assert visited(name).shifts < 0.05  # formulas are set late; up to 0.1 is called good


@each_name
def test_no_width_scrolls_sideways(visited, name):
    assert all(found <= width for width, found in visited(name).widths.items())


@each_name
def test_pictures_and_drawings_have_names(visited, name):
    assert visited(name).nameless == []


@pytest.mark.parametrize("name", LOOKED_OVER)
def test_axe_finds_nothing_serious(visited, name):
    assert visited(name).broken == []


@pytest.mark.parametrize("name", PAGES)
def test_printing_loses_nothing_at_the_edge(visited, name):
    assert visited(name).lost == []


@pytest.mark.parametrize("name", RESULT_FIRST)
def test_a_result_is_on_the_first_screen(visited, name):
    first = visited(name).first
    assert first[DESKTOP] < 700
    assert first[PHONE] < 600 or name == "intro"  # there, sentences come first


def test_counts_stand_for_marks_on_a_phone(visited):
    for name in ("accuracy", "adversarial"):
        assert visited(name).marks == {DESKTOP: True, 768: True, PHONE: False}


@pytest.mark.parametrize("width", [DESKTOP, PHONE])
def test_a_live_figure_moves_nothing_once_it_was_asked_for(browser, html, width):
    """What stands below it moves with the click, and not again when its scripts have come."""
    live = [name for name in PAGES if '<div class="live ' in (html / f"{name}.html").read_text()]
    assert {"regression", "anomaly", "digit"} <= set(live)
    page = browser.new_page(viewport={"width": width, "height": HEIGHT})
    page.add_init_script(OBSERVE)
    for name in live:
        page.goto((html / f"{name}.html").as_uri())
        for figure in page.locator(".live").all():
            figure.evaluate(
                "one => one.addEventListener('click', () => one.room = one.offsetHeight)"
            )
            figure.locator(".live-first").click()
            figure.locator(".live-stage :is(button, input)").first.wait_for()
            seen(page, width)
            height, room = figure.evaluate("one => [one.offsetHeight, one.room]")
            assert height == room, f"{figure.get_attribute('id')} at {width} px"
        assert page.evaluate("shifts") < 0.02
    page.close()
