"""The network stack."""
