"""Normalising flows over vectors: masked RealNVP, as MNF uses it.

Shapes: N vectors, D numbers in each.
"""

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from hypergan.randomness import normal


class Coupling(nn.Module):
    r"""One step of masked RealNVP with a gated update (Louizos and Welling, 2017).

    The kept numbers :math:`m \odot z` determine how far the others move towards a shift t,
    :math:`z \to m \odot z + (1 - m) \odot (g \odot z + (1 - g) \odot t)`, with a gate
    g in (0, 1) as in inverse autoregressive flows. Its bias of 2 starts the step near the identity.
    """

    def __init__(self, dim: int, hidden: int) -> None:
        super().__init__()
        self.features = nn.Linear(dim, hidden)
        self.gate = nn.Linear(hidden, dim)
        self.shift = nn.Linear(hidden, dim)
        nn.init.constant_(self.gate.bias, 2.0)

    def forward(self, vectors: Tensor, kept: Tensor) -> tuple[Tensor, Tensor]:
        """Vectors (N, D) and the mask m (N, D) to the moved vectors and log|det J| (N,)."""
        features = torch.tanh(self.features(vectors * kept))
        log_gate = F.logsigmoid(self.gate(features)) * ~kept  # what is kept has a gate of 1
        moved = torch.lerp(self.shift(features), vectors, log_gate.exp())
        return moved, log_gate.sum(1)


class Flow(nn.Module):
    """A chain of :class:`Coupling` steps; without steps, the identity.

    Each step draws a new mask for each vector, which keeps every number with probability 1/2, so
    the flow is a mixture over masks. Log densities given the masks still bound those of the mixture
    in the direction needed.

    Args:
        dim: Length D of a vector.
        steps: Number of steps.
        hidden: Hidden units per step.
    """

    def __init__(self, dim: int, steps: int, hidden: int) -> None:
        super().__init__()
        self.steps = nn.ModuleList(Coupling(dim, hidden) for _ in range(steps))

    def forward(
        self, vectors: Tensor, generator: torch.Generator | None = None
    ) -> tuple[Tensor, Tensor]:
        """Vectors (N, D) to the moved vectors (N, D) and log|det J| of the whole chain (N,)."""
        log_det = vectors.new_zeros(len(vectors))
        for step in self.steps:
            kept = normal(*vectors.shape, generator=generator, device=vectors.device) > 0
            vectors, step_log_det = step(vectors, kept)
            log_det = log_det + step_log_det
        return vectors, log_det
