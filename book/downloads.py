"""A Sphinx extension: records are downloaded under names that say what they are.

In their folders they are called seed0.json, seed1.json and so on, and so would be the downloads.
"""

from pathlib import Path

from sphinx.addnodes import download_reference
from sphinx.application import Sphinx
from sphinx.environment import BuildEnvironment

from hypergan.experiments.claim_rows import download_name


def rename(app: Sphinx, document: object) -> None:
    """Give each download of a page that was just read its name."""
    env: BuildEnvironment = app.env
    for node in document.findall(download_reference):  # type: ignore[attr-defined]
        if "filename" not in node:  # no such file: Sphinx has said so
            continue
        source, _ = env.relfn2path(node["reftarget"], env.docname)
        pages, stored = env.dlfiles[source]
        node["filename"] = f"{Path(stored).parent.as_posix()}/{download_name(Path(source))}"
        env.dlfiles[source] = pages, node["filename"]


def setup(app: Sphinx) -> dict[str, bool]:
    """Sphinx calls this."""
    app.connect("doctree-read", rename, priority=900)  # after Sphinx has collected the downloads
    return {"parallel_read_safe": True, "parallel_write_safe": True}
