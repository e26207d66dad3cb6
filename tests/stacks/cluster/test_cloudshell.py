"""People reach the private Kubernetes API from CloudShell in the VPC, and nothing else there.

The requests are those of "Required IAM permissions for creating and using CloudShell VPC
environments" (AWS CloudShell User Guide).
"""

from typing import Any

import pytest

from tests.role_policies import RolePolicies
from tests.synthesis import ACCOUNT, SynthesizedStage
from tests.template_values import TemplateValues

PEOPLE = ("reader", "on-call", "admin")
VIA_CLOUDSHELL = {"aws:CalledVia": ["cloudshell.amazonaws.com"]}
NEW_INTERFACE = {
    **VIA_CLOUDSHELL,
    "aws:TagKeys": ["ManagedByCloudShell"],
    "ec2:CreateAction": "CreateNetworkInterface",
}
OWN_INTERFACE = {**VIA_CLOUDSHELL, "aws:ResourceTag/ManagedByCloudShell": ""}


def arn(stage: SynthesizedStage, service: str, resource: str) -> str:
    return f"arn:aws:{service}:{stage.settings.region}:{ACCOUNT}:{resource}"


def environment(stage: SynthesizedStage) -> dict[str, list[str]]:
    """Return the condition keys of the request that creates an environment of the stage."""
    values = TemplateValues(stage)
    (vpc,) = stage.resources("network", "AWS::EC2::VPC")
    subnet = next(key for key in stage.resources("network", "AWS::EC2::Subnet") if "private" in key)
    group = {"Fn::GetAtt": [group_id(stage), "GroupId"]}
    return {
        "cloudshell:VpcIds": [values.resolve("network", {"Ref": vpc})],
        "cloudshell:SubnetIds": [values.resolve("network", {"Ref": subnet})],
        "cloudshell:SecurityGroupIds": [values.resolve("cluster", group)],
    }


def group_id(stage: SynthesizedStage) -> str:
    """Return the logical id of the security group of the environments."""
    groups = stage.resources("cluster", "AWS::EC2::SecurityGroup")
    (logical_id,) = (key for key in groups if key.startswith("CloudShellGroup"))
    return logical_id


@pytest.mark.parametrize("name", PEOPLE)
def test_people_create_an_environment_in_the_private_subnets(
    stage: SynthesizedStage, name: str
) -> None:
    policies = RolePolicies.of_people(stage, name)
    assert policies.allows("cloudshell:CreateEnvironment", context=environment(stage))


@pytest.mark.parametrize(
    "changes",
    [
        {"cloudshell:VpcIds": None, "cloudshell:SubnetIds": None},
        dict.fromkeys(["cloudshell:VpcIds", "cloudshell:SubnetIds", "cloudshell:SecurityGroupIds"]),
        {"cloudshell:VpcIds": ["vpc-other"]},
        {"cloudshell:SubnetIds": ["VpcpublicSubnet1"]},
        {"cloudshell:SecurityGroupIds": ["sg-database"]},
    ],
)
@pytest.mark.parametrize("name", PEOPLE)
def test_no_environment_is_public_or_has_another_network(
    stage: SynthesizedStage, name: str, changes: dict[str, Any]
) -> None:
    context = {k: v for k, v in (environment(stage) | changes).items() if v is not None}
    policies = RolePolicies.of_people(stage, name)
    assert not policies.allows("cloudshell:CreateEnvironment", context=context)


@pytest.mark.parametrize(
    "action",
    [
        *("CreateSession", "GetEnvironmentStatus", "PutCredentials", "StartEnvironment"),
        *("DeleteEnvironment", "StopEnvironment"),
    ],
)
def test_people_use_their_environments(stage: SynthesizedStage, action: str) -> None:
    policies = RolePolicies.of_people(stage, "on-call")
    assert policies.allows(f"cloudshell:{action}", arn(stage, "cloudshell", "environment/id"))
    assert policies.allows("cloudshell:DescribeEnvironments")


@pytest.mark.parametrize("name", PEOPLE)
def test_cloudshell_manages_its_network_interfaces(stage: SynthesizedStage, name: str) -> None:
    policies = RolePolicies.of_people(stage, name)
    keys = environment(stage)
    interface = arn(stage, "ec2", "network-interface/eni-1")
    subnet = arn(stage, "ec2", f"subnet/{keys['cloudshell:SubnetIds'][0]}")
    group = arn(stage, "ec2", f"security-group/{keys['cloudshell:SecurityGroupIds'][0]}")
    for action in ("DescribeVpcs", "DescribeSubnets", "DescribeSecurityGroups"):
        assert policies.allows(f"ec2:{action}")
    for action in ("DescribeDhcpOptions", "DescribeNetworkInterfaces"):
        assert policies.allows(f"ec2:{action}", context=VIA_CLOUDSHELL)
    for resource, context in (
        (subnet, VIA_CLOUDSHELL),
        (group, VIA_CLOUDSHELL),
        (interface, NEW_INTERFACE),
    ):
        assert policies.allows("ec2:CreateNetworkInterface", resource, context)
    assert policies.allows("ec2:CreateTags", interface, NEW_INTERFACE)
    assert policies.allows("ec2:CreateNetworkInterfacePermission", interface, OWN_INTERFACE)
    assert policies.allows("ec2:DeleteNetworkInterface", interface, OWN_INTERFACE)


@pytest.mark.parametrize("name", ["reader", "on-call"])
def test_people_create_and_delete_no_network_interface_themselves(
    stage: SynthesizedStage, name: str
) -> None:
    policies = RolePolicies.of_people(stage, name)
    interface = arn(stage, "ec2", "network-interface/eni-1")
    direct = {key: value for key, value in NEW_INTERFACE.items() if key != "aws:CalledVia"}
    assert not policies.allows("ec2:CreateNetworkInterface", interface, direct)
    assert not policies.allows("ec2:DeleteNetworkInterface", interface, VIA_CLOUDSHELL)
    assert not policies.allows(
        "ec2:CreateNetworkInterface", arn(stage, "ec2", "subnet/other"), VIA_CLOUDSHELL
    )


def test_people_choose_the_security_group_by_its_name(stage: SynthesizedStage) -> None:
    group = stage.templates["cluster"]["Resources"][group_id(stage)]["Properties"]
    assert group["GroupName"] == stage.settings.resource_name("cloudshell")


def test_cloudshell_costs_nothing_while_nobody_uses_it(stage: SynthesizedStage) -> None:
    """A security group, a rule and a policy: AWS charges for none of them."""
    kinds = {
        resource["Type"]
        for key, resource in stage.templates["cluster"]["Resources"].items()
        if "cloudshell" in key.lower()
    }
    assert kinds == {
        "AWS::EC2::SecurityGroup",
        "AWS::EC2::SecurityGroupIngress",
        "AWS::IAM::ManagedPolicy",
    }
