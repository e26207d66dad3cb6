"""What an update interrupts or restarts, by the properties that change.

The resource schemas say what is replaced. What an update in place does is in the documentation
only: "Update requires" of the CloudFormation template reference, and the pages that are named here.
"""

import json
from collections.abc import Iterator, Mapping
from typing import Any

from tools.guard.manifests import MANIFEST_TYPE, objects_in
from tools.guard.reference import ResourceId
from tools.guard.update import StageUpdate

INTERRUPTIONS: Mapping[tuple[str, str], str] = {
    # "Modifying an Amazon RDS DB instance", Amazon RDS User Guide: the table of settings.
    ("AWS::RDS::DBInstance", "DBInstanceClass"): "restarts PostgreSQL",
    ("AWS::RDS::DBInstance", "EngineVersion"): "restarts PostgreSQL",
    # "Replica scaling" and "Upgrading node-based clusters", Amazon ElastiCache User Guide.
    ("AWS::ElastiCache::ReplicationGroup", "CacheNodeType"): "fails over Redis",
    ("AWS::ElastiCache::ReplicationGroup", "EngineVersion"): "fails over Redis",
    # "Understand each phase of node updates", Amazon EKS User Guide.
    ("AWS::EC2::LaunchTemplate", "LaunchTemplateData"): "replaces the nodes one after the other",
    ("AWS::EKS::Nodegroup", "Version"): "replaces the nodes one after the other",
    # "Update existing cluster to new Kubernetes version", Amazon EKS User Guide.
    ("AWS::EKS::Cluster", "Version"): "replaces the servers of the control plane",
    # Connections through another gateway have another source address, so they end.
    ("AWS::EC2::Route", "NatGatewayId"): "ends the connections through a NAT gateway",
    ("AWS::EKS::Nodegroup", "ScalingConfig"): "sets the number of nodes to `desired_nodes`",
    ("AWS::Route53::RecordSet", "Name"): "moves the website to another name",
}
"""The effect of a changed property, by resource type and property."""


def interruptions(update: StageUpdate, stack: str) -> Iterator[str]:
    """Yield what the update of a stack interrupts without a replacement."""
    for resource_id in update.deployed_resources(stack):
        if resource_id in update.replacements or update.removal(resource_id):
            continue
        resource_type = update.old_resource(resource_id)["Type"]
        old, new = update.old_properties(resource_id), update.new_properties(resource_id)
        if resource_type == MANIFEST_TYPE:
            yield from _restarts(update, resource_id)
        for name in old.keys() | new.keys():
            text = INTERRUPTIONS.get((resource_type, name))
            if text and old.get(name) != new.get(name):
                yield text


def _restarts(update: StageUpdate, resource_id: ResourceId) -> Iterator[str]:
    """Yield the Deployments of which an update of a manifest restarts the pods."""
    old, new = (
        {_name(item): _pods(item) for item in objects_in(properties)}
        for properties in (update.old_properties(resource_id), update.new_properties(resource_id))
    )
    for name in old.keys() & new.keys():
        if old[name] != new[name] and name.startswith("Deployment "):
            yield f"restarts the pods of {name.removeprefix('Deployment ')}"


def _name(item: Mapping[str, Any]) -> str:
    return f"{item.get('kind')} {item.get('metadata', {}).get('name')}"


def _pods(item: Mapping[str, Any]) -> str:
    return json.dumps(item.get("spec", {}).get("template"), sort_keys=True)
