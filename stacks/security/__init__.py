"""The security stack."""
