"""Writes the Kubernetes objects of a stage as YAML files."""
