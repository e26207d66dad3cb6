"""The routing of requests: the target groups of the services, and the rules of the listener."""

from collections.abc import Sequence

import aws_cdk as cdk
from aws_cdk import aws_ec2 as ec2
from aws_cdk import aws_elasticloadbalancingv2 as elbv2

from constructs import Construct
from k8s.application import BACKEND, FRONTEND, Service
from stacks.shared.weak_references import refer_weakly

BACKEND_PATHS = ("/api/*", "/health/*", "/socket.io/*")
PRIVATE_PATHS = ("/metrics", "/metrics/*")
"""The load balancer answers these paths with 404. The CloudWatch agent reads them directly from the
pods."""


class Routing(Construct):
    """A target group for each service, and the listener rules that forward requests to it.

    They are in the same stack as the images, so that one update changes both.
    """

    def __init__(
        self,
        scope: Construct,
        construct_id: str,
        *,
        vpc: ec2.IVpc,
        listener: elbv2.IApplicationListener,
    ) -> None:
        """Create the target groups and the rules.

        Args:
            scope: The scope of the construct.
            construct_id: The id of the construct.
            vpc: The VPC of the pods.
            listener: The listener of the load balancer.
        """
        super().__init__(scope, construct_id)
        self._vpc = vpc
        self._listener = listener
        # Socket.IO's long polling needs all requests of a client on the same pod.
        self.backend = self._create_target_group(BACKEND, sticky=True)
        self.frontend = self._create_target_group(FRONTEND, sticky=False)
        self._add_rule("Private", 5, PRIVATE_PATHS, elbv2.ListenerAction.fixed_response(404))
        self._add_rule("Backend", 10, BACKEND_PATHS, elbv2.ListenerAction.forward([self.backend]))
        self._add_rule("Frontend", 20, ["/*"], elbv2.ListenerAction.forward([self.frontend]))

    def target_group(self, service: Service) -> elbv2.ApplicationTargetGroup:
        """Return the target group of a service."""
        return {BACKEND.name: self.backend, FRONTEND.name: self.frontend}[service.name]

    def _create_target_group(
        self, service: Service, *, sticky: bool
    ) -> elbv2.ApplicationTargetGroup:
        """Create the target group. A TargetGroupBinding registers the pods.

        CloudFormation generates the name: a name has at most 32 characters, and a fixed one would
        block a replacement. Another port replaces the group.
        """
        group = elbv2.ApplicationTargetGroup(
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
        refer_weakly(group)
        return group

    def _add_rule(
        self, name: str, priority: int, paths: Sequence[str], action: elbv2.ListenerAction
    ) -> None:
        elbv2.ApplicationListenerRule(
            self,
            f"{name}Rule",
            listener=self._listener,
            priority=priority,
            conditions=[elbv2.ListenerCondition.path_patterns(list(paths))],
            action=action,
        )
