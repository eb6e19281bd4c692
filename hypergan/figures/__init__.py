"""Figures and tables: views over records, beside the paper's values. One file per subject."""

from hypergan.extras import need

need("matplotlib", "pandas", "scipy", "seaborn", extra="experiments")
