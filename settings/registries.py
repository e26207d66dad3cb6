"""The container registries that nodes pull images from, and where each keeps the layers.

The nodes reach S3 of their Region through a gateway endpoint, whose policy names the buckets that
may be read. A registry that keeps its layers in another bucket answers pulls with 403. Layers
outside S3, or in S3 of another Region, are reached through the NAT gateways.
"""

import re
from typing import NamedTuple


class Registry(NamedTuple):
    """A registry, and the bucket that serves its layers to clients in a Region of AWS."""

    host: str
    """A regular expression of the registry's host name."""
    layer_bucket: str | None
    """The bucket, where `{region}` stands for the Region of the client. None if the layers are
    not in S3."""
    source: str
    """The document or the upstream file that says so."""
    buckets_of_regions: tuple[tuple[str, str], ...] = ()
    """The Regions whose bucket does not follow the pattern, each with its bucket."""


REGISTRIES = (
    Registry(
        r"\d{12}\.dkr\.ecr\.[a-z0-9-]+\.amazonaws\.com",
        "prod-{region}-starport-layer-bucket",
        '"Amazon ECR interface VPC endpoints", Amazon ECR User Guide',
    ),
    Registry(
        r"public\.ecr\.aws",
        None,
        'd5l0dvt14r5h8.cloudfront.net: "Network access", EKS Anywhere documentation',
    ),
    Registry(
        r"registry\.k8s\.io",
        "prod-registry-k8s-io-{region}",
        "kubernetes/registry.k8s.io, cmd/archeio/internal/app/buckets.go at 012f74b",
        (("eu-west-2", "767373bbdcb8270361b96548387bf2a9ad0d48758c35-eu-west-2"),),
    ),
    Registry(
        r"ghcr\.io",
        None,
        "pkg-containers.githubusercontent.com: Trivy documentation, firewall requirements",
    ),
)


def image_registry(image: str) -> str:
    """Return the host name of an image's registry. It is docker.io if the image names none."""
    host, separator, _ = image.partition("/")
    return host if separator and re.search(r"[.:]|^localhost$", host) else "docker.io"


def find_registry(image: str) -> Registry | None:
    """Return the registry of an image, or None if the table does not have it."""
    host = image_registry(image)
    return next((item for item in REGISTRIES if re.fullmatch(item.host, host)), None)


def layer_bucket(registry: Registry, region: str) -> str | None:
    """Return the bucket with the layers for clients in a Region, or None if they are not in S3."""
    bucket = dict(registry.buckets_of_regions).get(region, registry.layer_bucket)
    return bucket.format(region=region) if bucket else None


def layer_buckets(region: str) -> list[str]:
    """Return the buckets that nodes in a Region read image layers from."""
    buckets = (layer_bucket(registry, region) for registry in REGISTRIES)
    return [bucket for bucket in buckets if bucket is not None]
