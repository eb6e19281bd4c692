"""Measuring what was learnt, the same for every method."""
