"""The roles of the security stack, and what the policies of all stacks allow them."""

from collections import defaultdict
from collections.abc import Iterable, Iterator
from typing import Any

from tests.synthesis import ACCOUNT, SynthesizedStage

_ARNS = {
    "AWS::CloudWatch::Alarm": "cloudwatch:{region}:{account}:alarm:{AlarmName}",
    "AWS::EKS::Cluster": "eks:{region}:{account}:cluster/{Name}",
    "AWS::Lambda::Function": "lambda:{region}:{account}:function:{FunctionName}",
    "AWS::SecretsManager::Secret": "secretsmanager:{region}:{account}:secret:{Name}",
    "AWS::SNS::Topic": "sns:{region}:{account}:{TopicName}",
    "AWS::StepFunctions::StateMachine": "states:{region}:{account}:stateMachine:{StateMachineName}",
}
_NAMES = {"AWS::IAM::Role": "RoleName", "AWS::RDS::DBInstance": "DBInstanceIdentifier"}


def role(stage: SynthesizedStage, name: str) -> dict[str, Any]:
    """Return the properties of the role whose name ends like this."""
    full = stage.settings.resource_name(name)
    roles = stage.resources("security", "AWS::IAM::Role").values()
    return next(r["Properties"] for r in roles if r["Properties"].get("RoleName") == full)


def bootstrap_roles(stage: SynthesizedStage) -> set[str]:
    """Return the last parts of the ARNs of the bootstrap roles that a deployment needs."""
    return {
        f"role/cdk-hnb659fds-{name}-{ACCOUNT}-{stage.settings.region}"
        for name in ("deploy-role", "file-publishing-role", "lookup-role")
    }


def permissions(stage: SynthesizedStage, role: str) -> dict[str, set[str]]:
    """Return the resources of each allowed action.

    Args:
        stage: The synthesized stage.
        role: The last part of the role's name, such as `admin`.

    Returns:
        The last parts of the ARNs by action, such as `db:spywatcher-production`.
    """
    return _allowed(stage, attached_policies(stage, role))


def preflight_permissions(stage: SynthesizedStage) -> dict[str, set[str]]:
    """Return what the policy of preflight allows administrators, as `permissions` does."""
    policies = attached_policies(stage, "admin")
    return _allowed(stage, (policy for policy in policies if is_preflight_policy(policy[2])))


def is_preflight_policy(policy: dict[str, Any]) -> bool:
    """Return whether these are the properties of the policy of preflight."""
    return policy.get("Description") == "Administrators: read what a deployment needs"


def attached_policies(
    stage: SynthesizedStage, role: str
) -> Iterator[tuple[str, str, dict[str, Any]]]:
    """Yield the stack, the type and the properties of each policy that names the role."""
    name = stage.settings.resource_name(role)
    for stack, template in stage.templates.items():
        for resource in template["Resources"].values():
            if resource["Type"] in ("AWS::IAM::ManagedPolicy", "AWS::IAM::Policy"):
                properties = resource["Properties"]
                if name in [_resolve(stage, stack, each) for each in properties.get("Roles", [])]:
                    yield stack, resource["Type"], properties


def _allowed(
    stage: SynthesizedStage, policies: Iterable[tuple[str, str, dict[str, Any]]]
) -> dict[str, set[str]]:
    allowed = defaultdict(set)
    for stack, _, policy in policies:
        for statement in policy["PolicyDocument"]["Statement"]:
            assert statement["Effect"] == "Allow"
            assert "Condition" not in statement
            for action in _as_list(statement["Action"]):
                for resource in _as_list(statement["Resource"]):
                    arn = _resolve(stage, stack, resource)
                    allowed[action].add(arn.split(":", maxsplit=5)[-1])
    return dict(allowed)


def _as_list(value: Any) -> list[Any]:
    return value if isinstance(value, list) else [value]


def _resolve(stage: SynthesizedStage, stack: str, value: Any) -> str:
    """Return the name or the ARN that a value of a template stands for."""
    if isinstance(value, str):
        return value
    ((function, argument),) = value.items()
    if function == "Fn::Join":
        separator, parts = argument
        return str(separator).join(_resolve(stage, stack, part) for part in parts)
    if function == "Fn::ImportValue":
        return _resolve(stage, *stage.exports()[argument])
    logical_id = argument[0] if function == "Fn::GetAtt" else argument
    resource = stage.templates[stack]["Resources"][logical_id]
    if resource["Type"] in _NAMES:
        return str(resource["Properties"].get(_NAMES[resource["Type"]], logical_id))
    if resource["Type"] in _ARNS:
        arn = _ARNS[resource["Type"]]
        return "arn:aws:" + arn.format(
            region=stage.settings.region, account=ACCOUNT, **resource["Properties"]
        )
    return str(logical_id)
