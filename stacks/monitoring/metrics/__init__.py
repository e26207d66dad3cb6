"""Metrics and queries that are computed from logs."""
