"""The `charts` command, which writes the Kubernetes objects of a stage as YAML files."""
