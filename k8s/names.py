"""Names and labels of the Kubernetes objects, in one place."""

from typing import Literal

NAMESPACE = "spywatcher"
PART_OF = "spywatcher"

Track = Literal["blue", "green"]
"""One of the two that a blue-green or canary release moves traffic between. Blue is the only one
of a rolling update."""


def object_name(component: str, track: Track = "blue") -> str:
    """Return what `kubectl` calls a component's objects, such as spywatcher-backend.

    Blue keeps the bare name, which the operators' commands use.
    """
    return f"{PART_OF}-{component}" if track == "blue" else f"{PART_OF}-{component}-{track}"


def selector_labels(component: str, track: Track = "blue") -> dict[str, str]:
    """Return the labels that tell these pods from others. A Deployment cannot change them."""
    return {
        "app.kubernetes.io/name": object_name(component),
        "app.kubernetes.io/instance": object_name(component, track),
        "app.kubernetes.io/component": component,
    }


def component_labels(component: str) -> dict[str, str]:
    """Return the labels that tell a component's pods from others, on whichever track."""
    return {"app.kubernetes.io/component": component}


def labels(component: str, track: Track = "blue") -> dict[str, str]:
    """Return the labels of every object of a component (Kubernetes' recommended set)."""
    return {**selector_labels(component, track), **shared_labels()}


def shared_labels() -> dict[str, str]:
    """Return the labels of an object that belongs to no single component."""
    return {"app.kubernetes.io/part-of": PART_OF, "app.kubernetes.io/managed-by": "cdk"}
