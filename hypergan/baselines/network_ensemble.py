"""Deep ensembles: networks trained side by side from random starts.

Shapes: N networks, B inputs.
"""

import copy
from typing import Literal

import torch
from torch import Tensor, nn
from torch.nn.modules.conv import _ConvNd
from torch.nn.utils import parametrize
from torch.nn.utils.parametrize import ParametrizationList

from hypergan.errors import SettingsError, TargetError
from hypergan.forward import Weights, forward_networks
from hypergan.kinds import checked
from hypergan.layers import copy_of, layers_of
from hypergan.memory import require_memory
from hypergan.posterior import Posterior
from hypergan.randomness import global_seed, some_of
from hypergan.step import Step
from hypergan.training import Training

Initialisation = Literal["default", "normal"]


class NetworkEnsemble(Posterior):
    """Networks of one architecture, each trained from its own random start (section 4.1).

    The members split a mini-batch as HyperGAN's networks do: in an epoch each of N members sees one
    image in N, so they need N times the epochs of a single network for as much training. With
    ``Training.share_images`` each sees every image. A member becomes what it would have become
    alone, unless ``Training.max_gradient`` clips their joint gradient.

    >>> from hypergan import fit
    >>> members = NetworkEnsemble(nn.Linear(2, 3), members=5)
    >>> data, training = (torch.randn(50, 2), torch.arange(50) % 3), Training(epochs=1, networks=5)
    >>> history = fit(members, data, training, progress=False)
    >>> members.ensemble(5)(torch.ones(4, 2)).shape
    torch.Size([5, 4, 3])

    Args:
        target: Any module whose layers have ``reset_parameters``, like PyTorch's. It is copied; its
            frozen parameters and buffers keep their values in every member.
        members: Number of networks, 2 or more; ``Training.networks`` must be the same.
        initialisation: "default" is PyTorch's own; "normal" draws the weights of convolutions from
            N(0, 1), as the authors' code does for the standard training of Table 1: its norms of
            27.05 and 160.51 are near the sqrt(800) and sqrt(25600) of this start.
        generator: Source of the starts; by default PyTorch's global one.

    Raises:
        TargetError: If a layer cannot be reinitialised, or the target cannot be copied.
        SettingsError: If there are fewer than 2 members, or the initialisation is unknown.
    """

    size: int

    @checked
    def __init__(
        self,
        target: nn.Module,
        members: int = 10,
        *,
        initialisation: Initialisation = "default",
        generator: torch.Generator | None = None,
    ) -> None:
        super().__init__()
        if members < 2:
            raise SettingsError(f"members is {members}; an ensemble needs 2 or more")
        self.size = members
        weights = sum(layer.size for layer in layers_of(target))
        require_memory(
            4 * members * weights,
            torch.device("cpu"),
            f"an ensemble of {members} networks of {weights:,} weights",
            "use fewer members, or freeze a part of the target (requires_grad=False)",
        )
        self.target = copy_of(target)
        with global_seed(generator):
            starts = [random_start(self.target, initialisation) for _ in range(members)]
        self._names = list(starts[0])
        self._stacked = nn.ParameterList(
            torch.stack([start[name] for start in starts]) for name in self._names
        )

    @property
    def weights(self) -> Weights:
        """The trained parameters of all members, each ``(N, *shape)``."""
        return dict(zip(self._names, self._stacked, strict=True))

    @torch.no_grad()
    def sample(self, n: int, generator: torch.Generator | None = None) -> Weights:
        """Weights of ``n`` different members, each ``(n, *shape)``; all of them come in order.

        Raises:
            SettingsError: If ``n`` is below 1 or above the number of members.
        """
        self._check_count(n, more="train with more members")
        device = self._stacked[0].device
        chosen = (
            torch.arange(n, device=device)
            if n == self.size
            else some_of(self.size, n, generator=generator, device=device)
        )
        return {name: stack[chosen] for name, stack in self.weights.items()}

    def optimisers(self, training: Training) -> dict[str, torch.optim.Optimizer]:
        """Adam over all members; it treats each weight independently.

        Raises:
            SettingsError: If ``training.networks`` is not the number of members.
        """
        if training.networks != self.size:
            raise SettingsError(
                f"a step has {training.networks} networks, the ensemble {self.size} members; "
                f"set Training(networks={self.size})"
            )
        groups = [{"params": list(self._stacked), "lr": training.learning_rate}]
        return {"members": training.adam(groups)}

    def update(self, step: Step) -> dict[str, Tensor]:
        """Take a step of every member on its own loss; the mean is reported."""
        inputs, targets = step.split(self.size)
        with step.products():
            outputs = forward_networks(
                self.target, self.weights, inputs, shared=step.training.share_images
            )
        losses = step.loss(outputs, targets)
        step.descend("members", losses.sum())  # a member's gradient is its own
        return step.report(losses.mean(), outputs, targets)


def random_start(target: nn.Module, initialisation: Initialisation) -> dict[str, Tensor]:
    """Freshly drawn parameters of one network, by name, from PyTorch's global generator.

    Args:
        target: The architecture; it is left unchanged.
        initialisation: "default" for PyTorch's, "normal" for N(0, 1).

    Raises:
        TargetError: If a module has trainable parameters of its own, but no ``reset_parameters``.
    """
    network = copy_of(target)
    # In reverse, so that tied parameters are drawn last by their first owner.
    for name, module in reversed(list(network.named_modules())):
        if isinstance(module, ParametrizationList):  # which its owner's draw sets
            continue
        changed = getattr(module, "parametrizations", {})
        own = [*module.parameters(recurse=False)]
        own += [parameter for weight in changed for parameter in changed[weight].parameters()]
        if not any(parameter.requires_grad for parameter in own):
            continue
        plain = _without_parametrisations(module) if changed else module
        # In nn.MultiheadAttention it is private.
        reset = getattr(plain, "reset_parameters", getattr(plain, "_reset_parameters", None))
        if reset is None:
            raise TargetError(
                f"{name or 'the target'!r} ({type(module).__name__}) has parameters but no "
                "reset_parameters() to draw a new start with; put them into a module of your own "
                "that has one"
            )
        reset()
        if changed:
            _set(module, plain)
        if initialisation == "normal" and isinstance(module, _ConvNd):
            nn.init.normal_(module.weight)
    parameters = dict(network.named_parameters())
    names = (name for layer in layers_of(network) for name in layer.shapes)
    return {name: parameters[name].detach() for name in names}


def _without_parametrisations(module: nn.Module) -> nn.Module:
    """A copy whose weights are parameters.

    PyTorch's own removal would change the original, too, as both have the same class.
    """
    plain = copy.deepcopy(module)
    plain.__class__ = parametrize.type_before_parametrizations(module)
    for name in plain._modules.pop("parametrizations"):  # type: ignore[union-attr]
        plain.register_parameter(name, nn.Parameter(getattr(module, name).detach().clone()))
    return plain


def _set(module: nn.Module, plain: nn.Module) -> None:
    """Give a module with parametrisations, such as weight_norm, the weights of a plain one.

    Raises:
        TargetError: If a parametrisation has no inverse, or keeps part of a weight in a buffer,
            which all members would share.
    """
    parametrisations = module.get_submodule("parametrizations")
    if next(parametrisations.buffers(), None) is not None:
        raise TargetError(
            f"{type(module).__name__} keeps part of a weight in a buffer, which all members would "
            "share; use a parametrisation without buffers, such as weight_norm"
        )
    try:
        with torch.no_grad():
            for name, parameter in plain.named_parameters(recurse=False):
                if name in module._parameters:
                    getattr(module, name).copy_(parameter)
                else:
                    setattr(module, name, parameter.detach())
    except (NotImplementedError, RuntimeError, ValueError) as error:
        raise TargetError(
            f"{type(module).__name__} cannot be given new weights ({error}); give its "
            "parametrisations a right_inverse"
        ) from error
