"""The Kubernetes objects of the application, as functions of the settings (cdk8s)."""
