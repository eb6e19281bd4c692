"""A Sphinx extension: what a page gets beside its text."""

import subprocess
from typing import Any

from sphinx.application import Sphinx

from hypergan import __version__
from hypergan.checkout import commit, git


def newest_record() -> str:
    """The day on which a record was last published; empty where git does not know."""
    try:
        return git("log", "-1", "--format=%cs", "--", "data/records")
    except (OSError, subprocess.CalledProcessError):
        return ""


def built() -> dict[str, str]:
    """What the foot of each page says of the state of the book."""
    known = commit()
    short = "" if known == "unknown" else known[:10] + known[40:]
    return {"version": __version__, "commit": short, "newest": newest_record()}


def finish(app: Sphinx, page: str, template: str, context: dict[str, Any], _: object) -> None:
    """Complete what Sphinx and its extensions have made of a page."""
    context["built"] = app.config.built
    if not app.config.html_baseurl:  # or a page would claim a file's name for its address
        lines = context.get("metatags", "").splitlines(keepends=True)
        context["metatags"] = "".join(line for line in lines if "og:url" not in line)
    if "body" in context:  # ARIA has given up docutils' role, and a list has list items
        context["body"] = context["body"].replace('role="doc-biblioentry"', 'role="listitem"')


def setup(app: Sphinx) -> dict[str, bool]:
    """Sphinx calls this."""
    app.add_config_value("built", built(), "html")
    app.connect("html-page-context", finish, priority=900)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
