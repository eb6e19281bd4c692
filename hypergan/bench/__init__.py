"""Speed and memory, measured against what people would write instead."""

from hypergan.extras import need

need("matplotlib", "pandas", extra="experiments")
