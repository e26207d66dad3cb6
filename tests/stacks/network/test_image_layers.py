"""The images that nodes pull: their registries, and the S3 endpoint policy for their layers."""

from collections.abc import Iterator
from typing import Any

import pytest
from ministack.core.iam_evaluator import (  # type: ignore[import-untyped]
    EvalContext,
    evaluate_resource_policy,
)

from settings.model import StageSettings
from settings.registries import Registry, find_registry, layer_bucket
from settings.versions import ADD_ON_REGISTRY, ADD_ONS, CHARTS, CLOUDWATCH_AGENT
from tests.k8s.objects import containers
from tests.stacks.cluster.resources import add_ons, helm_releases, helm_values, nested_mappings
from tests.synthesis import SynthesizedStage, synthesize

REGISTRY_ACCOUNT = "222222222222"
DOCKER_HUB = Registry("docker.io", "docker-images-prod", "redirects of Docker Hub to S3")


def images(stage: SynthesizedStage) -> Iterator[str]:
    """Yield the images of the manifests, the charts and the add-ons of a stage."""
    yield from (container["image"] for container in containers(stage))
    for name in helm_releases(stage):
        yield from CHARTS[name].images
    for name in add_ons(stage):
        yield f"{ADD_ON_REGISTRY}/eks/{name}"
    if stage.settings.cluster.application_metrics:
        yield CLOUDWATCH_AGENT


def can_read(stage: SynthesizedStage, bucket: str) -> bool:
    """Return whether the S3 endpoint lets a node read an object of a bucket of another account.

    The evaluator takes the principal's account for aws:ResourceAccount, since the ARN of a bucket
    names none. The policy allows every principal.
    """
    policy = stage.only("network", "AWS::EC2::VPCEndpoint")["PolicyDocument"]
    request = EvalContext(
        principal_arn=f"arn:aws:sts::{REGISTRY_ACCOUNT}:assumed-role/node/i-0",
        principal_type="AssumedRole",
        principal_account=REGISTRY_ACCOUNT,
        action="s3:GetObject",
        resource_arn=f"arn:aws:s3:::{bucket}/layer",
        region=stage.settings.region,
    )
    return bool(evaluate_resource_policy(policy, request).decision == "Allow")


def in_region(settings: StageSettings, region: str) -> SynthesizedStage:
    zones = tuple(f"{region}{zone}" for zone in "abc")
    return synthesize(settings.model_copy(update={"region": region, "availability_zones": zones}))


def test_every_image_is_of_a_registry_that_says_where_its_layers_are(
    stage: SynthesizedStage,
) -> None:
    found = list(images(stage))
    assert len(found) > 10
    assert [image for image in found if find_registry(image) is None] == []


def test_the_s3_endpoint_lets_nodes_read_the_layers_of_every_image(
    stage: SynthesizedStage,
) -> None:
    for image in images(stage):
        registry = find_registry(image)
        assert registry is not None
        bucket = layer_bucket(registry, stage.settings.region)
        assert bucket is None or can_read(stage, bucket), f"{image}: {bucket}"


def test_layers_of_docker_hub_are_behind_the_s3_endpoint(staging: SynthesizedStage) -> None:
    """Clients on AWS are redirected to a bucket that the policy does not name."""
    bucket = layer_bucket(DOCKER_HUB, staging.settings.region)
    assert bucket is not None
    assert not can_read(staging, bucket)


@pytest.mark.parametrize("region", ["eu-west-2"])
def test_nodes_of_another_region_read_the_layers_of_that_region(
    staging: SynthesizedStage, region: str
) -> None:
    stage = in_region(staging.settings, region)
    autoscaler = find_registry(CHARTS["cluster-autoscaler"].images[0])
    assert autoscaler is not None
    bucket = layer_bucket(autoscaler, region)
    assert bucket is not None and can_read(stage, bucket)


def test_no_value_of_a_chart_selects_another_image_than_the_table(
    stage: SynthesizedStage,
) -> None:
    """The images of the table are the defaults of the charts."""
    for name in helm_releases(stage):
        for mapping in nested_mappings(helm_values(stage, name)):
            image: Any = mapping.get("image")
            assert image is None or set(image) == {"tag"}
            assert "repository" not in mapping and "imageRegistry" not in mapping


def test_every_add_on_of_the_settings_is_of_eks() -> None:
    """EKS has the images of its add-ons in Amazon ECR of each Region."""
    assert find_registry(f"{ADD_ON_REGISTRY}/eks/vpc-cni") is not None
    assert all(ADD_ONS.values())
