"""The IAM requests that a command of dev.py makes with the credentials of the caller.

The CDK CLI assumes the roles of the bootstrap stack. tests/tools/operations and the embedded AWS
record the calls of `preflight`, `set-secret` and `guard`, which use boto3.
"""

import shlex

from tests.documentation.aws_requests import CommandError, IamRequest
from tests.synthesis import ACCOUNT, SynthesizedStage

_WITHOUT_AWS = {
    *("charts", "check", "cost", "deploy-local", "destroy-local", "diff-local", "lock", "setup"),
    *("protection", "shell-local", "smoke", "stop-local", "synthesize", "target", "bench", "test"),
}
"""Commands that never use the caller's credentials (dev.py)."""

_BOOTSTRAP_ROLES = {
    "deploy": ("deploy-role", "file-publishing-role", "lookup-role"),
    "destroy": ("deploy-role",),
    "diff": ("deploy-role", "lookup-role"),
    "import": ("deploy-role", "file-publishing-role"),
    "refactor": ("deploy-role",),
    "rollback": ("deploy-role",),
}
"""The roles that each command of the CDK CLI assumes ("Bootstrap your environment", AWS CDK
Developer Guide)."""

_BOOTSTRAP = (
    IamRequest(
        "cloudformation:CreateChangeSet",
        f"arn:aws:cloudformation:us-east-1:{ACCOUNT}:stack/CDKToolkit/id",
    ),
    IamRequest("iam:CreateRole", f"arn:aws:iam::{ACCOUNT}:role/cdk-hnb659fds-deploy-role"),
)
"""`cdk bootstrap` creates a stack with roles, and no role exists that it could assume."""


def dev_requests(stage: SynthesizedStage, command: str) -> list[IamRequest]:
    """Return the requests of a command.

    Raises:
        CommandError: the command is unknown.
    """
    words = shlex.split(command)[2:]
    if words[0] in _WITHOUT_AWS:
        return []
    if words[0] == "cdk":
        return _cdk_requests(stage, words[1] if len(words) > 1 else "deploy")
    match words[0]:
        case "guard" | "review" if "--against" in words:
            return []
        case "guard" | "review" | "watch":
            return _assume(stage, ("lookup-role",))
        case "preflight":
            return [IamRequest("secretsmanager:GetSecretValue", _application_secret(stage))]
        case "service-linked-roles":
            arn = f"arn:aws:iam::{ACCOUNT}:role/aws-service-role/rds.amazonaws.com"
            return [
                IamRequest(f"iam:{name}", f"{arn}/AWSServiceRoleForRDS")
                for name in ("GetRole", "CreateServiceLinkedRole")
            ]
        case "images":
            return [IamRequest("cloudformation:DescribeStacks")]
        case "release":
            return _release_requests(stage, words[1])
        case "set-secret":
            return [
                IamRequest(f"secretsmanager:{name}", _application_secret(stage))
                for name in ("GetSecretValue", "PutSecretValue")
            ]
    raise CommandError(f"no requests are known for dev.py {words[0]}")


def _release_requests(stage: SynthesizedStage, subcommand: str) -> list[IamRequest]:
    """Return the requests of `release`; tests/tools/release runs it on the embedded AWS."""
    place = f"{stage.settings.region}:{ACCOUNT}"
    name = stage.settings.resource_name("release")
    machine = f"arn:aws:states:{place}:stateMachine:{name}"
    execution = f"arn:aws:states:{place}:execution:{name}:backend-20261125-101500"
    stack = f"arn:aws:cloudformation:{place}:stack/{stage.settings.resource_name('workloads')}/id"
    reads = [
        IamRequest("cloudformation:DescribeStacks", stack),
        IamRequest("states:ListExecutions", machine),
        IamRequest("states:DescribeExecution", execution),
        IamRequest("states:GetExecutionHistory", execution),
        IamRequest("cloudwatch:DescribeAlarms", "*"),
        IamRequest("cloudwatch:GetMetricData", "*"),
        IamRequest("elasticloadbalancing:DescribeTargetHealth", "*"),
    ]
    match subcommand:
        case "status" | "history":
            return reads
        case "start":
            return [*reads, IamRequest("states:StartExecution", machine)]
        case "rollback":
            start = IamRequest("states:StartExecution", machine)
            return [*reads, start, IamRequest("states:StopExecution", execution)]
    raise CommandError(f"no requests are known for dev.py release {subcommand}")


def _cdk_requests(stage: SynthesizedStage, subcommand: str) -> list[IamRequest]:
    if subcommand == "bootstrap":
        return list(_BOOTSTRAP)
    if subcommand not in _BOOTSTRAP_ROLES:
        raise CommandError(f"no requests are known for cdk {subcommand}")
    return _assume(stage, _BOOTSTRAP_ROLES[subcommand])


def _assume(stage: SynthesizedStage, purposes: tuple[str, ...]) -> list[IamRequest]:
    place = f"{ACCOUNT}-{stage.settings.region}"
    return [
        IamRequest("sts:AssumeRole", f"arn:aws:iam::{ACCOUNT}:role/cdk-hnb659fds-{purpose}-{place}")
        for purpose in purposes
    ]


def _application_secret(stage: SynthesizedStage) -> str:
    name = stage.settings.secret_names.application
    return f"arn:aws:secretsmanager:{stage.settings.region}:{ACCOUNT}:secret:{name}-AbCdEf"
