"""The data sets: their sources, readers and stand-ins."""

from hypergan.extras import need

need("matplotlib", "PIL", "sklearn", "torchvision", extra="experiments")
