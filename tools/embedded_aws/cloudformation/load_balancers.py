"""Refuses to delete a load balancer whose attribute deletion_protection.enabled is true.

ministack 1.5.33 deletes it. On AWS the deletion fails, and so do `cdk destroy` and the rollback of
a creation ("Application Load Balancers: Deletion protection").
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from ministack.services import alb  # type: ignore[import-untyped]

from tools.embedded_aws.cloudformation.deletions import refuse_deletion

LOAD_BALANCER = "AWS::ElasticLoadBalancingV2::LoadBalancer"
_PROTECTION = "deletion_protection.enabled"


def protect_load_balancers() -> None:
    """Make the deletion of a protected load balancer fail, by its stack and by the API."""
    refuse_deletion(LOAD_BALANCER, _refusal_with_service)
    alb._ACTION_MAP["DeleteLoadBalancer"] = _refusing(alb._ACTION_MAP["DeleteLoadBalancer"])


def _refusing(delete_load_balancer: Callable[..., object]) -> Callable[..., object]:
    def delete(parameters: dict[str, Any]) -> object:
        refusal = _refusal(str(alb._p(parameters, "LoadBalancerArn")))
        if refusal:
            return alb._error("OperationNotPermitted", refusal)
        return delete_load_balancer(parameters)

    return delete


def _refusal(arn: str) -> str:
    attributes = {each["Key"]: each["Value"] for each in alb._lb_attrs.get(arn, [])}
    if attributes.get(_PROTECTION) != "true":
        return ""
    return f"Load balancer '{arn}' cannot be deleted because deletion protection is enabled"


def _refusal_with_service(arn: str) -> str:
    refusal = _refusal(arn)
    return refusal and f"{refusal} (Service: ElasticLoadBalancingV2, Status Code: 400)"
