"""The resources that hold data which a new resource would not have.

The following resources are stateful:
- The types that cfn-lint lists as stateful, such as databases, replication groups, KMS keys,
  buckets, secrets, user pools and backup vaults. Their deletion policies do not matter.
- The types in `_ALSO_STATEFUL`, which cfn-lint does not list.
- Kubernetes manifests with a Namespace. Kubernetes deletes the objects in a deleted namespace.
- All resources that are deployed with a DeletionPolicy other than Delete. The policy says that the
  resource must outlive its stack.

Log groups are stateful by the last rule only. cfn-lint lists all of them, but most hold the output
of a Lambda function. The log groups that the law or the design requires have the policy Retain:
those of the audit trail, the firewall, the flow logs, the control plane and the database. The
removal of that policy is a finding too, so no log group can be lost in two deployments.
"""

from __future__ import annotations

from collections.abc import Mapping

from tools.guard.manifests import MANIFEST_TYPE, objects_in
from tools.templates.schemas import JsonValue, stateful_types

_LOG_GROUP_TYPE = "AWS::Logs::LogGroup"
_RETAINING_POLICIES = {"Retain", "RetainExceptOnCreate", "Snapshot"}
_SNAPSHOT_BY_DEFAULT = {"AWS::RDS::DBInstance", "AWS::RDS::DBCluster"}
"""CloudFormation takes a snapshot of these types if they have no DeletionPolicy."""

_ALSO_STATEFUL = frozenset(
    {
        "AWS::Backup::LogicallyAirGappedBackupVault",
        "AWS::CloudTrail::EventDataStore",
        "AWS::ECR::Repository",
        "AWS::EKS::Cluster",
        "AWS::ElastiCache::GlobalReplicationGroup",
        "AWS::ElastiCache::ServerlessCache",
        "AWS::KMS::ReplicaKey",
        "AWS::RDS::GlobalCluster",
        "AWS::Route53::HostedZone",
    }
)

_CONTENTS = {
    "AWS::Backup::BackupVault": "every recovery point in it",
    "AWS::Cognito::UserPool": "every user and their password",
    "AWS::EKS::Cluster": "every Kubernetes object, and the addresses that clients know",
    "AWS::ElastiCache::ReplicationGroup": "every session, rate limit and cached answer",
    "AWS::KMS::Key": "whatever it encrypted: nobody can decrypt that without it",
    "AWS::KMS::ReplicaKey": "whatever it encrypted in this region",
    "AWS::Logs::LogGroup": "every log event, which may have to be kept by law",
    "AWS::RDS::DBInstance": "every row",
    "AWS::Route53::HostedZone": "every record, and the delegation to its name servers",
    "AWS::S3::Bucket": "every object",
    "AWS::SecretsManager::Secret": "its value, which other systems know",
    MANIFEST_TYPE: "every object in the namespaces of the manifest",
}

Resource = Mapping[str, JsonValue]
"""A resource of a template, such as {"Type": "AWS::S3::Bucket", "DeletionPolicy": "Retain"}."""


def describe_contents(resource_type: str) -> str:
    """Return what is lost with a resource of this type."""
    return _CONTENTS.get(resource_type, "what it holds")


def is_stateful(resource: Resource) -> bool:
    """Return whether a resource is stateful. For manifests, call `namespaces_in` instead."""
    if retains_data(deletion_policy(resource)):
        return True
    resource_type = resource["Type"]
    listed = resource_type in stateful_types() or resource_type in _ALSO_STATEFUL
    return listed and resource_type != _LOG_GROUP_TYPE


def deletion_policy(resource: Resource) -> str:
    """Return the policy that applies when the resource leaves the template."""
    default = "Snapshot" if resource["Type"] in _SNAPSHOT_BY_DEFAULT else "Delete"
    return str(resource.get("DeletionPolicy", default))


def replacement_policy(resource: Resource) -> str:
    """Return the policy that applies to the old resource after a replacement."""
    return str(resource.get("UpdateReplacePolicy", "Delete"))


def retains_data(policy: str) -> bool:
    """Return whether a policy retains the resource or a snapshot of it."""
    return policy in _RETAINING_POLICIES


def namespaces_in(properties: Mapping[str, JsonValue]) -> frozenset[str]:
    """Return the Kubernetes namespaces in the resolved properties of a manifest."""
    return frozenset(
        str(item["metadata"]["name"])
        for item in objects_in(properties)
        if item.get("kind") == "Namespace"
    )
