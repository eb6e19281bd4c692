"""A step of HyperGAN as one CUDA graph: one launch in place of several hundred."""

from dataclasses import replace

import torch
from torch import Tensor

from hypergan.model import HyperGAN
from hypergan.step import Step

WARM_UP = 12
"""Steps before the one that is captured, which let libraries and optimisers set themselves up."""


class GraphedStep:
    """HyperGAN's update, captured once, then replayed on each step's inputs and random numbers.

    All that is random is drawn on the CPU in the order of :meth:`HyperGAN.update`, and copied to
    where the graph reads it. Rates have to be tensors on the GPU, which the graph reads, too.

    Args:
        posterior: What is trained.
    """

    def __init__(self, posterior: HyperGAN) -> None:
        self.posterior = posterior
        self.held: list[Tensor] = []
        self.steps = 0
        self.graph: torch.cuda.CUDAGraph | None = None
        self.reports: dict[str, Tensor] = {}

    def __call__(self, step: Step) -> dict[str, Tensor]:
        """What :meth:`HyperGAN.update` does and returns."""
        self._hold([step.inputs, step.targets, *self._drawn(step)])
        if self.graph is not None:
            self.graph.replay()
            return self.reports
        self.steps += 1
        if step.inputs.device.type != "cuda":
            return self._update(step)
        if self.steps <= WARM_UP:
            stream = torch.cuda.Stream()
            stream.wait_stream(torch.cuda.current_stream())
            with torch.cuda.stream(stream):
                reports = self._update(step)
            torch.cuda.current_stream().wait_stream(stream)
            return reports
        for optimiser in step.optimisers.values():
            optimiser.zero_grad(set_to_none=True)
        torch.cuda.synchronize()
        graph = torch.cuda.CUDAGraph()
        with torch.cuda.graph(graph):
            self.reports = self._update(step)
        self.graph = graph
        self.graph.replay()  # capturing computes nothing
        return self.reports

    def _drawn(self, step: Step) -> list[Tensor]:
        """The noise, then with a discriminator the prior's codes."""
        count = max(step.training.codes, step.training.networks)
        drawn = [self.posterior.noise(count, step.generator)]
        if self.posterior.discriminator is not None:
            drawn.append(self.posterior.prior(count, step.generator))
        return drawn

    def _hold(self, tensors: list[Tensor]) -> None:
        """Copy a step's tensors to where the graph reads them."""
        if not self.held:
            self.held = [tensor.clone() for tensor in tensors]
        for held, tensor in zip(self.held, tensors, strict=True):
            held.copy_(tensor)

    def _update(self, step: Step) -> dict[str, Tensor]:
        inputs, targets, *drawn = self.held
        self.posterior.drawn = drawn.copy()
        return self.posterior.update(replace(step, inputs=inputs, targets=targets))
