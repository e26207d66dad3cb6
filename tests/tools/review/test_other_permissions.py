"""The permissions that the tables of `cdk diff` leave out."""

from typing import Any

import pytest

from tests.synthesis import ACCOUNT
from tools.guard.templates import StackTemplate, Templates
from tools.review.other_permissions import permission_differences


def templates(resource_type: str, properties: dict[str, Any]) -> Templates:
    template = {"Resources": {"Id": {"Type": resource_type, "Properties": properties}}}
    return {"s": StackTemplate("s", "us-east-1", ACCOUNT, template)}


@pytest.mark.parametrize(
    ("resource_type", "name"),
    [
        ("AWS::EC2::NetworkAclEntry", "CidrBlock"),
        ("AWS::EKS::AccessEntry", "AccessPolicies"),
        ("AWS::EKS::Cluster", "ResourcesVpcConfig"),
        ("AWS::EKS::PodIdentityAssociation", "RoleArn"),
        ("AWS::IAM::Role", "PermissionsBoundary"),
        ("AWS::Logs::ResourcePolicy", "PolicyDocument"),
        ("AWS::S3::Bucket", "PublicAccessBlockConfiguration"),
        ("AWS::WAFv2::WebACL", "DefaultAction"),
        ("AWS::WAFv2::WebACLAssociation", "WebACLArn"),
    ],
)
def test_a_changed_permission_is_shown(resource_type: str, name: str) -> None:
    before, after = (templates(resource_type, {name: value}) for value in ("before", "after"))
    (text,) = permission_differences(before, after)
    assert text.splitlines() == [
        "# s/Id",
        f" {resource_type}:",
        f"-  {name}: before",
        f"+  {name}: after",
    ]


def test_a_new_and_a_removed_permission_are_shown() -> None:
    entry = templates("AWS::EKS::AccessEntry", {"PrincipalArn": {"Ref": "Role"}})
    empty = {"s": StackTemplate("s", "us-east-1", ACCOUNT, {})}
    assert "+  PrincipalArn: ${Role}" in permission_differences(empty, entry)[0]
    assert "-  PrincipalArn: ${Role}" in permission_differences(entry, empty)[0]


def test_another_tag_is_no_permission() -> None:
    before, after = (templates("AWS::EKS::AccessEntry", {"Tags": [tag]}) for tag in ("a", "b"))
    assert permission_differences(before, after) == []
