"""The delivery stack."""
