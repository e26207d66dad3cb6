"""The routing of requests: the target groups of the services, and the rules of the listener."""

from collections.abc import Mapping, Sequence
from typing import Any, cast

import aws_cdk as cdk
from aws_cdk import aws_ec2 as ec2
from aws_cdk import aws_elasticloadbalancingv2 as elbv2
from aws_cdk import aws_kms as kms
from aws_cdk import aws_secretsmanager as secretsmanager

from constructs import Construct
from k8s.application import BACKEND, FRONTEND, Service
from settings.delivery import Track
from settings.services import BACKEND_PATH_PREFIXES
from stacks.shared.acknowledgement import acknowledge
from stacks.shared.names import PROBE_HEADER
from stacks.shared.weak_references import refer_weakly
from stacks.workloads.traffic_position import TrafficPosition

BACKEND_PATHS = tuple(f"{prefix}*" for prefix in BACKEND_PATH_PREFIXES)
PRIVATE_PATHS = ("/metrics", "/metrics/*")
"""The load balancer answers these paths with 404. The CloudWatch agent reads them directly from the
pods."""

_ROUTES: Mapping[str, tuple[int, Sequence[str]]] = {
    BACKEND.name: (10, BACKEND_PATHS),
    FRONTEND.name: (20, ("/*",)),
}
"""The priority and the paths of each service's rule."""
_STICKY_SECONDS = 300
"""How long a client stays on its track while both tracks receive traffic. The load balancer honours
its cookie before the weights, so at the ends of the line no cookie is in use."""


class Routing(Construct):
    """A target group for each track, and the listener rules that forward requests to them.

    They are in the same stack as the images, so that one update changes both.
    """

    def __init__(
        self,
        scope: Construct,
        construct_id: str,
        *,
        vpc: ec2.IVpc,
        listener: elbv2.IApplicationListener,
        positions: Mapping[str, TrafficPosition],
        secrets_key: kms.IKey,
    ) -> None:
        """Create the target groups and the rules.

        Args:
            scope: The scope of the construct.
            construct_id: The id of the construct.
            vpc: The VPC of the pods.
            listener: The listener of the load balancer.
            positions: The position of each service with two tracks, by the service's name.
            secrets_key: The KMS key of the secret that selects a track.
        """
        super().__init__(scope, construct_id)
        self._vpc = vpc
        self._listener = listener
        self._positions = positions
        self._target_groups: dict[tuple[str, Track], elbv2.ApplicationTargetGroup] = {}
        for service in (BACKEND, FRONTEND):
            self._create_target_groups(service)
        self.probe_secret = self._create_probe_secret(secrets_key) if positions else None
        private = [elbv2.ListenerCondition.path_patterns(list(PRIVATE_PATHS))]
        self._add_rule("Private", 5, private, elbv2.ListenerAction.fixed_response(404))
        self._rules = {service.name: self._route(service) for service in (BACKEND, FRONTEND)}

    @property
    def all_target_groups(self) -> Sequence[elbv2.ApplicationTargetGroup]:
        """The target groups of all tracks."""
        return list(self._target_groups.values())

    def tracks(self, service: Service) -> Sequence[Track]:
        """Return the tracks of a service."""
        return ("blue", "green") if service.name in self._positions else ("blue",)

    def target_group(self, service: Service, track: Track = "blue") -> elbv2.ApplicationTargetGroup:
        """Return the target group of a track."""
        return self._target_groups[service.name, track]

    def rule(self, service: Service) -> elbv2.ApplicationListenerRule:
        """Return the rule that forwards the requests of a service."""
        return self._rules[service.name]

    def _create_target_groups(self, service: Service) -> None:
        for track in self.tracks(service):
            suffix = "" if track == "blue" else track.capitalize()
            self._target_groups[service.name, track] = self._create_target_group(
                f"{service.name.capitalize()}{suffix}Targets", service
            )

    def _create_target_group(
        self, construct_id: str, service: Service
    ) -> elbv2.ApplicationTargetGroup:
        """Create the target group. A TargetGroupBinding registers the pods.

        CloudFormation generates the name: a name has at most 32 characters, and a fixed one would
        block a replacement. Another port replaces the group. Socket.IO's long polling needs all
        requests of a client on the same pod of the backend.
        """
        # A zone is unhealthy in DNS when one of its target groups has no healthy target. The target
        # group of a track that does not run has none.
        empty_track_is_healthy = elbv2.TargetGroupHealth(dns_minimum_healthy_target_count=0)
        group = elbv2.ApplicationTargetGroup(
            self,
            construct_id,
            vpc=self._vpc,
            target_type=elbv2.TargetType.IP,
            port=service.port,
            protocol=elbv2.ApplicationProtocol.HTTP,
            deregistration_delay=cdk.Duration.seconds(30),
            stickiness_cookie_duration=cdk.Duration.days(1) if service is BACKEND else None,
            target_group_health=empty_track_is_healthy if service.name in self._positions else None,
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

    def _route(self, service: Service) -> elbv2.ApplicationListenerRule:
        """Create the rule of a service and, for one with two tracks, the rule for probes."""
        priority, paths = _ROUTES[service.name]
        conditions = [elbv2.ListenerCondition.path_patterns(list(paths))]
        name = service.name.capitalize()
        blue = elbv2.ListenerAction.forward([self.target_group(service)])
        rule = self._add_rule(name, priority, conditions, blue)
        if self.probe_secret is not None and service.name in self._positions:
            self._split_traffic(rule, service, self._positions[service.name])
            # The header is no credential: whoever knows it can only reach the other release.
            secret = self.probe_secret.secret_value.unsafe_unwrap()
            header = elbv2.ListenerCondition.http_header(PROBE_HEADER, [secret])
            green = elbv2.ListenerAction.forward([self.target_group(service, "green")])
            probe = self._add_rule(f"{name}Probe", priority - 2, [*conditions, header], green)
            self._forward_probes(probe, service, self._positions[service.name])
        return rule

    def _split_traffic(
        self, rule: elbv2.ApplicationListenerRule, service: Service, position: TrafficPosition
    ) -> None:
        """Forward to one target group at both ends of the line, and to two between them.

        With one target group and no stickiness, no cookie can send a client to the other track. A
        rule with two target groups needs stickiness of its own where one of them is sticky.
        """
        both = {
            "TargetGroups": [
                {
                    "TargetGroupArn": self.target_group(service, track).target_group_arn,
                    "Weight": position.weight(track),
                }
                for track in self.tracks(service)
            ],
            "TargetGroupStickinessConfig": {"Enabled": True, "DurationSeconds": _STICKY_SECONDS},
        }
        _set_action(
            rule,
            _if(
                position.receives_all("blue"),
                self._forward(service, "blue"),
                _if(
                    position.receives_all("green"),
                    self._forward(service, "green"),
                    {"Type": "forward", "ForwardConfig": both},
                ),
            ),
        )

    def _forward_probes(
        self, rule: elbv2.ApplicationListenerRule, service: Service, position: TrafficPosition
    ) -> None:
        """Forward to the track without traffic.

        The load balancer checks the health of a target only if a rule uses its target group.
        Without this rule, no pod of that track would become ready.
        """
        to_blue, to_green = self._forward(service, "blue"), self._forward(service, "green")
        _set_action(rule, _if(position.receives_all("green"), to_blue, to_green))

    def _forward(self, service: Service, track: Track) -> dict[str, Any]:
        arn = self.target_group(service, track).target_group_arn
        return {"Type": "forward", "TargetGroupArn": arn}

    def _create_probe_secret(self, key: kms.IKey) -> secretsmanager.Secret:
        """Create the value of the header that selects the track without traffic.

        A condition of a listener rule knows the wildcards `*` and `?`, and has no other special
        characters ("Condition types for listener rules", Application Load Balancers).
        """
        secret = secretsmanager.Secret(
            self,
            "ProbeSecret",
            description=f"The header {PROBE_HEADER} with this value reaches the idle track",
            encryption_key=key,
            generate_secret_string=secretsmanager.SecretStringGenerator(
                exclude_punctuation=True, password_length=32
            ),
        )
        # A stage that returns to one track removes the secret.
        refer_weakly(secret)
        acknowledge(
            secret,
            "AwsSolutions-SMG4",
            "NIST.800.53.R5-SecretsManagerRotationEnabled",
            reason="The value is no credential. Whoever knows it reaches the track without "
            "traffic, which runs the same application behind the same firewall. A new value would "
            "need an update of the listener rule and of the release machine.",
        )
        return secret

    def _add_rule(
        self,
        name: str,
        priority: int,
        conditions: Sequence[elbv2.ListenerCondition],
        action: elbv2.ListenerAction,
    ) -> elbv2.ApplicationListenerRule:
        return elbv2.ApplicationListenerRule(
            self,
            f"{name}Rule",
            listener=self._listener,
            priority=priority,
            conditions=conditions,
            action=action,
        )


def _if(condition: str, then: dict[str, Any], otherwise: dict[str, Any]) -> dict[str, Any]:
    return {"Fn::If": [condition, then, otherwise]}


def _set_action(rule: elbv2.ApplicationListenerRule, action: dict[str, Any]) -> None:
    """Set the action of a rule. The L2 has no conditions for actions."""
    resource = cast(cdk.CfnResource, rule.node.default_child)
    resource.add_property_override("Actions", [action])
