"""Bots with effects that are killed at every await and at every request."""
