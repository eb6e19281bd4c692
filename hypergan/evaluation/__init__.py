"""Evaluation of trained posteriors, the same for every method."""
