"""Refuses to delete a load balancer whose attribute deletion_protection.enabled is true.

ministack 1.5.33 deletes it with its stack. On AWS the deletion fails, and so do `cdk destroy` and
the rollback of a creation ("Application Load Balancers: Deletion protection").
"""

from __future__ import annotations

from collections.abc import Callable

from ministack.services import alb  # type: ignore[import-untyped]
from ministack.services.cloudformation import provisioners  # type: ignore[import-untyped]

LOAD_BALANCER = "AWS::ElasticLoadBalancingV2::LoadBalancer"
_PROTECTION = "deletion_protection.enabled"


def protect_load_balancers() -> None:
    """Make the deletion of a protected load balancer fail."""
    handler = dict(provisioners._RESOURCE_HANDLERS[LOAD_BALANCER])
    handler["delete"] = _unless_protected(handler["delete"])
    provisioners._RESOURCE_HANDLERS[LOAD_BALANCER] = handler


def _unless_protected(delete: Callable[..., object]) -> Callable[..., object]:
    def checked(physical_id: str, properties: object) -> object:
        attributes = {each["Key"]: each["Value"] for each in alb._lb_attrs.get(physical_id, [])}
        if attributes.get(_PROTECTION) == "true":
            raise ValueError(
                f"Load balancer '{physical_id}' cannot be deleted because deletion protection is "
                "enabled (Service: ElasticLoadBalancingV2, Status Code: 400)"
            )
        return delete(physical_id, properties)

    return checked
