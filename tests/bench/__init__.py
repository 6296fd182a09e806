"""Benchmarks of the whole service, side by side with baresip where it is installed."""
