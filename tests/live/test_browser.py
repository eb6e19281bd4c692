"""The live figures in a browser, from disk; only where a Chromium is installed."""

import re
from collections.abc import Callable
from dataclasses import dataclass

import pytest
from axe_playwright_python.sync_playwright import Axe

from hypergan.experiments.collection import compare
from hypergan.experiments.records import Cell
from hypergan.live import page as live
from hypergan.live import sphinx

pytestmark = pytest.mark.slow


@pytest.fixture
def asked():
    """Addresses that a page asked for."""
    return []


@pytest.fixture
def scripts_in(request):
    """Where the scripts of a figure are: in files beside the page, as in the book, or inside it."""
    return getattr(request, "param", "files")


in_both = pytest.mark.parametrize("scripts_in", ["files", "inside"], indirect=True)
"""Once they are loaded there is no difference."""


@pytest.fixture
def open_page(browser, tmp_path, monkeypatch, scripts_in, asked):
    """Opens a live figure from disk, and clicks on what it offers."""
    contexts = []

    def open_page(figure, *, scripts=True, click=True, width=1360, touch=False):
        if scripts_in == "files":
            monkeypatch.setenv(live.FILES, sphinx.FOLDER)
        else:
            monkeypatch.delenv(live.FILES, raising=False)
        path = tmp_path / "page.html"
        path.write_text(f"<!doctype html><meta charset=utf-8>{figure._repr_html_()}", "utf-8")
        sphinx.write_scripts(tmp_path)
        contexts.append(browser.new_context(java_script_enabled=scripts, has_touch=touch))
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


@dataclass
class Both:
    """Two figures on one page."""

    first: Callable[[], str]
    second: Callable[[], str]

    def _repr_html_(self):
        return self.first() + self.second()


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


@in_both
def test_without_scripts_nothing_is_offered(open_page):
    page = open_page(figure_2(), scripts=False, click=False)
    assert page.get_by_role("button").count() == 0


@in_both
def test_nothing_is_loaded_before_the_click_and_nothing_from_elsewhere(open_page, asked):
    page = open_page(figure_2(), click=False)
    assert len(asked) == 1
    page.get_by_role("button").click()
    page.locator(".live-stage button").first.wait_for()
    assert all(address.startswith("file:") for address in asked)


@in_both
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


@in_both
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


def pressed(page):
    return page.locator(".live-images [aria-pressed=true]").get_attribute("aria-label")


def entropies_here(page):
    """The entropies that the chosen ensemble gives to the images that are shown."""
    return [float(one) for one in page.locator(".live-images tr.live-here small").all_inner_texts()]


def test_pointing_at_a_curve_shows_the_images_there(open_page, images):
    page = open_page(live.entropies(images))
    plot = page.locator(".live-curves").first
    box = plot.bounding_box()
    seen = []
    for part in (0.15, 0.85):
        page.mouse.move(
            box["x"] + part * box["width"], box["y"] + (0.85 - 0.7 * part) * box["height"]
        )
        seen.append(entropies_here(page))
        assert seen[-1] == sorted(seen[-1])
        assert pressed(page) in status(page)
    assert max(seen[0]) < min(seen[1])
    page.mouse.click(box["x"] + box["width"] / 2, box["y"] + box["height"] / 2)
    held = status(page)
    page.mouse.move(box["x"] + 0.2 * box["width"], box["y"] + 0.8 * box["height"])
    assert status(page) == held


def test_a_tap_is_enough(browser, open_page, images):
    page = open_page(live.entropies(images), width=375, touch=True)
    before = status(page)
    box = page.locator(".live-curves.live-here").bounding_box()
    page.touchscreen.tap(box["x"] + 0.8 * box["width"], box["y"] + 0.3 * box["height"])
    assert status(page) != before
    page.get_by_role("radio", name="test images").check()
    assert "of the test images" in status(page)


def test_keys_walk_along_a_curve_and_pick_images(open_page, images):
    page = open_page(live.entropies(images))
    slider = page.get_by_role("slider")
    slider.focus()
    page.keyboard.press("Home")
    first = status(page)
    assert slider.get_attribute("aria-valuetext").startswith(pressed(page))
    page.keyboard.press("ArrowRight")
    assert status(page) != first
    assert (
        page.locator(".live-images [aria-pressed]").nth(1).get_attribute("aria-pressed") == "true"
    )
    page.locator(".live-images button").last.focus()
    last = page.locator(".live-images button").last.get_attribute("aria-label")
    page.keyboard.press("Enter")
    assert pressed(page) == last
    assert page.evaluate("document.activeElement.getAttribute('aria-pressed')") == "true"
    page.get_by_label("deep ensemble, 10").check()
    assert pressed(page) == last
    assert "under 10 networks of deep ensemble" in status(page)


@in_both
def test_answers_are_said_where_records_hold_them(open_page, images):
    page = open_page(live.entropies(images))
    assert re.search(r"They say \d with", status(page))
    assert "do not hold which class was answered: deep ensemble." in page.inner_text("body")
    own, other = (page.locator(".live-images tbody tr").nth(n).inner_text() for n in (0, 1))
    assert re.search(r"\n?\d \d\.\d\d", own)
    assert not re.search(r"\b\d \d\.\d\d", other.partition("10")[2])
    page.get_by_label("deep ensemble, 10").check()
    assert "They say" not in status(page)


def test_wrong_answers_are_marked_on_test_images_alone(open_page, images):
    page = open_page(live.entropies(images))
    assert page.locator(".live-images abbr").count() == 0
    page.get_by_role("radio", name="test images").check()
    row = page.locator(".live-images tbody tr").first.locator("td")
    for head, cell in zip(
        page.locator(".live-images thead th span[aria-hidden]").all()[1::2], row.all(), strict=True
    ):
        right = cell.inner_text().startswith(head.inner_text())
        assert cell.locator("abbr").count() == (not right)


@in_both
def test_eps_changes_the_image_and_the_answers(open_page, images):
    page = open_page(live.attacked(images))
    assert "Image 1" in status(page)
    before = page.locator(".live-attacked thead .live-picture").get_attribute("style")
    page.get_by_role("slider").focus()
    page.keyboard.press("End")
    assert "at eps 0.3" in status(page)
    assert status(page).count("wrong") == 2
    assert page.get_by_role("slider").get_attribute("aria-valuetext") == "0.3"
    assert page.locator(".live-attacked thead .live-picture").get_attribute("style") != before
    page.get_by_role("button", name="image 4").click()
    assert "Image 4" in status(page)
    softmax = images.shown["hypergan"].arrays["softmax_pgd_10_fresh"][2, 3]
    cells = page.locator(".live-attacked tbody tr").all()[:10]
    shown = [float(row.locator("td").nth(1).inner_text()) for row in cells]
    assert shown == pytest.approx(softmax.astype(float), abs=0.006)


@pytest.mark.parametrize("kind", ["entropies", "attacked"])
def test_a_slow_phone_answers_at_once(open_page, images, kind):
    page = open_page(getattr(live, kind)(images), width=375)
    page.context.new_cdp_session(page).send("Emulation.setCPUThrottlingRate", {"rate": 4})
    took = page.evaluate(
        """() => {
            const slider = document.querySelector("input[type=range]"), began = performance.now();
            for (let step = 0; step < 10; step++) {
                slider.value = step;
                slider.dispatchEvent(new Event("input"));
                document.body.getBoundingClientRect();
            }
            return (performance.now() - began) / 10;
        }"""
    )
    assert took < 200  # milliseconds; an idle desktop takes 2


@in_both
def test_two_of_a_kind_stand_on_one_page(open_page, images, monkeypatch):
    first, second = live.entropies(images), live.entropies(compare("mnist", methods=["hypergan"]))
    both = Both(first._repr_html_, second._repr_html_)
    page = open_page(both, click=False)
    for name in ("-mnist-stand-in", "-mnist"):
        figure = page.locator(f"#live-entropies{name}")
        figure.get_by_role("button").first.click()
        figure.locator(".live-stage button").first.wait_for()
    assert page.locator(".live-stage:has(table)").count() == 2


def test_axe_finds_nothing_in_open_figures(open_page, images):
    for figure in (live.entropies(images), live.attacked(images)):
        page = open_page(figure)
        found = Axe().run(page, context=".live").response["violations"]
        assert [(one["id"], one["nodes"][0]["html"][:200]) for one in found] == []


@pytest.mark.parametrize("kind", ["cubic", "digit", "entropies", "attacked"])
def test_a_phone_shows_all_without_scrolling_sideways(open_page, images, kind):
    figures = {"cubic": figure_2, "digit": digit}
    figure = figures[kind]() if kind in figures else getattr(live, kind)(images)
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
