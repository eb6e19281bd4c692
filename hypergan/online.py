"""The project's address online, set in one place: ``repository`` in ``_config.yml``.

``HYPERGAN_REPOSITORY`` and ``HYPERGAN_BRANCH`` override it, as when a fork's workflow builds the
book. This module is also the Sphinx extension that gives the book its buttons, and its pages their
addresses, social cards and site map; without a repository there are none.
"""

import json
import os
from typing import Any

import yaml

from hypergan.paths import PROJECT

BINDER = "https://mybinder.org"
COLAB = "https://colab.research.google.com"

_FIRST_CELL = """\
# Where the package is missing, as on Colab: get it with its records, and install it.
import importlib.util
import subprocess
import sys

repository = {repository}  # `make notebooks` writes it here, from _config.yml
if importlib.util.find_spec("hypergan") is None:
    if not repository:
        raise ModuleNotFoundError(
            "hypergan is not installed; set `repository` in this cell to the address of the git "
            "repository that this notebook is from, and run the cell again"
        )
    subprocess.run(["git", "clone", "--depth=1", repository, "hypergan-companion"], check=True)
    pip = [sys.executable, "-m", "pip", "install", "--quiet"]
    subprocess.run([*pip, "--editable", "./hypergan-companion[experiments]"], check=True)
    sys.path.insert(0, "hypergan-companion")  # this kernel began before it was installed"""


def repository() -> tuple[str, str]:
    """Address and branch of the project's repository; an empty address if none is set."""
    config = yaml.safe_load((PROJECT / "_config.yml").read_text(encoding="utf-8"))
    settings = config.get("repository") or {}
    address = os.environ.get("HYPERGAN_REPOSITORY") or settings.get("url") or ""
    branch = os.environ.get("HYPERGAN_BRANCH") or settings.get("branch") or "main"
    return address.rstrip("/"), branch


def site() -> str:
    """Where the workflow of a GitHub repository publishes the book; empty for other hosts."""
    host, _, name = repository()[0].removeprefix("https://").partition("/")
    if host != "github.com":
        return ""
    owner, _, project = name.removesuffix(".git").partition("/")
    pages = f"{owner.lower()}.github.io"
    return f"https://{pages}/" if project.lower() == pages else f"https://{pages}/{project}/"


def first_cell() -> str:
    """Source of the cell that installs the package where it is missing."""
    return _FIRST_CELL.format(repository=json.dumps(repository()[0], ensure_ascii=False))


def theme_options() -> dict[str, Any]:
    """Theme options for the buttons: repository, edit, issues, Colab and Binder."""
    address, branch = repository()
    if not address:
        return {}
    return {
        "repository_url": address,
        "repository_branch": branch,
        "path_to_docs": "book",
        "use_repository_button": True,
        "use_edit_page_button": True,
        "use_issues_button": True,
        "launch_buttons": {
            "binderhub_url": BINDER,
            "colab_url": COLAB,
            "notebook_interface": "jupyterlab",
        },
    }


def setup(app: Any) -> dict[str, bool]:
    """Set up the extension; Sphinx calls this before it builds the book."""

    def add_buttons(_: Any, config: Any) -> None:
        config.html_theme_options.pop("repository_url", None)  # an empty one means none
        config.html_theme_options |= theme_options()

    def add_address(_: Any, config: Any) -> None:
        config.html_baseurl = config.ogp_site_url = site()
        config.ogp_social_cards = {"enable": bool(site())}  # a card needs an absolute address

    app.connect("config-inited", add_buttons)
    app.connect("config-inited", add_address)
    if site():
        app.setup_extension("sphinx_sitemap")
    return {"parallel_read_safe": True, "parallel_write_safe": True}
