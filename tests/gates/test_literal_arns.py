"""The ARNs that templates spell out: each has the partition, Region and account of its stack."""

import re
from collections.abc import Iterator
from typing import Any

import pytest
from aws_cdk import region_info

from tests.synthesis import ACCOUNT, SynthesizedStage, synthesize
from tools.templates.text import as_text

_ARN = re.compile(r"arn:([^:\s]+):([a-z0-9-]+):([^:\s]*):([^:\s]*):")

WITHOUT_REGION = {"ce", "iam"}
"""Services whose ARNs name no Region ("Service Authorization Reference")."""
WITHOUT_REGION_AND_ACCOUNT = {
    "route53": "the ID of a hosted zone is unique in a partition",
    "s3": "the name of a bucket is unique in a partition",
    "scheduler": "a universal target of EventBridge Scheduler, arn:aws:scheduler:::aws-sdk",
    "states": "a service integration of Step Functions, arn:aws:states:::sns:publish",
}


def arns(value: Any) -> Iterator[re.Match[str]]:
    """Yield each ARN of a template, with references as `${LogicalId}`."""
    if isinstance(value, dict) and set(value) & {"Fn::Join", "Fn::Sub"}:
        yield from _ARN.finditer(as_text(value))
    elif isinstance(value, dict):
        for key, item in value.items():
            if key != "Metadata":
                yield from arns(item)
    elif isinstance(value, list):
        for item in value:
            yield from arns(item)
    elif isinstance(value, str):
        yield from _ARN.finditer(value)


def is_of_stack(arn: re.Match[str], region: str) -> bool:
    """Return whether an ARN has the partition, Region and account of a stack, or references."""
    partition, service, arn_region, account = arn.groups()
    if partition not in ("aws", "${AWS::Partition}"):
        return False
    if (arn_region, account) == ("", ""):
        return service in WITHOUT_REGION_AND_ACCOUNT
    if arn_region == "" and service not in WITHOUT_REGION:
        return False
    return arn_region in ("", region, "${AWS::Region}") and account in (
        ACCOUNT,
        "${AWS::AccountId}",
        "aws",  # managed policies of AWS
        # Elastic Load Balancing writes access logs with an account of its own in older Regions
        # ("Access logs for your Application Load Balancer").
        region_info.RegionInfo.get(region).elbv2_account,
    )


def foreign_arns(stage: SynthesizedStage) -> set[tuple[str, str]]:
    """Return the stack and the beginning of each ARN of another partition, Region or account.

    The settings name the key of the backups in a second Region, which is a key of that Region.
    """
    second_region = stage.settings.database.second_region
    key = second_region.kms_key_arn if second_region else ""
    return {
        (stack, arn[0])
        for stack, template in stage.templates.items()
        for arn in arns(template)
        if not is_of_stack(arn, stage.settings.region) and not key.startswith(arn[0])
    }


@pytest.fixture(params=["us-east-1", "eu-west-2"])
def in_region(request: pytest.FixtureRequest, stage: SynthesizedStage) -> SynthesizedStage:
    zones = tuple(f"{request.param}{zone}" for zone in "abc")
    settings = stage.settings.model_copy(
        update={"region": request.param, "availability_zones": zones}
    )
    return synthesize(settings)


def test_every_literal_arn_has_the_partition_region_and_account_of_its_stack(
    in_region: SynthesizedStage,
) -> None:
    assert foreign_arns(in_region) == set()


@pytest.mark.parametrize(
    "arn",
    [
        "arn:aws-cn:s3:::bucket/*",
        "arn:aws-us-gov:iam::aws:policy/AmazonEKSClusterPolicy",
        "arn:aws:rds:eu-west-1:111111111111:db:spywatcher",
        "arn:aws:rds:us-east-1:222222222222:db:spywatcher",
        "arn:aws:rds:::db:spywatcher",
    ],
)
def test_an_arn_of_another_partition_region_or_account_is_found(arn: str) -> None:
    (found,) = arns({"Properties": {"Resource": [{"Fn::Join": ["", [arn, "-x"]]}]}})
    assert not is_of_stack(found, "us-east-1")
