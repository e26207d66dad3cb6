"""The cluster stack."""
