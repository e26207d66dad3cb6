"""The commands that use the caller's AWS credentials, such as `preflight`."""
