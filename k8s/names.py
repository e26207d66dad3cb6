"""Names and labels of the Kubernetes objects, in one place."""

NAMESPACE = "spywatcher"
PART_OF = "spywatcher"


def object_name(service: str) -> str:
    """Return what `kubectl` calls the service's objects, such as spywatcher-backend."""
    return f"{PART_OF}-{service}"


def selector_labels(service: str) -> dict[str, str]:
    """Return the labels that tell a service's pods from others. A Deployment cannot change them."""
    return {"app.kubernetes.io/name": object_name(service), "app.kubernetes.io/component": service}


def labels(service: str) -> dict[str, str]:
    """Return the labels of every object of a service (Kubernetes' recommended set)."""
    return {
        **selector_labels(service),
        "app.kubernetes.io/part-of": PART_OF,
        "app.kubernetes.io/managed-by": "cdk",
    }
