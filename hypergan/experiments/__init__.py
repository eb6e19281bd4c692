"""From a method, a data set and a seed to a record, and from records to what the paper claims."""

from hypergan.extras import need

need("pandas", "scipy", "sklearn", "torchvision", extra="experiments")
