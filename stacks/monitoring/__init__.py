"""The monitoring stack."""
