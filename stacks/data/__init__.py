"""The data stack."""
