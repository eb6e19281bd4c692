"""The data sets: where they come from and what stands in for them."""
