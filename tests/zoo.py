"""Small networks of many kinds, each with a batch of inputs that it takes."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor, nn
from torch.nn.utils.parametrizations import weight_norm

from hypergan.targets import cifar_target, mnist_target


class Lambda(nn.Module):
    """A module from a function of itself and its inputs, and the modules that it owns."""

    def __init__(self, function: Callable[..., Any], **owned: nn.Module) -> None:
        super().__init__()
        self.function = function
        for name, module in owned.items():
            self.add_module(name, module)

    def forward(self, inputs: Tensor) -> Tensor:
        return self.function(self, inputs)


class Recurrent(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.lstm = nn.LSTM(4, 6, num_layers=2, bidirectional=True, batch_first=True)
        self.output = nn.Linear(12, 3)

    def forward(self, inputs: Tensor) -> Tensor:
        return self.output(self.lstm(inputs)[0][:, -1])


class Attention(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.attention = nn.MultiheadAttention(8, 2, dropout=0.1, batch_first=True)
        self.output = nn.Linear(8, 3)

    def forward(self, inputs: Tensor) -> Tensor:
        return self.output(self.attention(inputs, inputs, inputs, need_weights=False)[0].mean(1))


class Transformer(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.encoder = nn.TransformerEncoderLayer(8, 2, 16, dropout=0.1, batch_first=True)
        self.output = nn.Linear(8, 3)

    def forward(self, inputs: Tensor) -> Tensor:
        return self.output(self.encoder(inputs).mean(1))


class Polynomial(nn.Module):
    """Parameters without layers: at the root, in a list, one of them a number."""

    def __init__(self) -> None:
        super().__init__()
        self.shift = nn.Parameter(torch.randn(4))
        self.temperature = nn.Parameter(torch.tensor(0.7))
        self.matrices = nn.ParameterList(torch.randn(4, 3) for _ in range(2))

    def forward(self, inputs: Tensor) -> Tensor:
        linear, quadratic = self.matrices
        inputs = inputs + self.shift
        return (inputs @ linear + inputs.square() @ quadratic) * self.temperature


class Around(nn.Module):
    """Bare parameters at the root and inside, around a layer."""

    def __init__(self) -> None:
        super().__init__()
        self.scale = nn.Parameter(torch.randn(3))
        self.inner = Polynomial()
        self.output = nn.Linear(3, 3)

    def forward(self, inputs: Tensor) -> Tensor:
        return self.output(self.inner(inputs)) * self.scale


class LanguageModel(nn.Module):
    """Logits of the next token; embedding and output are one matrix."""

    def __init__(self) -> None:
        super().__init__()
        self.embedding = nn.Embedding(11, 6)
        self.hidden = nn.Linear(6, 6)
        self.output = nn.Linear(6, 11)
        self.output.weight = self.embedding.weight

    def forward(self, tokens: Tensor) -> Tensor:
        return self.output(torch.tanh(self.hidden(self.embedding(tokens)).mean(1)))


class Twice(nn.Module):
    """One layer used twice, under two names."""

    def __init__(self) -> None:
        super().__init__()
        self.first = nn.Linear(4, 4)
        self.second = self.first
        self.output = nn.Linear(4, 3)

    def forward(self, inputs: Tensor) -> Tensor:
        return self.output(torch.relu(self.second(torch.relu(self.first(inputs)))))


class Buffered(nn.Module):
    """Buffers that the outputs depend on."""

    def __init__(self) -> None:
        super().__init__()
        self.output = nn.Linear(4, 3)
        self.register_buffer("mean", torch.randn(4))
        self.register_buffer("filter", torch.randn(3))

    def forward(self, inputs: Tensor) -> Tensor:
        return torch.fft.irfft(torch.fft.rfft(inputs - self.mean) * self.filter, n=4) @ (
            self.output.weight.T
        )


class Branching(nn.Module):
    """Dense layers whose path depends on the values inside."""

    def __init__(self) -> None:
        super().__init__()
        self.hidden = nn.Linear(4, 4)
        self.output = nn.Linear(4, 3)

    def forward(self, inputs: Tensor) -> Tensor:
        hidden = self.hidden(inputs)
        if hidden.sum() > 0:
            hidden = hidden.relu()
        return self.output(hidden)


class Accumulating(nn.Module):
    """Dense layers whose outputs are added up in place."""

    def __init__(self) -> None:
        super().__init__()
        self.parts = nn.ModuleList(nn.Linear(4, 3) for _ in range(2))

    def forward(self, inputs: Tensor) -> Tensor:
        total = inputs.new_zeros(len(inputs), 3)
        for part in self.parts:
            total += part(inputs)
        return total


def dense() -> nn.Sequential:
    return nn.Sequential(nn.Linear(4, 6), nn.ReLU(), nn.Dropout(0.5), nn.Linear(6, 3))


def frozen() -> nn.Sequential:
    network = dense()
    network[0].requires_grad_(False)
    network[3].bias.requires_grad_(False)
    return network


def normalising() -> nn.Sequential:
    return nn.Sequential(
        nn.Conv2d(2, 4, 3),
        nn.GroupNorm(2, 4),
        nn.InstanceNorm2d(4),
        nn.ReLU(inplace=True),
        nn.Flatten(),
        nn.LayerNorm(36),
        nn.Linear(36, 3),
    )


def weight_normed() -> nn.Sequential:
    return nn.Sequential(weight_norm(nn.Linear(4, 6)), nn.Tanh(), weight_norm(nn.Linear(6, 3)))


@dataclass(frozen=True)
class Kind:
    """How to build a network, and the shape of the inputs it takes."""

    build: Callable[[], nn.Module]
    inputs: tuple[int, ...] = (5, 4)

    def network(self) -> nn.Module:
        with torch.random.fork_rng():
            torch.manual_seed(0)
            return self.build()

    def batch(self, seed: int = 0) -> Tensor:
        generator = torch.Generator().manual_seed(seed)
        if self.build is LanguageModel:
            return torch.randint(11, self.inputs, generator=generator)
        like = next(self.network().parameters())
        return torch.randn(self.inputs, generator=generator, dtype=like.dtype)


ZOO = {
    "dense": Kind(dense),
    "double": Kind(lambda: dense().double()),
    "mnist": Kind(mnist_target, (3, 1, 28, 28)),
    "cifar": Kind(cifar_target, (3, 3, 32, 32)),
    "recurrent": Kind(Recurrent, (5, 7, 4)),
    "attention": Kind(Attention, (5, 7, 8)),
    "transformer": Kind(Transformer, (5, 7, 8)),
    "polynomial": Kind(Polynomial),
    "around": Kind(Around),
    "language": Kind(LanguageModel, (5, 7)),
    "twice": Kind(Twice),
    "buffered": Kind(Buffered),
    "branching": Kind(Branching),
    "accumulating": Kind(Accumulating),
    "frozen": Kind(frozen),
    "normalising": Kind(normalising, (5, 2, 5, 5)),
    "weight_normed": Kind(weight_normed),
}
