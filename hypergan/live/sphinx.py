"""Sphinx extension: writes the scripts that the book's live figures load, and no others."""

import os
import re
from pathlib import Path
from typing import Any

from hypergan.live.page import FILES, part
from hypergan.paths import write_text

FOLDER = "_static/live"


def setup(app: Any) -> dict[str, bool]:
    """Called by Sphinx before it builds the book."""
    os.environ[FILES] = FOLDER  # the notebooks' kernels inherit it

    def write(app: Any, error: Exception | None) -> None:
        if error is None and app.builder.format == "html":
            write_scripts(Path(app.outdir))

    app.connect("build-finished", write)
    return {"parallel_read_safe": True, "parallel_write_safe": True}


def write_scripts(html: Path) -> None:
    """Write each script that a page of the book names."""
    text = "".join(page.read_text(encoding="utf-8") for page in html.glob("*.html"))
    for name in set(re.findall(rf'"src":"{FOLDER}/([^"]*)\.js"', text)):
        write_text(html / FOLDER / f"{name}.js", part(name))
