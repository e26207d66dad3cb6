"""The names and labels of the Kubernetes objects."""

from settings.delivery import Track

NAMESPACE = "spywatcher"
PART_OF = "spywatcher"


def object_name(component: str, track: Track = "blue") -> str:
    """Return the name of a component's objects, such as spywatcher-backend.

    The blue track has no suffix: operators' commands name its objects (INFRASTRUCTURE.md).
    """
    return f"{PART_OF}-{component}" if track == "blue" else f"{PART_OF}-{component}-{track}"


def selector_labels(component: str, track: Track = "blue") -> dict[str, str]:
    """Return the labels that select the pods of one track. A Deployment's selector is immutable."""
    return {
        "app.kubernetes.io/name": object_name(component),
        "app.kubernetes.io/instance": object_name(component, track),
        "app.kubernetes.io/component": component,
    }


def component_labels(component: str) -> dict[str, str]:
    """Return the labels that select a component's pods on both tracks."""
    return {"app.kubernetes.io/component": component}


def labels(component: str, track: Track = "blue") -> dict[str, str]:
    """Return the labels of a component's objects: Kubernetes' recommended labels."""
    return {**selector_labels(component, track), **shared_labels()}


def shared_labels() -> dict[str, str]:
    """Return the labels of an object that belongs to no single component."""
    return {"app.kubernetes.io/part-of": PART_OF, "app.kubernetes.io/managed-by": "cdk"}
