"""Starts of a bot in fresh processes. See ``benchmarks/cold_start.py``."""
