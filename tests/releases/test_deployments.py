"""Deployments with the CDK CLI around releases: they keep what a release has set."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
import yaml

from tests.releases.recorder import Recorder
from tests.releases.stage import DELIVERY, WORKLOADS, ReleaseStage
from tests.test_end_to_end import STAGE

pytestmark = pytest.mark.nightly

PROBE_SECRET = "TrafficProbeSecret67BF8F61"  # noqa: S105 - a logical id
"""The guard reports its removal, as that of every secret. Only the probe rule has its value."""
TRAFFIC_RESOURCES = (
    "AWS::ElasticLoadBalancingV2::ListenerRule",
    "AWS::ElasticLoadBalancingV2::TargetGroup",
    "Custom::AWSCDK-EKS-KubernetesPatch",
    "Custom::AWSCDK-EKS-KubernetesResource",
)


@pytest.fixture
def rolling(stage: ReleaseStage) -> Iterator[ReleaseStage]:
    """The stage, whose backend has rolling updates. Afterwards it has two tracks again."""
    if stage.backend().position == "green":
        stage.wait_for_end(stage.start(stage.backend().images["green"], "blue-green"))
    stage.set_delivery(None)
    stage.deploy(PROBE_SECRET)
    yield stage
    stage.set_delivery(DELIVERY)
    stage.deploy()


def test_an_unrelated_deployment_keeps_position_images_and_floor(
    stage: ReleaseStage, recorder: Recorder
) -> None:
    before, new = stage.backend(), stage.new_image()
    with stage.holding_at("Released"):
        release = stage.start(new)
        stage.wait_for(release, "Released")
        kept = stage.parameters()

        _change_frontend(stage)
        stage.deploy()

        assert stage.parameters() == kept
        assert recorder.positions()[-1] == kept["BackendTraffic"]

    assert stage.release("rollback", "backend", STAGE, "--because", "x").exit_code == 3
    assert stage.backend().position == before.position


def test_two_tracks_are_added_and_removed_without_replacing_the_running_one(
    rolling: ReleaseStage,
) -> None:
    stage, before = rolling, _resources(rolling)
    assert not stage.backend().has_two_tracks

    with Recorder(stage) as recorder:
        stage.set_delivery(DELIVERY)
        stage.deploy()
        assert (stage.backend().position, stage.backend().has_two_tracks) == ("blue", True)
        assert _changed(before, _resources(stage)) == set()

        stage.set_delivery(None)
        stage.deploy(PROBE_SECRET)
        assert not stage.backend().has_two_tracks
        assert _resources(stage) == before

    assert not recorder.errors, recorder.errors
    assert all(sample.tracks_with_traffic == {"blue"} for sample in recorder.samples)
    assert not recorder.unavailable()


def _change_frontend(stage: ReleaseStage) -> None:
    """Change a setting of the cluster's workloads that has nothing to do with a release."""
    file = stage.settings_folder / f"{STAGE}.yaml"
    settings: dict[str, Any] = yaml.safe_load(file.read_text())
    replicas = settings["services"]["frontend"]["replicas"]
    replicas["maximum"] = 5 - replicas["maximum"]
    file.write_text(yaml.safe_dump(settings))


def _resources(stage: ReleaseStage) -> dict[str, str]:
    """Return the physical ids of the resources that receive traffic, by logical id.

    The waits for a roll-out are those of rolling updates only.
    """
    pages = stage.client("cloudformation").get_paginator("list_stack_resources")
    return {
        resource["LogicalResourceId"]: resource["PhysicalResourceId"]
        for page in pages.paginate(StackName=WORKLOADS)
        for resource in page["StackResourceSummaries"]
        if resource["ResourceType"] in TRAFFIC_RESOURCES
    }


def _changed(before: dict[str, str], after: dict[str, str]) -> set[str]:
    """Return the logical ids of resources that were replaced or removed."""
    return {name for name, identifier in before.items() if after.get(name) != identifier}
