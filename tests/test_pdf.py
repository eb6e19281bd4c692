"""A book of two pages as one PDF."""

import shutil
import subprocess
import sys

import pytest
from pages import BOOK
from pypdf import PdfReader

PAGE = """<!doctype html><title>{title} \N{EM DASH} The book</title>
<h1>{title}</h1><p style="break-after: page">
<a href="{other}.html#there">The other page</a> <a href="data.csv">Data</a>
<a href="https://example.org">Elsewhere</a></p><p>The end of {title}</p>"""


@pytest.fixture
def book(tmp_path):
    html = tmp_path / "_build" / "html"
    html.mkdir(parents=True)
    shutil.copy(BOOK / "pdf.py", tmp_path)
    (tmp_path / "_toc.yml").write_text("root: b\nparts: [{chapters: [{file: a}]}]\n")
    (html / "a.html").write_text(PAGE.format(title="Second", other="b"))
    (html / "b.html").write_text(PAGE.format(title="First", other="a"))
    return tmp_path


def make(book, **options):
    command = [sys.executable, book / "pdf.py"]
    return subprocess.run(command, capture_output=True, text=True, **options)


@pytest.mark.slow
@pytest.mark.usefixtures("browser")
def test_pages_follow_the_contents_and_links_stay_inside(book):
    done = make(book)
    assert done.returncode == 0, done.stderr
    pdf = PdfReader(book / "_build" / "pdf" / "hypergan.pdf")
    assert [page.extract_text().split()[0] for page in pdf.pages] == ["First", "The"] + [
        "Second",
        "The",
    ]
    assert [entry.title for entry in pdf.outline] == ["First", "Second"]
    goals = [
        [pdf.get_page_number(link["/Dest"][0].get_object()) for link in links if "/Dest" in link]
        for links in links_of(pdf)
    ]
    assert goals == [[2], [], [0], []]
    addresses = [link["/A"]["/URI"] for links in links_of(pdf) for link in links if "/A" in link]
    assert addresses == ["https://example.org/"] * 2


def links_of(pdf):
    """The links of each page."""
    return [[one.get_object() for one in page.get("/Annots", ())] for page in pdf.pages]


def test_without_chromium_it_says_what_is_missing(book):
    done = make(book, env={"PATH": ""})
    assert done.returncode == 1
    assert "No Chromium was found" in done.stderr
