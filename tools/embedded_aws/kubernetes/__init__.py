"""A simulated Kubernetes API server, for machines without a Docker engine.

It checks manifests against the schemas of the cluster's Kubernetes version and stores their
objects. It refuses what a real API server refuses to kubectl, but no controller acts on the
objects.
"""
