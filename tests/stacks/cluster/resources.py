"""The resources of the synthesized cluster stack, as its tests read them."""

import json
from typing import Any

from settings import load_stage
from settings.cluster import ClusterSettings
from tests.synthesis import SynthesizedStage, synthesize
from tools.templates.text import as_text

CLUSTER = "AWS::EKS::Cluster"
NODEGROUP = "AWS::EKS::Nodegroup"
ADD_ON = "AWS::EKS::Addon"
MANIFEST = "Custom::AWSCDK-EKS-KubernetesResource"
HELM_RELEASE = "Custom::AWSCDK-EKS-HelmChart"


def synthesize_with(**cluster_settings: object) -> SynthesizedStage:
    """Synthesize staging with other settings of the cluster."""
    settings = load_stage("staging")
    cluster = ClusterSettings.model_validate(settings.cluster.model_dump() | cluster_settings)
    return synthesize(settings.model_copy(update={"cluster": cluster}))


def add_ons(stage: SynthesizedStage) -> dict[str, dict[str, Any]]:
    """Return the resource of each add-on by the add-on's name, with its logical id as `id`."""
    resources = stage.resources("cluster", ADD_ON)
    return {
        resource["Properties"]["AddonName"]: resource | {"id": logical_id}
        for logical_id, resource in resources.items()
    }


def helm_releases(stage: SynthesizedStage) -> dict[str, dict[str, Any]]:
    """Return the resource of each Helm release by the release's name."""
    resources = stage.resources("cluster", HELM_RELEASE).values()
    return {resource["Properties"]["Release"]: resource for resource in resources}


def helm_values(stage: SynthesizedStage, release: str) -> dict[str, Any]:
    """Return the values of a Helm release."""
    values = json.loads(as_text(helm_releases(stage)[release]["Properties"]["Values"]))
    assert isinstance(values, dict)
    return values


def manifest(stage: SynthesizedStage, construct_id: str) -> list[dict[str, Any]]:
    """Return the Kubernetes objects of the manifest whose logical id contains the construct id."""
    resources = stage.resources("cluster", MANIFEST)
    (text,) = [
        as_text(resource["Properties"]["Manifest"])
        for logical_id, resource in resources.items()
        if construct_id in logical_id
    ]
    return list(json.loads(text))


def policy_statements(stage: SynthesizedStage, role: str) -> list[dict[str, Any]]:
    """Return the statements of the policies that only this role has, by its construct id."""
    roles = {
        name: resource["Properties"].get("ManagedPolicyArns", [])
        for name, resource in stage.resources("cluster", "AWS::IAM::Role").items()
    }
    (role_id,) = [name for name in roles if role in name]
    policies = stage.resources("cluster", "AWS::IAM::ManagedPolicy")
    return [
        statement
        for policy_id, policy in policies.items()
        if [name for name, arns in roles.items() if {"Ref": policy_id} in arns] == [role_id]
        for statement in policy["Properties"]["PolicyDocument"]["Statement"]
    ]


def allowed_actions(stage: SynthesizedStage, role: str) -> set[str]:
    """Return the actions that the customer managed policies of a role allow."""
    return {
        action
        for statement in policy_statements(stage, role)
        for action in as_list(statement["Action"])
    }


def as_list(value: str | list[str]) -> list[str]:
    return [value] if isinstance(value, str) else value


def nested_mappings(value: object) -> list[dict[str, Any]]:
    """Return every mapping inside a value, including the value itself."""
    if isinstance(value, dict):
        return [value, *(found for item in value.values() for found in nested_mappings(item))]
    if isinstance(value, list):
        return [found for item in value for found in nested_mappings(item)]
    return []
