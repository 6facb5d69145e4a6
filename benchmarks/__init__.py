"""Reproducible measurements, each with its results beside it."""
