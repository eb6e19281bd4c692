"""A Sphinx extension: what a page gets beside its text."""

import re
import shutil
import subprocess
from pathlib import Path
from typing import Any

from sphinx.application import Sphinx

from hypergan import __version__
from hypergan.checkout import commit, git
from hypergan.experiments.claim_rows import download_name
from hypergan.paths import PROJECT, published

RECORD = re.compile(r"(?<=>)[\w-]+/[\w.-]+/[\w.-]+/seed\d+\.json(?=</th>)")
"""A record in a table of a page's sources."""

RECORDS = "_records"
"""Where the built book keeps the records that its pages name."""

BETTER = {
    r'role="doc-biblioentry"': 'role="listitem"',  # ARIA has given it up, and a list has items
    r'<th (?=class="[^"]*\bhead\b)': '<th scope="col" ',
    r"(?<=\d) %": "\N{NARROW NO-BREAK SPACE}%",  # a number keeps its unit
}
"""What is amiss in the HTML of Sphinx or of a page, and what takes its place."""

_WHOLE = re.compile(r"<(pre|script|style)\b.*?</\1>|<[^>]*>|[^<]+", re.DOTALL)
"""Code, a tag, or text."""


def newest(*paths: Path) -> str:
    """The day on which one of these was last published; empty where git does not know."""
    try:
        return git("log", "-1", "--format=%cs", "--", *map(str, paths))
    except (OSError, subprocess.CalledProcessError):
        return ""


def built() -> dict[str, str]:
    """What the foot of each page says of the state of the book."""
    known = commit()
    short = "" if known == "unknown" else known[:10] + known[40:]
    return {"version": __version__, "commit": short, "newest": newest(PROJECT / "data" / "records")}


def better(body: str) -> str:
    """A page's HTML without what :data:`BETTER` lists; code is left alone."""
    parts = [part[0] for part in _WHOLE.finditer(body)]
    for wrong, right in BETTER.items():
        parts = [p if p.startswith(("<pre", "<script")) else re.sub(wrong, right, p) for p in parts]
    return "".join(parts)


def with_records(body: str, folder: Path) -> tuple[str, str]:
    """A page whose records are links to copies of them, and the day of the newest; "" if none."""
    there = sorted({name for name in RECORD.findall(body) if (published() / name).exists()})
    for name in there:
        copy = folder / RECORDS / name
        copy.parent.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(published() / name, copy)

    def link(name: re.Match[str]) -> str:
        to = f'href="{RECORDS}/{name[0]}" download="{download_name(Path(name[0]))}"'
        return f"<a {to}>{name[0]}</a>" if name[0] in there else name[0]

    return RECORD.sub(link, body), newest(*map(published().joinpath, there)) if there else ""


def described(tags: str, body: str) -> str:
    """A page's meta tags; where it has a finding, that describes it, not its first text."""
    finding = re.search(r'<p class="finding">(.*?)</p>', body, re.DOTALL)
    if not finding:
        return tags
    words = re.sub("<[^>]*>", "", finding[1]).replace('"', "&quot;")
    return re.sub(r'(description" content=")[^"]*', lambda found: found[1] + words, tags)


def finish(app: Sphinx, page: str, template: str, context: dict[str, Any], _: object) -> None:
    """Complete what Sphinx and its extensions have made of a page."""
    context["built"] = app.config.built
    if not app.config.html_baseurl:  # or a page would claim a file's name for its address
        lines = context.get("metatags", "").splitlines(keepends=True)
        context["metatags"] = "".join(line for line in lines if "og:url" not in line)
    if "body" in context:
        body, day = with_records(better(context["body"]), Path(app.outdir))
        context["body"] = body
        context["metatags"] = described(context.get("metatags", ""), body)
        context["built"] = app.config.built | ({"newest": day} if day else {})


def setup(app: Sphinx) -> dict[str, bool]:
    """Sphinx calls this."""
    app.add_config_value("built", built(), "html")
    app.connect("html-page-context", finish, priority=900)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
