"""The workloads stack."""
