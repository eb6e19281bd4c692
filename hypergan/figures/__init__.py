"""Figures and tables: views over records, beside the paper's values. A file a subject."""
