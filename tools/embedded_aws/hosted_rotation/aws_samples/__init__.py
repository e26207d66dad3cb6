"""Unchanged files of aws-samples/aws-secrets-manager-rotation-lambdas."""
