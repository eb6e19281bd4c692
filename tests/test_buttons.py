"""The buttons above two pages of a book whose repository has an address."""

import pytest
import yaml
from browsing import DESKTOP, PHONE, WHOLE_PAGE, broken, seen
from pages import BOOK, SCRIPTS, run

from hypergan.paths import PROJECT

pytestmark = pytest.mark.slow

ADDRESS = "https://github.com/Ann/Book"
LEADS_TO = {
    "digit": [
        "https://mybinder.org/v2/gh/Ann/Book/trunk?urlpath=lab/tree/book/digit.ipynb",
        "https://colab.research.google.com/github/Ann/Book/blob/trunk/book/digit.ipynb",
        ADDRESS,
        f"{ADDRESS}/edit/trunk/book/digit.ipynb",
    ],
    "glossary": [ADDRESS, f"{ADDRESS}/edit/trunk/book/glossary.md"],
}
BUTTONS = ".article-header-buttons"
OVERLAPPING = """() => {
    const boxes = [...document.querySelectorAll(".article-header-buttons > *, article h1")]
        .filter(one => one.checkVisibility()).map(one => one.getBoundingClientRect());
    return boxes.filter((one, i) => one.right > innerWidth || boxes.slice(i + 1).some(other =>
        one.left < other.right - 1 && other.left < one.right - 1
        && one.top < other.bottom - 1 && other.top < one.bottom - 1)).length;
}"""


@pytest.fixture(scope="module")
def online(tmp_path_factory):
    """The two pages, with what their notebooks are stored with."""
    folder = tmp_path_factory.mktemp("online")
    config = yaml.safe_load((PROJECT / "_config.yml").read_text())
    config["execute"]["execute_notebooks"] = "off"
    sphinx = config["sphinx"]
    sphinx["local_extensions"] = dict.fromkeys(sphinx["local_extensions"], str(BOOK))
    (folder / "config.yml").write_text(yaml.safe_dump(config))
    toc = {"format": "jb-book", "root": "glossary", "chapters": [{"file": "digit"}]}
    (folder / "toc.yml").write_text(yaml.safe_dump(toc))
    options = ("--config", folder / "config.yml", "--toc", folder / "toc.yml")
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("HYPERGAN_REPOSITORY", ADDRESS)
        patch.setenv("HYPERGAN_BRANCH", "trunk")
        build = (SCRIPTS / "jupyter-book", "build", BOOK, *options, "--path-output", folder)
        run(*build, records=folder / "runs")
    return folder / "_build" / "html"


@pytest.mark.parametrize("name", LEADS_TO)
def test_buttons_lead_to_the_repository_and_fit_the_screen(browser, online, name):
    page = browser.new_page(color_scheme="light")
    page.goto((online / f"{name}.html").as_uri())
    links = page.locator(f"{BUTTONS} a[href^='https:']").evaluate_all(
        "all => all.map(one => one.getAttribute('href'))"
    )
    *others, issue = links
    assert others == LEADS_TO[name]
    assert issue.startswith(f"{ADDRESS}/issues/new?title=Issue%20on%20page%20%2F{name}.html")
    for width in (DESKTOP, PHONE):
        seen(page, width)
        assert page.evaluate(OVERLAPPING) == 0
        for menu in page.locator(f"{BUTTONS} .dropdown > button").all():
            menu.click()
            box = page.locator(f"{BUTTONS} .dropdown-menu.show").bounding_box()
            assert 0 <= box["x"] <= box["x"] + box["width"] <= width
            menu.click()
        assert broken(page, WHOLE_PAGE) == []
    page.close()
