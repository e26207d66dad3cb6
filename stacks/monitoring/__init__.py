"""The monitoring stack and its parts."""
