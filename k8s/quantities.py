"""Quantities of processors and memory, in the types of the generated Kubernetes classes."""

from cdk8s_plus_28 import k8s

from settings.services import ResourceSettings


def quantities(**amounts: str) -> dict[str, k8s.Quantity]:
    """Return the quantities by resource, such as cpu="50m"."""
    return {name: k8s.Quantity.from_string(amount) for name, amount in amounts.items()}


def resource_requirements(resources: ResourceSettings) -> k8s.ResourceRequirements:
    """Return the requests and limits of a container."""
    return k8s.ResourceRequirements(
        requests=quantities(
            cpu=f"{resources.cpu_request_millicores}m", memory=f"{resources.memory_request_mib}Mi"
        ),
        limits=quantities(
            cpu=f"{resources.cpu_limit_millicores}m", memory=f"{resources.memory_limit_mib}Mi"
        ),
    )
