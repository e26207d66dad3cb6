"""The registries of images, and the buckets of their layers."""

import pytest

from settings.regions import REGIONS
from settings.registries import find_registry, image_registry, layer_bucket, layer_buckets

AUTOSCALER = "registry.k8s.io/autoscaling/cluster-autoscaler:v1.35.2"


@pytest.mark.parametrize(
    "image, registry",
    [
        ("postgres:15", "docker.io"),
        ("library/postgres:15", "docker.io"),
        ("localhost/postgres:15", "localhost"),
        ("registry.example.com:5000/postgres:15", "registry.example.com:5000"),
        ("public.ecr.aws/docker/library/postgres:15", "public.ecr.aws"),
    ],
)
def test_an_image_without_registry_is_of_docker_hub(image: str, registry: str) -> None:
    assert image_registry(image) == registry


@pytest.mark.parametrize(
    "image",
    ["postgres:15", "ghcr.io.example.com/a:1", "example.com/ghcr.io/a:1", "ghcrxio/a:1"],
)
def test_a_registry_is_known_by_its_whole_host_name(image: str) -> None:
    assert find_registry(image) is None


def test_the_bucket_of_registry_k8s_io_in_london_has_a_name_of_its_own() -> None:
    registry = find_registry(AUTOSCALER)
    assert registry is not None
    assert layer_bucket(registry, "us-east-1") == "prod-registry-k8s-io-us-east-1"
    assert layer_bucket(registry, "eu-west-2") == (
        "767373bbdcb8270361b96548387bf2a9ad0d48758c35-eu-west-2"
    )


@pytest.mark.parametrize("region", REGIONS)
def test_every_bucket_of_layers_is_of_the_region_of_the_nodes(region: str) -> None:
    """A gateway endpoint reaches only the S3 of its own Region."""
    assert layer_buckets(region)
    assert all(region in bucket for bucket in layer_buckets(region))
