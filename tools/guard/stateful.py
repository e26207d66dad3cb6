"""Which resources hold what a new one would not, and what would be lost with them.

Stateful are
- the types that cfn-lint lists as stateful (databases, replication groups, KMS keys, buckets,
  secrets, user pools, backup vaults and more), whatever their policies say,
- the types below, which it leaves out,
- a Kubernetes manifest with a Namespace in it: deleting a namespace deletes all in it,
- every resource that is deployed with a DeletionPolicy other than Delete: who wrote it wants it to
  outlive its stack.

Log groups count by the last rule alone. cfn-lint lists them all, but most are a function's chatter.
Those that law or the design wants kept (audit trail, firewall, flow logs, control plane, database)
carry Retain; to loosen that is a finding too, so that none slips out in two steps.
"""

from __future__ import annotations

import json
import zlib
from collections.abc import Mapping
from typing import Any

from tools.templates.schemas import stateful_types

MANIFEST = "Custom::AWSCDK-EKS-KubernetesResource"
_LOG_GROUP = "AWS::Logs::LogGroup"
_KEEPING = {"Retain", "RetainExceptOnCreate", "Snapshot"}
_KEPT_BY_DEFAULT = {"AWS::RDS::DBInstance", "AWS::RDS::DBCluster"}
"""Of these CloudFormation takes a snapshot where no DeletionPolicy says otherwise."""

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
    MANIFEST: "every object in the namespaces of the manifest",
}

Resource = Mapping[str, Any]


def contents(resource_type: str) -> str:
    """Say what a resource of this type holds."""
    return _CONTENTS.get(resource_type, "what it holds")


def is_stateful(resource: Resource) -> bool:
    """Whether a resource holds what a new one would not; of manifests see `namespaces`."""
    kind = resource["Type"]
    if deletion_policy(resource) in _KEEPING:
        return True
    return kind != _LOG_GROUP and (kind in stateful_types() or kind in _ALSO_STATEFUL)


def deletion_policy(resource: Resource) -> str:
    """Return what CloudFormation does with a resource that leaves the template."""
    default = "Snapshot" if resource["Type"] in _KEPT_BY_DEFAULT else "Delete"
    return str(resource.get("DeletionPolicy", default))


def replacement_policy(resource: Resource) -> str:
    """Return what CloudFormation does with the old one of a replaced resource."""
    return str(resource.get("UpdateReplacePolicy", "Delete"))


def keeps(policy: str) -> bool:
    """Whether a policy leaves the resource or a snapshot of it."""
    return policy in _KEEPING


def namespaces(properties: Mapping[str, Any]) -> frozenset[str]:
    """Return the names of the Kubernetes namespaces in a manifest, from its resolved properties."""
    objects = json.loads(_text(properties.get("Manifest", "[]")))
    return frozenset(
        str(item["metadata"]["name"]) for item in objects if item.get("kind") == "Namespace"
    )


def _text(manifest: Any) -> str:  # noqa: ANN401 - JSON
    """Return a manifest with a number for each reference: right inside quotes and outside."""
    match manifest:
        case str():
            return manifest
        case {"Fn::Join": ["", parts]}:
            return "".join(
                part if isinstance(part, str) else str(zlib.crc32(json.dumps(part).encode()))
                for part in parts
            )
    return "[]"
