"""HyperGAN: a generative model for diverse, performant neural networks."""

from importlib import import_module
from typing import TYPE_CHECKING, Any

from hypergan.errors import HyperGANError

if TYPE_CHECKING:
    from hypergan.ensemble import Ensemble
    from hypergan.fitting import fit
    from hypergan.model import HyperGAN
    from hypergan.posterior import Posterior as Posterior
    from hypergan.training import Training

__all__ = ["Ensemble", "HyperGAN", "HyperGANError", "Training", "fit"]
__version__ = "0.1.0"

_HOMES = {
    "Ensemble": "ensemble",
    "HyperGAN": "model",
    "Posterior": "posterior",  # for those who write a method
    "Training": "training",
    "fit": "fitting",
}


def __getattr__(name: str) -> Any:
    """Import a public name on first use: importing PyTorch takes seconds."""
    if name not in _HOMES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(import_module(f"{__name__}.{_HOMES[name]}"), name)


def __dir__() -> list[str]:
    """The public names, imported or not."""
    return __all__
