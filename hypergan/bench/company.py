"""A training step beside busy processes, in a process of its own.

It is ``python -m hypergan.bench.company STEPS``; its threads are chosen by whoever starts it.
"""

import json
import os
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager

from hypergan.machine import share


def seconds(steps: int, others: int, *, ours: bool = True) -> list[float]:
    """Seconds of each default step on MNIST.

    Args:
        steps: How many.
        others: Busy processes beside it.
        ours: With the threads that the command line chooses on a machine that has been as busy for
            a minute, instead of those that PyTorch starts with.
    """
    environment = dict(os.environ)
    environment.pop("OMP_WAIT_POLICY", None)  # the benchmark's own
    if ours:
        chosen = share(load=float(others))
        environment |= {"OMP_NUM_THREADS": str(chosen.threads)} | chosen.wait_policy
    command = [sys.executable, "-m", "hypergan.bench.company", str(steps)]
    with _busy(others):
        done = subprocess.run(command, env=environment, capture_output=True, text=True, check=True)
    times: list[float] = json.loads(done.stdout)
    return times


@contextmanager
def _busy(processes: int) -> Iterator[None]:
    """So many processes that compute, inside the block."""
    command = [sys.executable, "-c", "while True: pass"]
    running = [subprocess.Popen(command) for _ in range(processes)]
    try:
        yield
    finally:
        for process in running:
            process.kill()
            process.wait()


def main() -> None:
    """Take the steps and print what each took."""
    from hypergan.bench.suite import default_steps
    from hypergan.bench.timing import take_turns

    ours = {"ours": default_steps("mnist")["ours"]}
    print(json.dumps(take_turns(ours, int(sys.argv[1]))["ours"]))


if __name__ == "__main__":
    main()
