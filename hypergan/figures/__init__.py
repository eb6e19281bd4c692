"""Figures and tables: views over records, beside the paper's values. A file a subject."""

from hypergan.extras import need

need("matplotlib", "pandas", "scipy", "seaborn", extra="experiments")
