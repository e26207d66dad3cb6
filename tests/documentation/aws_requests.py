"""The IAM requests that an `aws` command makes: its action, and the ARNs that it names.

`aws SERVICE COMMAND` is an operation of botocore, whose name in the AWS CLI is that of
`xform_name`. The short tables below hold what differs: commands of the CLI itself, prefixes and
names of IAM actions, and which option names a resource of which type.
"""

import functools
import re
import shlex
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

import botocore.session
from botocore import xform_name

from tests.role_policies import RolePolicies
from tests.stacks.data.resources import find_rotation_function
from tests.synthesis import ACCOUNT, SynthesizedStage
from tests.template_values import TemplateValues


class CommandError(Exception):
    """A command cannot be mapped. The text says why."""


@dataclass(frozen=True)
class IamRequest:
    """A request that IAM authorizes."""

    action: str
    resource: str = "*"


_SERVICES = {"configservice": "config"}
"""Names of services in the AWS CLI that differ from botocore's."""

_PREFIXES = {"monitoring": "cloudwatch"}
"""Prefixes of IAM actions that differ from the name that signs requests."""

_ACTIONS = {"lambda:Invoke": "lambda:InvokeFunction"}
"""IAM actions that differ from the operation (Service Authorization Reference)."""

_WITHOUT_PERMISSION = {"sts:GetCallerIdentity", "sts:GetSessionToken"}
"""Operations that need no permission (AWS STS API Reference)."""

_GLOBAL_OPTIONS = {"--profile", "--query", "--output", "--region"}


@dataclass(frozen=True)
class _Named:
    """The option that names the resource of a request, and the type of the resource."""

    option: str
    type: str
    pattern: str = ""
    """The ARN after the account, for a resource that no template has, such as `snapshot:{}`."""
    keep: Callable[[SynthesizedStage, str, str], bool] = lambda stage, stack, logical_id: True
    """Which resources of the type a placeholder stands for, by stack and logical id."""


def _is_rotated(stage: SynthesizedStage, stack: str, logical_id: str) -> bool:
    return logical_id != "ApplicationSecret88EF73C8" and stack == "data"


_INSTANCE = _Named("--db-instance-identifier", "AWS::RDS::DBInstance")
_SNAPSHOT = _Named("--db-snapshot-identifier", "", "rds:{region}:{account}:snapshot:{}")
_STACK = _Named("--stack-name", "", "cloudformation:{region}:{account}:stack/{}/id")
_GROUP = _Named("--replication-group-id", "AWS::ElastiCache::ReplicationGroup")
_KEY = _Named("--key-id", "AWS::KMS::Key")
_SECRET = _Named("--secret-id", "AWS::SecretsManager::Secret")
_CLUSTER = _Named("--cluster-name", "AWS::EKS::Cluster")

_RESOURCES: dict[str, tuple[_Named, ...]] = {
    "cloudformation:ContinueUpdateRollback": (_STACK,),
    "cloudformation:DeleteStack": (_STACK,),
    "cloudformation:DetectStackDrift": (_STACK,),
    "cloudtrail:StartLogging": (_Named("--name", "AWS::CloudTrail::Trail"),),
    "cloudwatch:DisableAlarmActions": (_Named("--alarm-names", "AWS::CloudWatch::Alarm"),),
    "cloudwatch:SetAlarmState": (_Named("--alarm-name", "AWS::CloudWatch::Alarm"),),
    "eks:DescribeCluster": (_Named("--name", "AWS::EKS::Cluster"),),
    "eks:DescribeNodegroup": (_Named("--nodegroup-name", "AWS::EKS::Nodegroup"),),
    "eks:DescribeUpdate": (
        _Named("--name", "AWS::EKS::Cluster"),
        _Named("--nodegroup-name", "AWS::EKS::Nodegroup"),
    ),
    "eks:ListInsights": (_CLUSTER,),
    "eks:ListNodegroups": (_CLUSTER,),
    "eks:ListUpdates": (
        _Named("--name", "AWS::EKS::Cluster"),
        _Named("--nodegroup-name", "AWS::EKS::Nodegroup"),
    ),
    "elasticache:BatchApplyUpdateAction": (
        _Named("--replication-group-ids", "AWS::ElastiCache::ReplicationGroup"),
    ),
    "elasticache:ModifyReplicationGroup": (_GROUP,),
    "elasticache:RebootCacheCluster": (_Named("--cache-cluster-id", "node of Redis"),),
    "route53:ChangeResourceRecordSets": (
        _Named("--hosted-zone-id", "", "route53:::hostedzone/{}"),
    ),
    "iam:PutUserPolicy": (_Named("--user-name", "", "iam::{account}:user/{}"),),
    "kms:CancelKeyDeletion": (_KEY,),
    "kms:EnableKey": (_KEY,),
    "lambda:InvokeFunction": (_Named("--function-name", "AWS::Lambda::Function"),),
    "logs:FilterLogEvents": (_Named("", "AWS::Logs::LogGroup"),),
    "rds:ApplyPendingMaintenanceAction": (_Named("--resource-identifier", "AWS::RDS::DBInstance"),),
    "rds:CreateDBSnapshot": (_INSTANCE, _SNAPSHOT),
    "rds:DeleteDBSnapshot": (_SNAPSHOT,),
    "rds:RebootDBInstance": (_INSTANCE,),
    "secretsmanager:GetSecretValue": (_SECRET,),
    "secretsmanager:PutSecretValue": (_SECRET,),
    "secretsmanager:RotateSecret": (
        _Named("--secret-id", "AWS::SecretsManager::Secret", keep=_is_rotated),
    ),
    "sns:Publish": (_Named("--topic-arn", "AWS::SNS::Topic"),),
    "states:StartExecution": (_Named("--state-machine-arn", "AWS::StepFunctions::StateMachine"),),
}
"""The resources of each action that roles may do on some resources only."""


def aws_requests(stage: SynthesizedStage, command: str) -> list[IamRequest]:
    """Return the requests of a command on a stage.

    The command names production, or has `<stage>`. A placeholder, such as `<arn>` or `NAME`, stands
    for every resource of its type.

    Raises:
        CommandError: no operation has this name, or a name belongs to no resource of the stage.
    """
    name = stage.settings.stage
    text = command.replace("<stage>", name).replace("production", name)
    # Not to split a placeholder such as <log group>.
    words = shlex.split(re.sub(r"<[^<>]*>", lambda match: match[0].replace(" ", "-"), text))
    if len(words) < 3:
        raise CommandError("an aws command has a service and an operation")
    service, operation = words[1:3]
    match service, operation:
        case "logs", "tail":
            return _named(stage, "logs:FilterLogEvents", words[2:4])
        case "s3", "ls" | "sync":
            return list(_bucket_requests(stage, operation))
        case "eks", "update-kubeconfig":
            return _named(stage, "eks:DescribeCluster", words)
        case _, "wait":
            operation = _operation_of_waiter(service, words[3])
    action = _action(service, operation)
    if action in _WITHOUT_PERMISSION:
        return []
    return [*_named(stage, action, words), *_further(stage, action, words)]


@functools.cache
def _session() -> botocore.session.Session:
    return botocore.session.get_session()


@functools.cache
def _operations(service: str) -> dict[str, str]:
    """Return the operations of a service by their names in the AWS CLI."""
    model = _session().get_service_model(_SERVICES.get(service, service))
    return {xform_name(name, "-"): name for name in model.operation_names}


@functools.cache
def _action(service: str, operation: str) -> str:
    if _SERVICES.get(service, service) not in _session().get_available_services():
        raise CommandError(f"botocore has no service {service}")
    if operation not in _operations(service):
        raise CommandError(f"{service} has no operation {operation}")
    signing_name = _session().get_service_model(_SERVICES.get(service, service)).signing_name
    action = f"{_PREFIXES.get(signing_name, signing_name)}:{_operations(service)[operation]}"
    return _ACTIONS.get(action, action)


def _operation_of_waiter(service: str, waiter: str) -> str:
    model = _session().get_waiter_model(service)
    operations = {
        xform_name(name, "-"): model.get_waiter(name).operation for name in model.waiter_names
    }
    if waiter not in operations:
        raise CommandError(f"{service} has no waiter {waiter}")
    return str(xform_name(operations[waiter], "-"))


def _named(stage: SynthesizedStage, action: str, words: Sequence[str]) -> list[IamRequest]:
    resources = [
        IamRequest(action, arn)
        for named in _RESOURCES.get(action, ())
        for arn in _arns(stage, named, words)
    ]
    return resources or [IamRequest(action)]


def _arns(stage: SynthesizedStage, named: _Named, words: Sequence[str]) -> Iterator[str]:
    value = words[1] if not named.option else _option(words, named.option)
    if named.pattern:
        if value is None or _is_placeholder(value):
            value = stage.settings.resource_name("of-an-example")
        region = stage.settings.region
        yield "arn:aws:" + named.pattern.format(value, region=region, account=ACCOUNT)
        return
    if value is None and named.option == "--nodegroup-name":
        return
    found = dict(_resources(stage, named))
    if not found:
        raise CommandError(f"the stage has no {named.type}")
    if value is None or _is_placeholder(value):
        yield from found.values()
        return
    name = value.rpartition(":")[2] if value.startswith("arn:") else value
    if name not in found:
        raise CommandError(f"no {named.type} of the stage is called {name}")
    yield found[name]


def _resources(stage: SynthesizedStage, named: _Named) -> Iterator[tuple[str, str]]:
    """Yield the name and the ARN of each resource of the type."""
    values = TemplateValues(stage)
    for stack in stage.templates:
        for logical_id in stage.resources(stack, named.type):
            if named.keep(stage, stack, logical_id):
                yield values.name(stack, logical_id), values.arn(stack, logical_id)
    yield from _without_resource(stage, named.type)


def _without_resource(stage: SynthesizedStage, kind: str) -> Iterator[tuple[str, str]]:
    """Yield what AWS creates with a resource: the nodes of Redis."""
    if kind == "node of Redis":
        redis = stage.only("data", "AWS::ElastiCache::ReplicationGroup")
        for number in range(1, redis["NumCacheClusters"] + 1):
            name = f"{redis['ReplicationGroupId']}-{number:03}"
            place = f"{stage.settings.region}:{ACCOUNT}"
            yield name, f"arn:aws:elasticache:{place}:cluster:{name}"


def _further(stage: SynthesizedStage, action: str, words: Sequence[str]) -> Iterator[IamRequest]:
    """Yield what an action needs in addition, of the caller."""
    values = TemplateValues(stage)
    if action == "secretsmanager:RotateSecret":
        # "You also need lambda:InvokeFunction permissions on the rotation function" (API).
        for secret in _arns(stage, _RESOURCES[action][0], words):
            name = re.sub(r"^.*:secret:[^/]+/(.*)-\w{6}$", r"\1", secret)
            function = find_rotation_function(stage, name)["FunctionName"]
            place = f"{stage.settings.region}:{ACCOUNT}"
            yield IamRequest("lambda:InvokeFunction", f"arn:aws:lambda:{place}:function:{function}")
    if action == "sns:Publish":
        # "Key management" for encrypted topics (Amazon SNS Developer Guide).
        for stack in stage.templates:
            for logical_id, topic in stage.resources(stack, "AWS::SNS::Topic").items():
                if values.arn(stack, logical_id) in _arns(stage, _RESOURCES[action][0], words):
                    key = values.resolve(stack, topic["Properties"]["KmsMasterKeyId"])
                    yield IamRequest("kms:GenerateDataKey", key)
                    yield IamRequest("kms:Decrypt", key)


def _bucket_requests(stage: SynthesizedStage, operation: str) -> Iterator[IamRequest]:
    """Yield what `aws s3` needs on the audit bucket, the only one that people read."""
    values = TemplateValues(stage)
    (bucket,) = (
        values.arn("security", key)
        for key in stage.resources("security", "AWS::S3::Bucket")
        if key.startswith("Audit")
    )
    yield IamRequest("s3:ListBucket", bucket)
    if operation == "sync":
        yield IamRequest("s3:GetObject", f"{bucket}/key")
        yield IamRequest("s3:PutObject", f"{bucket}/key")


def _option(words: Sequence[str], name: str) -> str | None:
    for index, word in enumerate(words):
        key, equals, value = word.partition("=")
        if key == name:
            return value if equals else words[index + 1] if index + 1 < len(words) else None
    return None


def _is_placeholder(value: str) -> bool:
    return bool(re.fullmatch(r"<.*>|[A-Z]+", value))


def denied(policies: RolePolicies, requests: Sequence[IamRequest]) -> list[IamRequest]:
    """Return the requests that the policies of a role do not allow."""
    return [each for each in requests if not policies.allows(each.action, each.resource)]
