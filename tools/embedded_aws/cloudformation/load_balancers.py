"""Refuses to delete a load balancer whose attribute deletion_protection.enabled is true.

ministack 1.5.33 deletes it. On AWS the deletion fails, and so do `cdk destroy` and the rollback of
a creation ("Application Load Balancers: Deletion protection").
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from ministack.services import alb  # type: ignore[import-untyped]
from ministack.services.cloudformation import provisioners  # type: ignore[import-untyped]

LOAD_BALANCER = "AWS::ElasticLoadBalancingV2::LoadBalancer"
_PROTECTION = "deletion_protection.enabled"


def protect_load_balancers() -> None:
    """Make the deletion of a protected load balancer fail, by its stack and by the API."""
    handler = dict(provisioners._RESOURCE_HANDLERS[LOAD_BALANCER])
    handler["delete"] = _unless_protected(handler["delete"])
    provisioners._RESOURCE_HANDLERS[LOAD_BALANCER] = handler
    alb._ACTION_MAP["DeleteLoadBalancer"] = _refusing(alb._ACTION_MAP["DeleteLoadBalancer"])


def _unless_protected(delete: Callable[..., object]) -> Callable[..., object]:
    def checked(physical_id: str, properties: object) -> object:
        if _is_protected(physical_id):
            message = f"{_refusal(physical_id)} (Service: ElasticLoadBalancingV2, Status Code: 400)"
            raise ValueError(message)
        return delete(physical_id, properties)

    return checked


def _refusing(delete_load_balancer: Callable[..., object]) -> Callable[..., object]:
    def delete(parameters: dict[str, Any]) -> object:
        arn = str(alb._p(parameters, "LoadBalancerArn"))
        if _is_protected(arn):
            return alb._error("OperationNotPermitted", _refusal(arn))
        return delete_load_balancer(parameters)

    return delete


def _is_protected(arn: str) -> bool:
    attributes = {each["Key"]: each["Value"] for each in alb._lb_attrs.get(arn, [])}
    return attributes.get(_PROTECTION) == "true"


def _refusal(arn: str) -> str:
    return f"Load balancer '{arn}' cannot be deleted because deletion protection is enabled"
