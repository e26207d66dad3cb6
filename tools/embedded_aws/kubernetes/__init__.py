"""Stands in for a cluster's API server where no Docker engine can run a real one.

Manifests are checked by the schemas of the cluster's Kubernetes version and kept as objects; what
kubectl would refuse is refused, but no controller acts on them.
"""
