"""The live figures in a browser, from disk; only where a Chromium is installed."""

import re

import pytest

from hypergan.experiments.records import Cell
from hypergan.live import page as live
from hypergan.live import sphinx

pytestmark = pytest.mark.slow


@pytest.fixture
def asked():
    """Addresses that a page asked for."""
    return []


@pytest.fixture(params=["files", "inline"])
def open_page(browser, tmp_path, monkeypatch, request, asked):
    """Opens a live figure from disk, and clicks on what it offers."""
    contexts = []

    def open_page(figure, *, scripts=True, click=True, width=1360):
        if request.param == "files":
            monkeypatch.setenv(live.FILES, sphinx.FOLDER)
        else:
            monkeypatch.delenv(live.FILES, raising=False)
        path = tmp_path / "page.html"
        path.write_text(f"<!doctype html><meta charset=utf-8>{figure._repr_html_()}", "utf-8")
        sphinx.write_scripts(tmp_path)
        contexts.append(browser.new_context(java_script_enabled=scripts))
        page = contexts[-1].new_page()
        page.set_viewport_size({"width": width, "height": 800})
        page.on("pageerror", lambda error: pytest.fail(str(error)))
        page.on("request", lambda one: asked.append(one.url))
        page.goto(path.as_uri())
        if click:
            page.get_by_role("button").click()
            page.locator(".live-stage button").first.wait_for()
        return page

    yield open_page
    for context in contexts:
        context.close()


def figure_2():
    cells = {"HyperGAN": Cell("hypergan", "cubic", profile="published")}
    cells["no discriminator"] = Cell("hypergan-no-discriminator", "cubic", profile="published")
    return live.cubic(cells, {"gold standard": Cell("nuts", "cubic", profile="published")})


def digit():
    return live.digit(Cell("hypergan-hidden-64", "mnist"), Cell("ensemble", "mnist"))


def status(page):
    return page.locator(".live-stage [role=status]").inner_text()


def until_asked(page, words="Drawn and asked"):
    page.locator(".live-stage [role=status]", has_text=words).wait_for(timeout=60_000)


def deviations(page):
    """The standard deviations that a page says, of y at both ends and in the middle."""
    return [float(number) for number in re.findall(r"(\d+\.\d+) at x", status(page))]


def test_without_scripts_nothing_is_offered(open_page):
    page = open_page(figure_2(), scripts=False, click=False)
    assert page.get_by_role("button").count() == 0


def test_nothing_is_loaded_before_the_click_and_nothing_from_elsewhere(open_page, asked):
    page = open_page(figure_2(), click=False)
    assert len(asked) == 1
    page.get_by_role("button").click()
    page.locator(".live-stage button").first.wait_for()
    assert all(address.startswith("file:") for address in asked)


def test_networks_are_drawn_anew_and_disagree_outside(open_page):
    page = open_page(figure_2())
    first = status(page)
    assert first.startswith("100 networks of HyperGAN")
    left, middle, right = deviations(page)
    assert middle < left
    assert middle < right
    page.get_by_role("button", name="Draw new networks").click()
    assert status(page).split("Computed")[0] != first.split("Computed")[0]


def test_the_keyboard_sets_how_many(open_page):
    page = open_page(figure_2())
    slider = page.get_by_role("slider")
    slider.focus()
    page.keyboard.press("End")
    assert status(page).startswith("1000 networks")
    page.keyboard.press("Home")
    assert status(page).startswith("1 network of")
    assert slider.get_attribute("aria-valuetext") == "1 network"


def test_without_discriminator_the_networks_draw_together(open_page):
    page = open_page(figure_2())
    wide = deviations(page)
    page.get_by_label("no discriminator").check()
    narrow = deviations(page)
    assert narrow[0] < wide[0]
    assert narrow[2] < wide[2]
    page.get_by_label("gold standard").check()
    assert "of gold standard" in status(page)


def test_lines_change_the_picture(open_page):
    page = open_page(figure_2())
    picture = "document.querySelector('.live-plot').toDataURL()"
    before = page.evaluate(picture)
    page.get_by_label("each network as a line").check()
    assert page.evaluate(picture) != before


def test_networks_agree_on_a_digit_and_not_on_a_letter(open_page):
    page = open_page(digit())
    page.get_by_role("button", name="test digit 4, number 1").click()
    until_asked(page)
    assert "networks say 4" in status(page)
    rows = page.locator(".live-votes tbody tr")
    assert int(rows.nth(4).locator("td").first.inner_text()) > 90
    sure = float(rows.nth(10).locator("td").nth(1).inner_text())
    page.get_by_role("button", name="notMNIST B, number 2").click()
    until_asked(page)
    assert float(rows.nth(10).locator("td").nth(1).inner_text()) > sure
    votes = [int(rows.nth(n).locator("td").first.inner_text()) for n in range(10)]
    assert sum(votes) == 100


def test_a_drawn_stroke_is_a_one(open_page):
    page = open_page(digit())
    page.get_by_role("button", name="Clear").click()
    box = page.locator(".live-pad").bounding_box()
    middle = box["x"] + box["width"] / 2
    page.mouse.move(middle, box["y"] + 40)
    page.mouse.down()
    page.mouse.move(middle, box["y"] + box["height"] - 40, steps=10)
    page.mouse.up()
    until_asked(page)
    assert "networks say 1" in status(page)


def test_the_keyboard_draws(open_page):
    page = open_page(digit())
    page.get_by_role("button", name="Clear").click()
    page.locator(".live-pad").focus()
    for key in ["ArrowUp"] * 9 + [" "] + ["ArrowDown"] * 18:
        page.keyboard.press(key)
    until_asked(page)
    assert "networks say 1" in status(page)
    page.keyboard.press("Escape")
    assert "Draw a digit" in status(page)


@pytest.mark.parametrize("figure", [figure_2(), digit()], ids=["cubic", "digit"])
def test_a_phone_shows_all_without_scrolling_sideways(open_page, figure):
    page = open_page(figure, width=375)
    assert page.evaluate("document.documentElement.scrollWidth") <= 375
    for button in page.get_by_role("button").all():
        box = button.bounding_box()
        assert min(box["width"], box["height"]) >= 24  # WCAG 2.2, target size
    for control in page.locator(".live-stage input, .live-stage button, .live-stage canvas").all():
        named = control.evaluate(
            "e => e.ariaLabel || e.labels?.[0]?.textContent || e.textContent || e.closest('button')"
        )
        assert named
