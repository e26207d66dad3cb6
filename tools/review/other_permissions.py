"""The permissions that the tables of `cdk diff` leave out.

The tables of aws-cdk 2.1148.1 have IAM statements, managed policies, security groups, and the
policies of keys, buckets, topics, secrets, queues and VPC endpoints: what its database of resource
types calls `scrutinizable`. The resources below are not, except those of which the policy is text.
"""

from __future__ import annotations

from collections.abc import Mapping

from tools.guard.reference import ResourceId
from tools.guard.templates import Templates
from tools.review.yaml_diff import readable, yaml_diff
from tools.templates.schemas import JsonValue

_ALL = "*"
_PROPERTIES = {
    "AWS::EC2::NetworkAclEntry": _ALL,
    "AWS::EKS::AccessEntry": _ALL,
    "AWS::EKS::Cluster": "AccessConfig ResourcesVpcConfig",
    "AWS::EKS::PodIdentityAssociation": _ALL,
    "AWS::IAM::OIDCProvider": _ALL,
    "AWS::IAM::Role": "PermissionsBoundary MaxSessionDuration",
    "AWS::Logs::ResourcePolicy": _ALL,
    "AWS::S3::Bucket": "PublicAccessBlockConfiguration OwnershipControls",
    "AWS::WAFv2::WebACL": "DefaultAction Rules",
    "AWS::WAFv2::WebACLAssociation": _ALL,
}
"""The properties that permit or forbid something, by resource type."""
_NO_PERMISSION = ("Tags",)


def permission_differences(before: Templates, after: Templates) -> list[str]:
    """Return the differences in YAML, one for each resource."""
    old = {
        resource_id: value
        for resource_id, value in _permissions(before).items()
        if resource_id.stack in after
    }
    new = _permissions(after)
    ids = sorted({*old, *new}, key=str)
    texts = [yaml_diff(str(id_), old.get(id_), new.get(id_)) for id_ in ids]
    return [text for text in texts if text]


def _permissions(templates: Templates) -> dict[ResourceId, JsonValue]:
    return {
        ResourceId(stack.name, logical_id): shown
        for stack in templates.values()
        for logical_id, resource in stack.resources.items()
        if (shown := _shown(resource)) is not None
    }


def _shown(resource: Mapping[str, JsonValue]) -> JsonValue:
    """Return the type and the permissions of a resource; None if it has none."""
    names = _PROPERTIES.get(resource["Type"])
    if names is None:
        return None
    properties = {
        name: readable(value)
        for name, value in resource.get("Properties", {}).items()
        if name not in _NO_PERMISSION and (names == _ALL or name in names.split())
    }
    return {resource["Type"]: properties} if properties else None
