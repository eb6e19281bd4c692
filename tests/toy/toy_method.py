"""A method from outside the package: one trained network, whose draws differ by noise."""

import torch
from torch import nn

from hypergan import Posterior, Training
from hypergan.data.datasets import DATASETS
from hypergan.evaluation.protocol import Evaluation
from hypergan.experiments.method import Method
from hypergan.experiments.settings import Settings
from hypergan.forward import forward_networks
from hypergan.layers import copy_of, layers_of


class Jittered(Posterior):
    """Every draw adds noise of one standard deviation to all weights."""

    def __init__(self, target, std=0.01, *, generator=None):
        super().__init__()
        self.target = copy_of(target)
        self.std = std
        names = [name for layer in layers_of(self.target) for name in layer.shapes]
        self._names = names
        self._weights = nn.ParameterList(self.target.get_parameter(name) for name in names)

    def optimisers(self, training):
        groups = [{"params": list(self._weights), "lr": training.learning_rate}]
        return {"weights": training.adam(groups)}

    def update(self, step):
        inputs, targets = step.split(1)
        weights = {n: w.unsqueeze(0) for n, w in zip(self._names, self._weights, strict=True)}
        outputs = forward_networks(self.target, weights, inputs, shared=step.training.share_images)
        loss = step.loss(outputs, targets).mean()
        step.descend("weights", loss)
        return step.report(loss, outputs, targets)

    @torch.no_grad()
    def sample(self, n, generator=None):
        self._check_count(n)
        return {
            name: weight + self.std * torch.randn(n, *weight.shape, generator=generator)
            for name, weight in zip(self._names, self._weights, strict=True)
        }


SETTINGS = Settings(
    training=Training(batch_size=20, networks=1, learning_rate=1e-2),
    evaluation=Evaluation(networks=20, sizes=(1, 10, 20)),
)

METHOD = Method("jittered", Jittered, {"lite": dict.fromkeys(DATASETS, SETTINGS)}, compared=(20,))
