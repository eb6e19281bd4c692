"""Every page of the book in a browser, as readers on desktops, tablets and phones meet it."""

import pytest
from axe_playwright_python.sync_playwright import Axe
from pages import PAGES

pytestmark = pytest.mark.slow

DESKTOP, HEIGHT = 1360, 850
WIDTHS = (DESKTOP, 768, 375)
PAPER = 718
"""The width in pixels of what is printed on a page of A4, less margins of a centimetre."""

RESULT_FIRST = [
    "intro", "architecture", "regression", "diversity", "accuracy", "anomaly", "digit",
    "adversarial", "ablation", "claims", "speed",
]  # fmt: skip
"""Pages whose first figure or table begins on the first screen."""

LOOKED_OVER = [name for name in PAGES if not name.startswith("api-")] + ["api-bench", "search"]
"""Pages that axe reads, at length; the API's are all made alike, and one stands for them."""

SERIOUS = ("warning", "error", "critical", "serious")
"""What of the console's messages and of axe's findings counts."""

WHOLE_PAGE = {"type": "tag", "values": ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa"]}
COLOURS = {"type": "rule", "values": ["color-contrast"]}
SCROLLING = {"type": "rule", "values": ["scrollable-region-focusable"]}


@pytest.fixture(scope="module")
def visit(browser, html):
    """Opens a page and leaves the one before; a page comes with what it said and asked for."""
    opened = {}

    def visit(name):
        if name not in opened:
            for page, _, _ in opened.values():
                page.close()
            opened.clear()
            page, said, asked = browser.new_page(color_scheme="light"), [], []
            page.on("console", lambda one: one.type in SERIOUS and said.append(one.text))
            page.on("pageerror", lambda error: said.append(str(error)))
            page.on("request", lambda request: asked.append(request.url))
            seen(page, DESKTOP)
            page.goto((html / f"{name}.html").as_uri())
            opened[name] = page, said, asked
        page, said, asked = opened[name]
        seen(page, DESKTOP)
        return page, said, asked

    return visit


def seen(page, width, **media):
    """Show a page as wide as this, on a screen and by day unless told otherwise."""
    page.emulate_media(**{"media": "screen", "color_scheme": "light"} | media)
    page.set_viewport_size({"width": width, "height": HEIGHT})
    page.evaluate("new Promise(shown => requestAnimationFrame(() => setTimeout(shown)))")


@pytest.fixture(scope="module", params=[*PAGES, "search", "genindex"])
def name(request):
    """A page's name; its tests follow one another."""
    return request.param


def test_nothing_is_said_and_nothing_asked_of_another_host(visit, name):
    _, said, asked = visit(name)
    assert said == []
    assert [address for address in asked if not address.startswith(("file:", "data:"))] == []


def test_no_width_scrolls_sideways(visit, name):
    page, _, _ = visit(name)
    for width in WIDTHS:
        seen(page, width)
        assert page.evaluate("document.documentElement.scrollWidth") <= width


def test_pictures_and_drawings_have_names(visit, name):
    page, _, _ = visit(name)
    assert page.locator("img:not([alt])").count() == 0
    nameless = page.evaluate(
        """() => [...document.querySelectorAll("article svg:not([aria-hidden=true])")]
            .filter(one => !one.ariaLabel && !one.getAttribute("aria-labelledby")
                && !one.querySelector("title"))
            .map(one => one.outerHTML.slice(0, 200))"""
    )
    assert nameless == []


@pytest.mark.parametrize("name", LOOKED_OVER)
def test_axe_finds_nothing_serious(visit, name):
    page, _, _ = visit(name)
    assert broken(page, WHOLE_PAGE) == []
    seen(page, 375)
    assert broken(page, SCROLLING) == []
    seen(page, DESKTOP, color_scheme="dark")
    page.wait_for_timeout(500)  # colours fade into each other
    assert page.evaluate("document.documentElement.dataset.theme") == "dark"
    assert broken(page, COLOURS) == []


@pytest.mark.parametrize("name", PAGES)
def test_printing_loses_nothing_at_the_edge(visit, name):
    """Nothing is wider than the paper, and nothing hides what it would show on scrolling."""
    page, _, _ = visit(name)
    seen(page, PAPER, media="print")
    page.evaluate("dispatchEvent(new Event('beforeprint'))")
    lost = page.evaluate(
        """width => [...document.querySelectorAll("article *")]
            .filter(one => one.checkVisibility())
            .filter(one => !one.closest(".visually-hidden, mjx-assistive-mml"))
            .filter(one => one.getBoundingClientRect().right > width + 1
                || (one.scrollWidth > one.clientWidth + 1
                    && getComputedStyle(one).overflowX !== "visible"))
            .map(one => one.outerHTML.slice(0, 200))""",
        PAPER,
    )
    page.evaluate("dispatchEvent(new Event('afterprint'))")
    assert lost == []


@pytest.mark.parametrize("result", RESULT_FIRST)
def test_a_result_is_on_the_first_screen(visit, result):
    page, _, _ = visit(result)
    first = page.locator("article :is(figure, table, svg):visible").first
    assert first.bounding_box()["y"] < 700


def broken(page, rules):
    """Those of axe's rules that a page breaks seriously, each with a place."""
    options = {"resultTypes": ["violations"], "runOnly": rules}
    found = Axe().run(page, options=options).response["violations"]
    serious = [one for one in found if one["impact"] in SERIOUS]
    return [(one["id"], one["nodes"][0]["html"][:200]) for one in serious]
