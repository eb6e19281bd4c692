"""Processes with the imports done: each is forked from a server that has them."""

import multiprocessing

PROCESSES = multiprocessing.get_context("forkserver")
PROCESSES.set_forkserver_preload(
    [
        *("pytest", "hypergan.experiments.cells"),
        "torch._dynamo",  # which PyTorch imports for the first optimiser
        *("scipy.stats", "sklearn.datasets", "sklearn.metrics", "matplotlib"),  # only where needed
        *("papermill", "seaborn", "hypergan.live.page"),
    ]
)
