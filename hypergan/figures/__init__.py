"""Figures and tables: views over records, beside the paper's values. A file a subject."""

from hypergan.figures.accuracy import (
    accuracy_by_size,
    accuracy_table,
    below_the_paper,
    papers_margins,
    quality_table,
)
from hypergan.figures.cubic import (
    predictive,
    predictive_quality,
    predictive_std,
    regression,
    regression_comparison,
)
from hypergan.figures.diversity import (
    functions_table,
    normal_start_table,
    norms,
    norms_by_method,
    norms_table,
    spread_table,
)
from hypergan.figures.run import course, search_table
from hypergan.figures.style import provenance, use_style

__all__ = [
    "accuracy_by_size",
    "accuracy_table",
    "below_the_paper",
    "course",
    "functions_table",
    "normal_start_table",
    "norms",
    "norms_by_method",
    "norms_table",
    "papers_margins",
    "predictive",
    "predictive_quality",
    "predictive_std",
    "provenance",
    "quality_table",
    "regression",
    "regression_comparison",
    "search_table",
    "spread_table",
    "use_style",
]
