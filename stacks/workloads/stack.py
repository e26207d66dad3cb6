"""Workloads: the application's objects, in the order in which they can be applied."""

import aws_cdk as cdk
from aws_cdk import aws_eks_v2 as eks
from aws_cdk import aws_elasticloadbalancingv2 as elbv2
from aws_cdk import aws_iam as iam

from constructs import IDependable
from k8s import charts
from k8s.application import BACKEND, FRONTEND, Service
from k8s.names import NAMESPACE, object_name
from k8s.network_policies import AddressRanges
from k8s.scaled_object import RequestCount
from settings import StageSettings
from settings.names import SecretNames
from settings.services import IMAGE_PATTERN, RELEASE_PATTERN
from spywatcher_constructs.three_tier_vpc import ThreeTierVpc
from stacks.cluster.controllers.load_balancer_controller import allow_target_registration
from stacks.shared.base import StageStack
from stacks.shared.names import instance_identifier
from stacks.workloads.routing import Traffic

_JOB_TIMEOUT = cdk.Duration.minutes(12)
"""A little longer than the Jobs' own deadline; 15 minutes are the most that the wait can take."""


class WorkloadsStack(StageStack):
    """The application: images and traffic change here, in one update."""

    def __init__(
        self,
        stage: cdk.Stage,
        *,
        settings: StageSettings,
        vpc: ThreeTierVpc,
        load_balancer: elbv2.ApplicationLoadBalancer,
        listener: elbv2.IApplicationListener,
        cluster: eks.ICluster,
        target_registrar: iam.IRole,
        cache_endpoint: str,
    ) -> None:
        """Make the stack for the stage.

        Args:
            stage: the stage that the stack belongs to.
            settings: the stage's settings.
            vpc: the pods' VPC; load balancers send to their addresses in it.
            load_balancer: counts the requests of both services.
            listener: takes the rules of both services.
            cluster: runs the pods.
            target_registrar: makes pods targets: the load balancer controller's role.
            cache_endpoint: the host name of Redis; that of PostgreSQL stands in its secrets.
        """
        super().__init__(
            stage, "workloads", settings=settings, description="Application pods and their traffic"
        )
        self._settings = settings
        self._cluster = cluster
        self._load_balancer = load_balancer
        self._images = {service.name: self._image(service) for service in (BACKEND, FRONTEND)}
        self._release = self._make_release()
        self._targets = Traffic(self, "Traffic", vpc=vpc, listener=listener).targets
        self.backend_targets = self._targets[BACKEND.name]
        self.frontend_targets = self._targets[FRONTEND.name]
        self._registration = allow_target_registration(
            self,
            "TargetRegistration",
            role=target_registrar,
            target_groups=[self.backend_targets, self.frontend_targets],
        )
        self._namespace = self._apply("Namespace", charts.namespace_chart(settings.services.quota))
        surroundings = [
            self._apply("Access", charts.access_chart(), self._namespace),
            self._apply("Network", charts.network_chart(_ranges(settings, vpc)), self._namespace),
            *self._keep_secrets(cache_endpoint),
        ]
        migrated = self._prepare_database(surroundings)
        configuration = self._apply(
            "Configuration",
            charts.configuration_chart(settings.application, domain=settings.domain.name),
            self._namespace,
        )
        self._keda_reads = self._let_keda_read()
        for service in (BACKEND, FRONTEND):
            self._run(service, [*surroundings, configuration, migrated])

    def _image(self, service: Service) -> str:
        """Return the image: a parameter, which keeps its value.

        So a change of infrastructure does not put back an older release.
        """
        return cdk.CfnParameter(
            self,
            f"{service.name.capitalize()}Image",
            description=f"Image of the {service.name}, with tag or digest",
            default=self._settings.services.by_name()[service.name].image,
            allowed_pattern=IMAGE_PATTERN,
            constraint_description="an image with a tag other than latest, or with a digest",
        ).value_as_string

    def _make_release(self) -> str:
        return cdk.CfnParameter(
            self,
            "Release",
            description="Names the Jobs that run before the images; a new one with each of them",
            default=self._settings.services.release,
            allowed_pattern=RELEASE_PATTERN,
            constraint_description="at most 20 of a-z, 0-9 and -, no - at either end",
        ).value_as_string

    def _keep_secrets(self, cache_endpoint: str) -> list[IDependable]:
        """Have External Secrets keep each secret; a pod waits for the one that it uses."""
        store = self._apply(
            "SecretStore", charts.secret_store_chart(region=self.region), self._namespace
        )
        secrets = charts.secret_charts(
            names=SecretNames(self._settings.resource_name()), cache_endpoint=cache_endpoint
        )
        return [self._apply(f"{name}Secret", manifest, store) for name, manifest in secrets.items()]

    def _prepare_database(self, after: list[IDependable]) -> IDependable:
        """Make the roles, then migrate; what fails here stops the release before its first pod."""
        database, services = self._settings.database, self._settings.services
        instance = instance_identifier(self._settings, database.active_generation)
        bootstrap = charts.database_bootstrap_chart(
            instance=instance, region=self._settings.region, release=self._release
        )
        migrations = charts.migrations_chart(
            services.backend.resources, image=self._images[BACKEND.name], release=self._release
        )
        made = self._run_job("DatabaseBootstrap", bootstrap, *after)
        return self._run_job("Migrations", migrations, made)

    def _run_job(
        self, construct_id: str, manifest: charts.Manifest, *after: IDependable
    ) -> IDependable:
        """Apply the Job of a chart, and wait until it has succeeded."""
        (name,) = (item["metadata"]["name"] for item in manifest if item["kind"] == "Job")
        applied = self._apply(construct_id, manifest, *after)
        done = eks.KubernetesObjectValue(
            self,
            f"{construct_id}Done",
            cluster=self._cluster,
            object_type="job",
            object_name=name,
            object_namespace=NAMESPACE,
            json_path=".status.succeeded",
            timeout=_JOB_TIMEOUT,
        )
        done.node.add_dependency(applied)
        return done

    def _run(self, service: Service, after: list[IDependable]) -> None:
        """Run a service; the binding first, so that its pods begin with a readiness gate."""
        settings = self._settings.services.by_name()[service.name]
        name = service.name.capitalize()
        target_group = self._targets[service.name]
        binding = self._apply(
            f"{name}Binding",
            charts.target_group_binding_chart(
                service, target_group_arn=target_group.target_group_arn
            ),
            self._namespace,
            self._registration,
        )
        running = self._apply(
            name,
            charts.service_chart(service, settings, image=self._images[service.name]),
            binding,
            *after,
        )
        self._start(service, settings.replicas.initial, running)
        autoscaler = self._apply(
            f"{name}Autoscaler", charts.autoscaler_chart(service, settings), running
        )
        if settings.requests_per_minute_per_pod is not None:
            requests = RequestCount(
                region=self.region,
                load_balancer=self._load_balancer.load_balancer_full_name,
                target_group=target_group.target_group_full_name,
            )
            self._apply(
                f"{name}RequestRate",
                charts.request_rate_chart(service, settings, requests),
                autoscaler,
                *self._keda_reads,
            )

    def _start(self, service: Service, replicas: int, running: IDependable) -> None:
        """Start as many pods as the design says; this once, since the patch never changes.

        The Deployment names no number: each release would set the live one back.
        """
        patch = eks.KubernetesPatch(
            self,
            f"{service.name.capitalize()}Start",
            cluster=self._cluster,
            resource_name=f"deployment/{object_name(service.name)}",
            resource_namespace=NAMESPACE,
            apply_patch={"spec": {"replicas": replicas}},
            restore_patch={},
        )
        patch.node.add_dependency(running)

    def _let_keda_read(self) -> list[IDependable]:
        services = self._settings.services.by_name().values()
        if all(each.requests_per_minute_per_pod is None for each in services):
            return []
        manifest = charts.cloudwatch_authentication_chart()
        return [self._apply("CloudwatchAuthentication", manifest, self._namespace)]

    def _apply(
        self, construct_id: str, manifest: charts.Manifest, *after: IDependable
    ) -> IDependable:
        """Apply a manifest. The id is for ever: under another one its objects are deleted."""
        applied = eks.KubernetesManifest(
            self, construct_id, cluster=self._cluster, manifest=manifest, prune=True
        )
        applied.node.add_dependency(*after)
        return applied


def _ranges(settings: StageSettings, vpc: ThreeTierVpc) -> AddressRanges:
    return AddressRanges(
        vpc=settings.network.cidr,
        load_balancer=vpc.tier_range("public"),
        data_stores=vpc.tier_range("database"),
    )
