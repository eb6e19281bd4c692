"""Figures in panels."""

import io
import re
from dataclasses import replace

import pytest
from bs4 import BeautifulSoup
from examples import CELL, EMPTY, example
from PIL import Image

from hypergan.experiments.collection import Collection
from hypergan.figures.panels import PICTURES, WIDTH, Panels, spread


def drawn():
    figure = Panels("Two <curves>", name="curves")
    left = figure.add("left")
    left.plot([0, 1], [-2, 3], label="a")
    right = figure.add("right", like=left)
    right.plot([0, 1, 2], [0, 1, 4], label="a")
    right.errorbar([0.5], [1], 0.2, marker="o", label="b")
    return figure


def test_each_panel_is_an_image_with_words_and_a_size():
    page = BeautifulSoup(drawn()._repr_html_(), "html.parser")
    names = [svg["aria-label"] for svg in page.find_all("svg")]
    assert names == ["Two <curves>: left", "Two <curves>: right", "Legend"]
    assert all(int(svg["width"]) <= WIDTH and svg["height"] for svg in page.find_all("svg"))
    assert "left" in [text.text for text in page.svg.find_all("text")]


def test_a_preview_gets_one_picture_of_all_panels(monkeypatch):
    assert drawn()._repr_png_() is None
    monkeypatch.setenv(PICTURES, "png")
    assert Panels("Nothing")._repr_png_() is None
    figure = drawn()
    picture = Image.open(io.BytesIO(figure._repr_png_()))
    assert picture.width == 2 * 1.5 * WIDTH
    left, right, legend = (
        picture.convert("L").crop(box)
        for box in ((0, 0, 525, 393), (525, 0, 1050, 393), (0, 393, 525, picture.height))
    )
    assert all(part.getextrema()[0] < 128 for part in (left, right, legend))
    assert figure._repr_png_() == figure._repr_png_()
    assert "0x" not in repr(figure)  # an address would differ from run to run


def test_words_are_large_enough_on_a_phone():
    html = drawn()._repr_html_()
    units = float(re.search(r'viewBox="0 0 ([\d.]+)', html)[1])
    sizes = [float(size) for size in re.findall(r"font-size: ([\d.]+)px", html)]
    assert min(sizes) * 330 / units > 9  # 375 pixels less the page's margins


def test_panels_take_the_pages_colours_and_change_nothing_else_of_it():
    html = drawn()._repr_html_()
    assert "currentColor" in html
    assert "#000000" not in html
    assert "<style" not in html
    ids = re.findall(r' id="([^"]*)"', html)
    assert len(ids) == len(set(ids)) > 0
    assert set(re.findall(r"[\"(]#([^\")]*)", html)) <= set(ids)


def test_alike_panels_of_one_page_have_ids_of_their_own():
    html = ""
    for name in ("one", "other"):
        figure = Panels("Curves", name=name)
        for _ in range(2):
            figure.add("alike").plot([0, 1], [0, 1], "o", label="a")
        html += figure._repr_html_()
    ids = re.findall(r' id="([^"]*)"', html)
    assert len(ids) == len(set(ids)) > 0


def test_places_are_exact_to_a_hundredth_of_a_pixel_and_words_are_left_alone():
    figure = Panels("ticks")
    figure.add().set_xticks([0.12345], ["0.12345"])
    places = re.findall(r"\d+\.(\d+)", re.sub(r">[^<]*<", "><", figure._repr_html_()))
    assert max(map(len, places)) <= 3
    assert ">0.12345</text>" in figure._repr_html_()


def test_the_same_figure_is_the_same_bytes():
    assert drawn()._repr_html_() == drawn()._repr_html_()


def test_a_legend_names_each_curve_once():
    legend = drawn().legend.legends[0]
    assert [text.get_text() for text in legend.get_texts()] == ["a", "b"]
    assert Panels("nothing").legend is None


def test_curves_are_named_at_their_ends_instead():
    figure = drawn()
    figure.axes[0].plot([0, 1], [0, 2.9], lw=3, label="thick")
    before = figure.numbers
    figure.name_ends()
    assert figure.numbers.equals(before)
    assert figure.legend is None
    names = {text.get_text(): text for text in figure.axes[0].texts}
    assert names.keys() == {"a", "thick"}
    assert names["a"].get_position()[1] - names["thick"].get_position()[1] > 0.05
    assert names["thick"].get_weight() == "bold"


@pytest.mark.parametrize(
    ("heights", "apart"),
    [
        ([0.1, 0.5], [0.1, 0.5]),
        ([], []),
        ([0.4, 0.4, 0.9], [0.3, 0.5, 0.9]),
        ([0.0, 0.1, 0.9], [0.0, 0.2, 0.9]),
        ([0.9, 1.0], [0.8, 1.0]),
        ([0.7, 0.9, 1.0], [0.6, 0.8, 1.0]),
    ],
)
def test_heights_are_spread_and_stay_in_the_panel(heights, apart):
    assert spread(heights, 0.2) == pytest.approx(apart)


def test_panels_share_axes_when_told():
    left, right = drawn().axes
    right.set_ylim(-7, 7)
    assert left.get_ylim() == (-7, 7)
    assert left.get_xlim() != right.get_xlim()


def test_the_numbers_of_curves_can_be_taken_along():
    numbers = drawn().numbers
    assert numbers[numbers["panel"] == "left"]["y"].to_list() == [-2, 3]
    assert set(numbers["series"]) == {"a", "b"}


def test_bars_and_histograms_are_numbers_too():
    figure = Panels("Bars", name="bars")
    figure.add("lying").barh(["ours", "theirs"], [1, 3], xerr=[0.1, 0.1])
    figure.add("standing").bar(["a", "b"], [2, 4], label="votes")
    figure.add("counted").hist([0.1, 0.1, 0.9], bins=2, range=(0, 1), label="networks")
    figure.add("stepped").stairs([5, 6], [0, 2, 4], label="density")
    rows = [list(row) for row in figure.numbers.itertuples(index=False)]
    assert rows == [
        ["lying", "", 1, "ours"],
        ["lying", "", 3, "theirs"],
        ["standing", "votes", "a", 2],
        ["standing", "votes", "b", 4],
        ["counted", "networks", 0.25, 2],
        ["counted", "networks", 0.75, 1],
        ["stepped", "density", 1, 5],
        ["stepped", "density", 3, 6],
    ]


def test_stand_in_data_and_missing_records_are_said():
    record = replace(example(CELL), stand_in=True)
    assert "embedded stand-in" in Panels("x", Collection([record], [])).notes[0]
    assert Panels("x", EMPTY, empty="none")._repr_html_().count("none") == 1
