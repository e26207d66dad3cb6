"""Which requests reach which service: target groups, and the load balancer's rules."""

from collections.abc import Sequence

import aws_cdk as cdk
from aws_cdk import aws_ec2 as ec2
from aws_cdk import aws_elasticloadbalancingv2 as elbv2

from constructs import Construct
from k8s.application import BACKEND, FRONTEND, Service

BACKEND_PATHS = ("/api/*", "/health/*", "/socket.io/*")
PRIVATE_PATHS = ("/metrics", "/metrics/*")


class Traffic(Construct):
    """The target groups of both services, and the rules that forward to them.

    They stand beside the images: a release moves both in one update.
    """

    def __init__(
        self,
        scope: Construct,
        construct_id: str,
        *,
        vpc: ec2.IVpc,
        listener: elbv2.IApplicationListener,
    ) -> None:
        """Make them.

        Args:
            scope: where the construct lives.
            construct_id: its id there.
            vpc: the pods' VPC; load balancers send to their addresses in it.
            listener: takes the rules.
        """
        super().__init__(scope, construct_id)
        self._vpc = vpc
        backend = self._targets(BACKEND, sticky=True)
        frontend = self._targets(FRONTEND, sticky=False)
        self.targets = {BACKEND.name: backend, FRONTEND.name: frontend}
        self._route(listener, "Private", 5, PRIVATE_PATHS, None)
        self._route(listener, "Backend", 10, BACKEND_PATHS, backend)
        self._route(listener, "Frontend", 20, ["/*"], frontend)

    def _targets(self, service: Service, *, sticky: bool) -> elbv2.ApplicationTargetGroup:
        """Make the target group: pods join it through a TargetGroupBinding.

        Unnamed: 32 characters do not hold every name, and a fixed one blocks a replacement.
        Socket.IO's long polling needs a client to stay on its pod.
        """
        return elbv2.ApplicationTargetGroup(
            self,
            f"{service.name.capitalize()}Targets",
            vpc=self._vpc,
            target_type=elbv2.TargetType.IP,
            port=service.port,
            protocol=elbv2.ApplicationProtocol.HTTP,
            deregistration_delay=cdk.Duration.seconds(30),
            stickiness_cookie_duration=cdk.Duration.days(1) if sticky else None,
            health_check=elbv2.HealthCheck(
                path=service.readiness_path,
                interval=cdk.Duration.seconds(30),
                timeout=cdk.Duration.seconds(5),
                healthy_threshold_count=2,
                unhealthy_threshold_count=3,
                healthy_http_codes="200",
            ),
        )

    def _route(
        self,
        listener: elbv2.IApplicationListener,
        name: str,
        priority: int,
        paths: Sequence[str],
        targets: elbv2.ApplicationTargetGroup | None,
    ) -> None:
        """Send these paths to the targets, or answer 404 where there are none."""
        action = elbv2.ListenerAction
        elbv2.ApplicationListenerRule(
            self,
            f"{name}Rule",
            listener=listener,
            priority=priority,
            conditions=[elbv2.ListenerCondition.path_patterns(list(paths))],
            action=action.forward([targets]) if targets else action.fixed_response(404),
        )
