"""The pods of the clusters as targets: their health, and their responses.

A target group that no rule and no listener uses has targets of the state `unused`, which Elastic
Load Balancing does not check (User Guide for Application Load Balancers, "Health checks for target
groups"). With a Docker engine this module is not used: pods run there.
"""

from __future__ import annotations

import json
from collections.abc import Awaitable, Callable, Iterable, Mapping
from typing import Any

from ministack.services import alb  # type: ignore[import-untyped]

from tools.embedded_aws.kubernetes.cluster import Cluster
from tools.embedded_aws.kubernetes.image_faults import ImageFaults
from tools.embedded_aws.kubernetes.pods import Pod, is_bound, pods_of_group

_REASONS = {
    "initial": "Elb.InitialHealthChecking",
    "unhealthy": "Target.ResponseCodeMismatch",
    "unused": "Target.NotInUse",
}
Response = tuple[int, dict[str, Any], Any]


class PodTargets:
    """Answers for the target groups that a TargetGroupBinding of a cluster has."""

    def __init__(self, clusters: Callable[[], Iterable[Cluster]], faults: ImageFaults) -> None:
        """Take the clusters of the current account and Region, and the faults of images."""
        self._clusters = clusters
        self._faults = faults

    def install(self) -> None:
        """Replace the functions of the emulator that read the targets of a target group."""
        actions = alb._ACTION_MAP
        actions["DescribeTargetHealth"] = self._describing(actions["DescribeTargetHealth"])
        alb._forward_to_tg = self._forwarding(alb._forward_to_tg)

    def _pods(self, group: str) -> list[Pod] | None:
        """Return the pods of a target group; None if no cluster has a binding for it."""
        bound = [cluster for cluster in self._clusters() if is_bound(cluster, group)]
        if not bound:
            return None
        return [pod for cluster in bound for pod in pods_of_group(cluster, group, self._faults)]

    def _describing(self, describe: Callable[..., Response]) -> Callable[..., Response]:
        def describe_target_health(params: Mapping[str, Any]) -> Response:
            group = alb._p(params, "TargetGroupArn")
            pods = self._pods(group) if group in alb._tgs else None
            if pods is None:
                return describe(params)
            is_used = _is_used(group)
            members = "".join(
                _description(pod, self._faults.of(pod.image).health if is_used else "unused")
                for pod in pods
            )
            response: Response = alb._xml(
                200,
                "DescribeTargetHealth",
                f"<TargetHealthDescriptions>{members}</TargetHealthDescriptions>",
            )
            return response

        return describe_target_health

    def _forwarding(
        self, forward: Callable[..., Awaitable[Response]]
    ) -> Callable[..., Awaitable[Response]]:
        async def forward_to_group(
            group: str, method: str, path: str, headers: Mapping[str, str], *request: object
        ) -> Response:
            pods = self._pods(group)
            if pods is None:
                return await forward(group, method, path, headers, *request)
            if not pods:
                return 503, {"Content-Type": "text/html"}, b"503 Service Temporarily Unavailable"
            image = pods[0].image
            body = json.dumps({"image": image, "path": path}).encode()
            status = self._faults.of(image).http_status
            return status, {"Content-Type": "application/json"}, body

        return forward_to_group


def _is_used(group: str) -> bool:
    """Return whether an action of a rule or of a listener forwards to the target group."""
    actions = [
        action
        for record in (*alb._rules.values(), *alb._listeners.values())
        for action in record.get("Actions") or record.get("DefaultActions") or ()
    ]
    return any(
        group == target["TargetGroupArn"]
        for action in actions
        for target in action.get("ForwardConfig", {}).get("TargetGroups", ())
    )


def _description(pod: Pod, state: str) -> str:
    reason = f"<Reason>{_REASONS[state]}</Reason>" if state in _REASONS else ""
    return (
        f"<member><Target><Id>{pod.address}</Id><Port>{pod.port}</Port></Target>"
        f"<HealthCheckPort>{pod.port}</HealthCheckPort>"
        f"<TargetHealth><State>{state}</State>{reason}</TargetHealth></member>"
    )
