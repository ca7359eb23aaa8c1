"""Benchmarks, run on demand: ratios of two ways measured in turn in one run, never seconds alone."""
