"""The Kubernetes objects of the product, as functions of the settings (cdk8s)."""
