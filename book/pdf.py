"""The book as one PDF: each page of ``_build/html``, in the order of the contents, by Chromium.

``python book/pdf.py`` writes ``_build/pdf/hypergan.pdf``, whose links lead to pages of its own.
"""

import shutil
import subprocess
import sys
import tempfile
from pathlib import Path
from urllib.parse import unquote, urlsplit

import yaml
from pypdf import PdfReader, PdfWriter
from pypdf.generic import ArrayObject, DictionaryObject, IndirectObject, NameObject

BOOK = Path(__file__).parent


def chromium() -> str | None:
    """The path of a Chromium; None if there is none."""
    names = ("chromium", "google-chrome", "chrome", "chromium-browser")
    return next(filter(None, map(shutil.which, names)), None)


def pages() -> list[str]:
    """The pages, in the order of the contents."""
    contents = yaml.safe_load((BOOK / "_toc.yml").read_text(encoding="utf-8"))
    chapters = [chapter for part in contents["parts"] for chapter in part["chapters"]]
    return [contents["root"], *(chapter["file"] for chapter in chapters)]


def print_page(browser: str, page: Path, to: Path) -> None:
    """Print a page, when its formulas are set."""
    options = ("--headless", "--no-sandbox", "--disable-gpu", "--no-pdf-header-footer")
    wait = "--virtual-time-budget=20000"
    command = [browser, *options, wait, f"--print-to-pdf={to}", page.as_uri()]
    subprocess.run(command, check=True, capture_output=True)


def join(printed: dict[str, Path], to: Path) -> None:
    """Make one file of all, with an entry for each in its outline."""
    writer, first = PdfWriter(), {}
    for name, path in printed.items():
        first[name] = len(writer.pages)
        reader = PdfReader(path)
        writer.append(reader, outline_item=reader.metadata.title.partition(" \N{EM DASH} ")[0])
    starts = {name: writer.pages[number].indirect_reference for name, number in first.items()}
    for page in writer.pages:
        for annotation in page.get("/Annots") or ():
            lead_inside(annotation.get_object(), starts)
    to.parent.mkdir(parents=True, exist_ok=True)
    writer.write(to)


def lead_inside(annotation: DictionaryObject, starts: dict[str, IndirectObject]) -> None:
    """Turn a link to the file of another page into one to where that page begins."""
    address = urlsplit(str(annotation.get("/A", {}).get("/URI", "")))
    if address.scheme == "file":
        del annotation["/A"]  # a link to a download leads nowhere
        start = starts.get(Path(unquote(address.path)).stem)
        if start is not None:
            annotation[NameObject("/Dest")] = ArrayObject([start, NameObject("/Fit")])


def main() -> None:
    """Print the book."""
    if (browser := chromium()) is None:
        sys.exit("No Chromium was found, which prints the book; install your system's chromium.")
    html = BOOK.resolve() / "_build" / "html"
    if not html.exists():
        sys.exit("There is no book to print yet; make book builds it.")
    with tempfile.TemporaryDirectory() as folder:
        printed = {name: Path(folder) / f"{name}.pdf" for name in pages()}
        for name, path in printed.items():
            print_page(browser, html / f"{name}.html", path)
        join(printed, BOOK / "_build" / "pdf" / "hypergan.pdf")


if __name__ == "__main__":
    main()
