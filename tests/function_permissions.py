"""Compares the API calls that a Lambda function makes in its tests with what its role allows."""

from collections.abc import Callable, Iterable, Mapping
from typing import Any

from tests.role_policies import RolePolicies
from tests.synthesis import SynthesizedStage
from tools.operations.preflight.api_calls import ApiCall

Resources = Mapping[str, Callable[[Mapping[str, Any]], str]]
"""The ARN that a call is authorized for, from its parameters, by the prefix of its IAM action."""


def role_of_function(stage: SynthesizedStage, stack: str, function_name: str) -> RolePolicies:
    """Return the policies of the role of a function."""
    (role,) = (
        function["Properties"]["Role"]["Fn::GetAtt"][0]
        for function in stage.resources(stack, "AWS::Lambda::Function").values()
        if function["Properties"].get("FunctionName") == function_name
    )
    return RolePolicies(stage, stack, role)


def denied_calls(
    role: RolePolicies, calls: Iterable[ApiCall], resources: Resources
) -> set[tuple[str, str]]:
    """Return the action and the ARN of each call that the role of a function does not allow."""
    requests = {
        (call.action, resources[call.action.partition(":")[0]](call.parameters)) for call in calls
    }
    return {request for request in requests if not role.allows(*request)}


def unused_actions(role: RolePolicies, calls: Iterable[ApiCall], prefixes: set[str]) -> set[str]:
    """Return the actions of some services that the role allows and no call needs."""
    allowed = {action for statement in role.statements() for action in statement["Action"]}
    used = {call.action for call in calls}
    return {action for action in allowed - used if action.partition(":")[0] in prefixes}
