"""Workloads: the application's objects, and the rules that send requests to them."""

from collections.abc import Sequence

import aws_cdk as cdk
from aws_cdk import aws_ec2 as ec2
from aws_cdk import aws_eks_v2 as eks
from aws_cdk import aws_elasticloadbalancingv2 as elbv2
from aws_cdk import aws_iam as iam

from k8s.application import BACKEND, FRONTEND, Service
from k8s.charts import Manifest, namespace_chart, service_chart
from settings import StageSettings
from settings.services import ServiceSettings
from stacks.base import StageStack
from stacks.controllers.load_balancer_controller import let_register_targets

BACKEND_PATHS = ("/api/*", "/health/*", "/socket.io/*")


class WorkloadsStack(StageStack):
    """The application: images and traffic change here, in one update."""

    def __init__(
        self,
        stage: cdk.Stage,
        *,
        settings: StageSettings,
        vpc: ec2.IVpc,
        listener: elbv2.IApplicationListener,
        cluster: eks.ICluster,
        target_registrar: iam.IRole,
    ) -> None:
        """Make the stack for the stage.

        Args:
            stage: the stage that the stack belongs to.
            settings: the stage's settings.
            vpc: the pods' VPC; load balancers send to their addresses in it.
            listener: takes the rules of both services.
            cluster: runs the pods.
            target_registrar: makes pods targets: the load balancer controller's role.
        """
        super().__init__(
            stage, "workloads", settings=settings, description="Application pods and their traffic"
        )
        self._vpc = vpc
        self._cluster = cluster
        self.backend_targets = self._targets(BACKEND, sticky=True)
        self.frontend_targets = self._targets(FRONTEND, sticky=False)
        self._route(listener, "Private", 5, ["/metrics", "/metrics/*"], None)
        self._route(listener, "Backend", 10, BACKEND_PATHS, self.backend_targets)
        self._route(listener, "Frontend", 20, ["/*"], self.frontend_targets)
        registration = let_register_targets(
            self,
            "TargetRegistration",
            role=target_registrar,
            target_groups=[self.backend_targets, self.frontend_targets],
        )
        namespace = self._apply("Namespace", namespace_chart())
        for service, sizes in (
            (BACKEND, settings.services.backend),
            (FRONTEND, settings.services.frontend),
        ):
            self._run(service, sizes).node.add_dependency(namespace, registration)

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

    def _run(self, service: Service, sizes: ServiceSettings) -> eks.KubernetesManifest:
        """Apply the service's chart. Its image is a parameter, which keeps its value.

        So a change of infrastructure does not put back an older release.
        """
        image = cdk.CfnParameter(
            self,
            f"{service.name.capitalize()}Image",
            description=f"Image of the {service.name}, with tag or digest",
            default=sizes.image,
        )
        chart = service_chart(service, sizes, image=image.value_as_string)
        return self._apply(service.name.capitalize(), chart)

    def _apply(self, construct_id: str, manifest: Manifest) -> eks.KubernetesManifest:
        """Apply a manifest. The id is for ever: under another one its objects are deleted."""
        return eks.KubernetesManifest(
            self, construct_id, cluster=self._cluster, manifest=manifest, prune=True
        )
