"""What README.md tells a reader to do works."""

import re

import pytest
import torch
from torch import nn

from hypergan.cli import parser
from hypergan.paths import PROJECT

README = (PROJECT / "README.md").read_text()


def blocks(language: str) -> list[str]:
    return re.findall(rf"```{language}\n(.*?)```", README, flags=re.DOTALL)


@pytest.mark.slow
def test_the_five_lines_run_on_a_network_of_your_own():
    (lines,) = blocks("python")
    names = {
        "my_network": nn.Sequential(nn.Linear(4, 8), nn.ReLU(), nn.Linear(8, 3)),
        "inputs": torch.randn(300, 4),
        "labels": torch.randint(3, (300,)),
        "test_inputs": torch.randn(20, 4),
    }
    exec(lines, names)
    assert len(names["ensemble"]) == 100
    assert names["probabilities"].shape == (20, 3)
    torch.testing.assert_close(names["probabilities"].sum(1), torch.ones(20))


def test_every_command_is_one():
    commands = [line for block in blocks("bash") for line in block.splitlines()]
    targets = re.findall(r"^(\w+):.*##", (PROJECT / "Makefile").read_text(), flags=re.MULTILINE)
    for line in commands:
        words = line.split("#")[0].split()
        if words[0] == "make":
            assert words[1] in targets, line
        elif "hypergan" in words:
            parser().parse_args(words[words.index("hypergan") + 1 :])
        else:
            assert words[0] == ".venv/bin/papermill", line
            assert (PROJECT / words[1]).exists(), line


def test_every_link_to_a_file_leads_to_one():
    goals = [goal for goal in re.findall(r"\]\(([^)]*)\)", README) if "://" not in goal]
    assert goals
    assert not [goal for goal in goals if not (PROJECT / goal).exists()]
