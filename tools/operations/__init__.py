"""The commands `preflight` and `set-secret`, which use the caller's AWS credentials."""
