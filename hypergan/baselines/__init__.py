"""The methods that the paper compares with."""

from hypergan.baselines.apd import APD
from hypergan.baselines.gold_standard import GoldStandard
from hypergan.baselines.mc_dropout import MCDropout
from hypergan.baselines.mnf import MNF
from hypergan.baselines.network_ensemble import NetworkEnsemble
from hypergan.baselines.sgld import SGLD

__all__ = ["APD", "MNF", "SGLD", "GoldStandard", "MCDropout", "NetworkEnsemble"]
