"""HyperGAN: a generative model for diverse, performant neural networks."""

from hypergan.ensemble import Ensemble
from hypergan.errors import HyperGANError
from hypergan.fitting import fit
from hypergan.model import HyperGAN
from hypergan.training import Training

__all__ = ["Ensemble", "HyperGAN", "HyperGANError", "Training", "fit"]
__version__ = "0.1.0"
