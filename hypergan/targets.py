"""The target networks of the paper (sections 4.1 and 4.3)."""

from collections import OrderedDict
from collections.abc import Callable
from functools import partial

from torch import nn


def regression_target(hidden: int = 100) -> nn.Sequential:
    """One hidden layer of ReLU units, (B, 1) to (B, 1) (section 4.3)."""
    return nn.Sequential(
        OrderedDict(
            hidden=nn.Linear(1, hidden),
            activation=nn.ReLU(),
            output=nn.Linear(hidden, 1),
        )
    )


def mnist_target(classes: int = 10, bias: bool = True) -> nn.Sequential:
    """Two convolutions with pooling and one dense layer, (B, 1, 28, 28) to logits (B, C).

    31,594 weights for 10 classes (section 4.1: "a small two layer convolutional network followed
    by 1 fully-connected layer"); 31,520 without biases, as in the authors' code from before the
    paper.

    >>> sum(weights.numel() for weights in mnist_target().parameters())
    31594
    """
    return nn.Sequential(
        OrderedDict(
            **_convolution("1", 1, 32, kernel=5, bias=bias),
            **_convolution("2", 32, 32, kernel=5, bias=bias),
            flatten=nn.Flatten(),
            linear=nn.Linear(32 * 4 * 4, classes, bias=bias),
        )
    )


def cifar_target_2018(classes: int = 10) -> nn.Sequential:
    """Three convolutions with pooling and two dense layers, (B, 3, 32, 32) to logits (B, C).

    23,088 weights for 10 classes, in five layers without biases (section 4.1): the target in the
    authors' code from before the paper, with which plain networks reach the paper's Table 2.
    """
    return nn.Sequential(
        OrderedDict(
            **_convolution("1", 3, 16, kernel=3, bias=False),
            **_convolution("2", 16, 32, kernel=3, bias=False),
            **_convolution("3", 32, 32, kernel=3, bias=False),
            flatten=nn.Flatten(),
            linear1=nn.Linear(32 * 2 * 2, 64, bias=False),
            activation4=nn.LeakyReLU(),
            linear2=nn.Linear(64, classes, bias=False),
        )
    )


def cifar_target(classes: int = 10) -> nn.Sequential:
    """Three convolutions with pooling and two dense layers, (B, 3, 32, 32) to logits (B, C).

    90,506 weights for 10 classes, in five layers: the target in the authors' code of 2019.
    """
    return nn.Sequential(
        OrderedDict(
            **_convolution("1", 3, 32, kernel=3),
            **_convolution("2", 32, 64, kernel=3),
            **_convolution("3", 64, 64, kernel=3),
            flatten=nn.Flatten(),
            linear1=nn.Linear(64 * 2 * 2, 128),
            activation4=nn.LeakyReLU(),
            linear2=nn.Linear(128, classes),
        )
    )


def _convolution(
    number: str, inputs: int, outputs: int, kernel: int, bias: bool = True
) -> dict[str, nn.Module]:
    """A convolution, leaky ReLU and 2x2 max pooling.

    Max and a monotone function commute; pooling first leaves the activation a quarter of the work.
    """
    return {
        f"conv{number}": nn.Conv2d(inputs, outputs, kernel, bias=bias),
        f"pool{number}": nn.MaxPool2d(2),
        f"activation{number}": nn.LeakyReLU(),
    }


TARGETS: dict[str, Callable[[int], nn.Module]] = {
    "mnist": mnist_target,
    "mnist-2018": partial(mnist_target, bias=False),
    "cifar": cifar_target,
    "cifar-2018": cifar_target_2018,
}
"""Target networks of classifiers by name; each takes the number of classes."""
