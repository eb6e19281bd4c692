"""No page carries a result typed by hand: what a run gave is shown by code.

A number with a decimal point or a per cent sign may be a result. In prose only those listed here
may stand: settings, versions, values of the paper.
"""

import json
import re

import pytest

from hypergan.experiments import ledger
from hypergan.paths import PROJECT

ALLOWED = {
    "README.md": {"3.11": "Python's version"},
    "deviations.md": {
        "0.01": "noise in the 2019 release, and the paper's learning rate",
        "0.002": "a learning rate of ours",
        "0.05": "a rate of Wang et al.",
        "0.1": "a rate of ours",
        "0.5": "bound on MNF's standard deviations",
        "27.05": "the paper's Table 1",
        "160.51": "the paper's Table 1",
        "98 %": "the paper's accuracy in Table 1",
    },
    "anomaly.ipynb": {"95 %": "level of the intervals"},
    "adversarial.ipynb": {"95 %": "level of the intervals"},
    "speed.ipynb": {"98 %": "accuracy to be reached"},
    "regression.ipynb": {"95 %": "level of the intervals"},
    "ablation.ipynb": {"95 %": "level of the intervals"},
    "diversity.ipynb": {
        "98 %": "the paper's accuracy in Table 1",
    },
    "accuracy.ipynb": {"95 %": "level of the intervals"},
    "claims.ipynb": {"95 %": "level of the intervals"},
}
PAGES = [PROJECT / "README.md", *sorted((PROJECT / "book").glob("*.[mi][dp]*"))]
NUMBER = re.compile(r"\d[\d,]*(?:\.\d+)+(?:e-?\d+)?(?: ?%)?|\d+ ?(?:%|per ?cent)")


def prose(name, text):
    """What a page says, without code, formulas' references, links, and what a program wrote."""
    if name.endswith(".ipynb"):
        cells = json.loads(text)["cells"]
        parts = ["".join(cell["source"]) for cell in cells if cell["cell_type"] == "markdown"]
        shown = [cell["metadata"].get("mystnb", {}) for cell in cells]
        text = "\n\n".join([*parts, *(json.dumps(words, ensure_ascii=False) for words in shown)])
    text = re.sub(rf"{ledger.BEGIN}.*?{ledger.END}", "", text, flags=re.DOTALL)
    text = re.sub(r"^(`{3,})(?!\{figure).*?^\1", "", text, flags=re.DOTALL | re.MULTILINE)
    text = re.sub(r"`[^`]*`|\]\([^)]*\)", "", text)
    return re.sub(r"(?i)sections? \d(\.\d)*( and \d(\.\d)*)?", "", text)


def numbers(name, text):
    return set(NUMBER.findall(prose(name, text)))


@pytest.mark.parametrize("page", PAGES, ids=lambda path: path.name)
def test_only_settings_versions_and_the_papers_values_are_typed(page):
    assert numbers(page.name, page.read_text()) == ALLOWED.get(page.name, {}).keys(), (
        "let code show a result from its record; list here what is none, and nothing else"
    )


@pytest.mark.parametrize(
    "typed", ["reaches 99.12 on MNIST", "in 61 % of cases", "**0.3**", "an AUROC of .5 to 0.97"]
)
def test_a_typed_result_is_found(typed):
    for name, text in {
        "page.md": f"# Page\n\n{typed}\n",
        "page.ipynb": json.dumps({"cells": [{"cell_type": "markdown", "metadata": {},
                                             "source": [typed]}]}),
        "captioned.ipynb": json.dumps({"cells": [
            {"cell_type": "code", "source": [], "metadata": {"mystnb": {"figure": typed}}}]}),
    }.items():  # fmt: skip
        assert numbers(name, text), name


def test_code_and_references_are_no_results():
    assert not numbers("page.md", "section 4.1, `eps=0.3`\n```python\nx = 0.5\n```\n[a](b-1.2)")
