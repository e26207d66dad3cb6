"""Replaces the references in properties by the names and ARNs that resources would have."""

from collections.abc import Mapping
from typing import Any

from tests.rules.stage_graph import StageGraph
from tests.synthesis import ACCOUNT
from tools.guard.reference import Reference, ResourceId, to_json

_ARNS = {
    "AWS::Budgets::Budget": "arn:aws:budgets::{account}:budget/{name}",
    "AWS::CloudTrail::Trail": "arn:aws:cloudtrail:{region}:{account}:trail/{name}",
    "AWS::CloudWatch::Alarm": "arn:aws:cloudwatch:{region}:{account}:alarm:{name}",
    "AWS::CloudWatch::CompositeAlarm": "arn:aws:cloudwatch:{region}:{account}:alarm:{name}",
    "AWS::Events::Rule": "arn:aws:events:{region}:{account}:rule/{name}",
    "AWS::IAM::ManagedPolicy": "arn:aws:iam::{account}:policy/{name}",
    "AWS::IAM::Role": "arn:aws:iam::{account}:role/{name}",
    "AWS::KMS::Key": "arn:aws:kms:{region}:{account}:key/{name}",
    "AWS::Lambda::Function": "arn:aws:lambda:{region}:{account}:function:{name}",
    "AWS::Logs::LogGroup": "arn:aws:logs:{region}:{account}:log-group:{name}",
    "AWS::S3::Bucket": "arn:aws:s3:::{name}",
    # Secrets Manager adds six characters, which "Permissions policy examples" matches with ??????.
    "AWS::SecretsManager::Secret": "arn:aws:secretsmanager:{region}:{account}:secret:{name}-AbCdEf",
    "AWS::SNS::Topic": "arn:aws:sns:{region}:{account}:{name}",
    "AWS::StepFunctions::StateMachine": "arn:aws:states:{region}:{account}:stateMachine:{name}",
}
_NAME_PROPERTIES = {
    "AWS::CloudTrail::Trail": "TrailName",
    "AWS::CloudWatch::Alarm": "AlarmName",
    "AWS::CloudWatch::CompositeAlarm": "AlarmName",
    "AWS::IAM::ManagedPolicy": "ManagedPolicyName",
    "AWS::IAM::Role": "RoleName",
    "AWS::Lambda::Function": "FunctionName",
    "AWS::Logs::LogGroup": "LogGroupName",
    "AWS::S3::Bucket": "BucketName",
    "AWS::SNS::Topic": "TopicName",
    "AWS::StepFunctions::StateMachine": "StateMachineName",
}
_REF_IS_ARN = {
    "AWS::IAM::ManagedPolicy",
    "AWS::SecretsManager::Secret",
    "AWS::SNS::Topic",
    "AWS::StepFunctions::StateMachine",
}
"""The types of which `Ref` returns the ARN instead of the name."""
_ATTACHMENT = "AWS::SecretsManager::SecretTargetAttachment"
"""`Ref` returns the ARN of the secret."""


def arn(graph: StageGraph, resource_id: ResourceId) -> str:
    """Return the ARN of a resource. A name that CloudFormation generates is the logical id."""
    resource_type = graph.type(resource_id)
    pattern = _ARNS.get(resource_type, "arn:aws:" + resource_type.replace("::", ":") + ":{name}")
    return pattern.format(
        region=graph.region, account=ACCOUNT, name=_physical_name(graph, resource_id)
    )


def as_deployed(graph: StageGraph, value: Any) -> Any:
    """Return a resolved value with names and ARNs in place of references."""
    if isinstance(value, Reference):
        return _referenced(graph, value)
    if isinstance(value, list):
        return [as_deployed(graph, item) for item in value]
    if not isinstance(value, Mapping):
        return value
    if list(value) == ["Fn::Join"]:
        separator, parts = value["Fn::Join"]
        return str(separator).join(str(as_deployed(graph, part)) for part in parts)
    if len(value) == 1 and next(iter(value)).startswith("Fn::"):
        return to_json(value)
    return {name: as_deployed(graph, item) for name, item in value.items()}


def _physical_name(graph: StageGraph, resource_id: ResourceId) -> str:
    name_property = _NAME_PROPERTIES.get(graph.type(resource_id), "Name")
    name = graph.properties(resource_id).get(name_property, resource_id.logical_id)
    return str(as_deployed(graph, name))


def _referenced(graph: StageGraph, reference: Reference) -> str:
    target, attribute = reference.target, reference.attribute
    resource_type = graph.type(target)
    if resource_type == _ATTACHMENT:
        return str(as_deployed(graph, graph.properties(target)["SecretId"]))
    if attribute == "Arn" and resource_type == "AWS::Logs::LogGroup":
        return f"{arn(graph, target)}:*"
    if attribute == "Arn" or (attribute is None and resource_type in _REF_IS_ARN):
        return arn(graph, target)
    if attribute is None:
        return _physical_name(graph, target)
    return f"{_physical_name(graph, target)}.{attribute}"
