"""A Sphinx extension: notebooks are executed again when what they depend on has changed.

Jupyter's cache knows a notebook by its code alone. Here each state of everything else that a figure
is made of has a cache of its own: the package's code, the installed libraries, the paper's values,
and the records. Another cache is another setting of Sphinx, which then reads all pages anew.
"""

import hashlib
import shutil
import sys
from importlib.metadata import distributions
from pathlib import Path

from sphinx.application import Sphinx
from sphinx.config import Config

from hypergan.paths import PROJECT, downloads, runs, sha256

PUBLISHED = [
    folder.name
    for folder in sorted(PROJECT.glob("data/*/"))
    if folder.name != "downloads" and folder != downloads()  # whose files are pinned
]
READ = {
    PROJECT: [
        "hypergan/**/*.py",
        "hypergan/live/scripts/*",
        *(f"data/{name}/**/*.*" for name in PUBLISHED),
    ],
    runs(): ["*/*/*/seed*.json", "*/*/*/seed*.npz", "bench.json"],
}
"""Patterns of the files that notebooks read."""


def digest() -> str:
    """A hash of all that a page's numbers depend on besides the page itself."""
    libraries = sorted(f"{library.name} {library.version}" for library in distributions())
    found = hashlib.sha256("\n".join([sys.version, *libraries]).encode())
    for folder, patterns in READ.items():
        paths = sorted(path for pattern in patterns for path in folder.glob(pattern))
        for path in filter(Path.is_file, paths):
            found.update(f"{path} {state(path)}\n".encode())
    return found.hexdigest()[:16]


def state(path: Path) -> str:
    """A file's hash, or why it cannot be read: the page that needs it says so."""
    try:
        return sha256(path)
    except OSError as error:
        return str(error.strerror)


def choose_cache(app: Sphinx, config: Config) -> None:
    """Name the cache of this state, and remove those of earlier ones."""
    caches = Path(app.outdir).parent / ".jupyter_cache"
    config.nb_execution_cache_path = str(caches / digest())
    for other in caches.glob("*"):
        if other != Path(config.nb_execution_cache_path):
            shutil.rmtree(other) if other.is_dir() else other.unlink()


def setup(app: Sphinx) -> dict[str, bool]:
    """Sphinx calls this."""
    app.connect("config-inited", choose_cache)
    return {"parallel_read_safe": True}
