"""The data sets: where they come from and what stands in for them."""

from hypergan.extras import need

need("matplotlib", "PIL", "sklearn", "torchvision", extra="experiments")
