"""The workloads stack: the application's Kubernetes objects, in the order of their dependencies."""

import hashlib
import json

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
from settings.services import IMAGE_PATTERN, RELEASE_PATTERN, ServiceSettings
from spywatcher_constructs.three_tier_vpc import ThreeTierVpc
from stacks.cluster.controllers.load_balancer_controller import allow_target_registration
from stacks.shared.kubectl_concurrency import limit_kubectl_concurrency
from stacks.shared.names import instance_identifier
from stacks.shared.stage_stack import StageStack
from stacks.workloads.completion import JOB, ROLLOUT, wait_for
from stacks.workloads.routing import Routing


class WorkloadsStack(StageStack):
    """The pods of the application and the routing of their requests. One update changes both."""

    def __init__(
        self,
        stage: cdk.Stage,
        *,
        settings: StageSettings,
        vpc: ThreeTierVpc,
        load_balancer: elbv2.ApplicationLoadBalancer,
        listener: elbv2.IApplicationListener,
        cluster: eks.ICluster,
        target_registration_role: iam.IRole,
        cache_endpoint: str,
    ) -> None:
        """Create the stack.

        Args:
            stage: The stage of the stack.
            settings: The settings of the stage.
            vpc: The VPC of the pods.
            load_balancer: The load balancer, whose metrics scale the services.
            listener: The listener that receives the rules of both services.
            cluster: The cluster that runs the pods.
            target_registration_role: The role of the load balancer controller.
            cache_endpoint: The host name of Redis. That of PostgreSQL is in its secrets.
        """
        super().__init__(
            stage, "workloads", settings=settings, description="Application pods and their traffic"
        )
        self._settings = settings
        self._cluster = cluster
        self._load_balancer = load_balancer
        self._images = {
            service.name: self._create_image_parameter(service) for service in (BACKEND, FRONTEND)
        }
        self._release = self._create_release_parameter()
        self._routing = Routing(self, "Traffic", vpc=vpc, listener=listener)
        self.backend_targets = self._routing.backend
        self.frontend_targets = self._routing.frontend
        self._target_registration = allow_target_registration(
            self,
            "TargetRegistration",
            role=target_registration_role,
            target_groups=[self.backend_targets, self.frontend_targets],
        )
        self._namespace = self._apply("Namespace", charts.namespace_chart(settings.services.quota))
        namespace_objects = self._apply_namespace_objects(vpc)
        secrets = self._apply_secrets(cache_endpoint)
        migrations = self._run_jobs([*namespace_objects, *secrets])
        configuration = self._apply_configuration(migrations)
        self._keda_authentication = self._apply_keda_authentication()
        for service in (BACKEND, FRONTEND):
            self._run_service(service, [*namespace_objects, *secrets, configuration])
        limit_kubectl_concurrency(self)

    def _create_image_parameter(self, service: Service) -> str:
        """Create the parameter with the image of a service.

        A deployment keeps the parameter's value. A change of the infrastructure therefore does not
        bring an older release back.
        """
        return cdk.CfnParameter(
            self,
            f"{service.name.capitalize()}Image",
            description=f"Image of the {service.name}, with a tag or a digest",
            default=self._settings.services.by_name()[service.name].image,
            allowed_pattern=IMAGE_PATTERN,
            constraint_description="an image of ghcr.io, public.ecr.aws, registry.k8s.io or Amazon "
            "ECR, with a tag other than latest or with a digest",
        ).value_as_string

    def _create_release_parameter(self) -> str:
        return cdk.CfnParameter(
            self,
            "Release",
            description="Suffix of the release's Job names. Each release needs a different one.",
            default=self._settings.services.release,
            allowed_pattern=RELEASE_PATTERN,
            constraint_description="at most 20 of a-z, 0-9 and -, with no - at either end",
        ).value_as_string

    def _apply_namespace_objects(self, vpc: ThreeTierVpc) -> list[IDependable]:
        """Apply the roles, service accounts and network policies of the namespace."""
        ranges = AddressRanges(
            vpc=self._settings.network.cidr,
            load_balancer=vpc.tier_cidr("public"),
            data_stores=vpc.tier_cidr("database"),
        )
        return [
            self._apply(
                "Access",
                charts.access_chart(
                    has_private_registry=self._settings.services.private_registry is not None
                ),
                self._namespace,
            ),
            self._apply("Network", charts.network_chart(ranges), self._namespace),
        ]

    def _apply_secrets(self, cache_endpoint: str) -> list[IDependable]:
        """Apply the secrets. A container waits until the Secret that it reads exists."""
        store = self._apply(
            "SecretStore", charts.secret_store_chart(region=self.region), self._namespace
        )
        secrets = charts.secret_charts(
            names=self._settings.secret_names,
            cache_endpoint=cache_endpoint,
            private_registry=self._settings.services.private_registry,
        )
        return [self._apply(f"{name}Secret", manifest, store) for name, manifest in secrets.items()]

    def _apply_configuration(self, migrations: list[IDependable]) -> IDependable:
        """Apply the ConfigMap. It reaches the running pods too, because Reloader restarts them."""
        return self._apply(
            "Configuration",
            charts.configuration_chart(
                self._settings.application, domain=self._settings.domain.name
            ),
            self._namespace,
            *migrations,
        )

    def _run_jobs(self, dependencies: list[IDependable]) -> list[IDependable]:
        """Run the Job that creates the database's roles, then the migrations.

        If a Job fails, the update fails before a pod of the release starts.
        """
        database, services = self._settings.database, self._settings.services
        bootstrap = self._run_job(
            "DatabaseBootstrap",
            charts.database_bootstrap_chart(
                instance=instance_identifier(self._settings, database.active_generation),
                region=self._settings.region,
                release=self._release,
            ),
            *dependencies,
        )
        return self._run_job(
            "Migrations",
            charts.migrations_chart(
                services.backend.resources,
                image=self._images[BACKEND.name],
                release=self._release,
            ),
            *bootstrap,
        )

    def _run_job(
        self, construct_id: str, manifest: charts.Manifest, *dependencies: IDependable
    ) -> list[IDependable]:
        """Apply the Job of a chart, and return what is created when it has succeeded.

        The update keeps the previous Job, for a rollback (k8s/job.py).
        """
        (name,) = (item["metadata"]["name"] for item in manifest if item["kind"] == "Job")
        job = self._apply(construct_id, manifest, *dependencies, prune=False)
        return wait_for(
            self,
            construct_id,
            cluster=self._cluster,
            completion=JOB,
            object_name=name,
            dependencies=[job],
        )

    def _run_service(self, service: Service, dependencies: list[IDependable]) -> None:
        """Apply the objects of a service, and wait for the roll-out of its pods.

        The TargetGroupBinding comes first: a new pod becomes ready only as a healthy target.
        """
        settings = self._settings.services.by_name()[service.name]
        construct_id = service.name.capitalize()
        binding = self._apply(
            f"{construct_id}Binding{service.port}",
            charts.target_group_binding_chart(
                service, target_group_arn=self._routing.target_group(service).target_group_arn
            ),
            self._namespace,
            self._target_registration,
        )
        manifest = charts.service_chart(service, settings, image=self._images[service.name])
        deployment = self._apply(construct_id, manifest, binding, *dependencies)
        initial_replicas = self._set_initial_replicas(
            service, settings.replicas.initial, deployment
        )
        self._apply_autoscaling(service, settings, deployment)
        self._wait_for_rollout(service, manifest, initial_replicas)

    def _wait_for_rollout(
        self, service: Service, manifest: charts.Manifest, initial_replicas: IDependable
    ) -> None:
        """Wait for the roll-out of each new image and each change of the manifest."""
        image = self._images[service.name]
        text = json.dumps(manifest, sort_keys=True).replace(json.dumps(image)[1:-1], "")
        wait_for(
            self,
            service.name.capitalize(),
            cluster=self._cluster,
            completion=ROLLOUT,
            object_name=object_name(service.name),
            dependencies=[initial_replicas],
            causes={"Image": image, "ChartDigest": hashlib.sha256(text.encode()).hexdigest()[:8]},
        )

    def _set_initial_replicas(
        self, service: Service, replicas: int, deployment: IDependable
    ) -> IDependable:
        """Set the number of replicas at the first deployment.

        The Deployment's manifest has no number, which each release would set again. The number of
        the patch is a parameter, whose value later deployments keep. Otherwise another
        `replicas.initial` would reset the number of pods that the autoscaler has chosen.
        """
        number = cdk.CfnParameter(
            self,
            f"{service.name.capitalize()}InitialReplicas",
            type="Number",
            description=f"Pods of the {service.name} that the first deployment starts",
            default=replicas,
            min_value=1,
            max_value=100,
        )
        patch = eks.KubernetesPatch(
            self,
            f"{service.name.capitalize()}Start",
            cluster=self._cluster,
            resource_name=f"deployment/{object_name(service.name)}",
            resource_namespace=NAMESPACE,
            apply_patch={"spec": {"replicas": number.value_as_number}},
            restore_patch={},
        )
        patch.node.add_dependency(deployment)
        return patch

    def _apply_autoscaling(
        self, service: Service, settings: ServiceSettings, deployment: IDependable
    ) -> None:
        """Apply the autoscaler, and the ScaledObject that takes it over."""
        construct_id = service.name.capitalize()
        autoscaler = self._apply(
            f"{construct_id}Autoscaler", charts.autoscaler_chart(service, settings), deployment
        )
        self._apply(
            f"{construct_id}RequestRate",
            charts.scaled_object_chart(service, settings, self._request_count(service, settings)),
            autoscaler,
            *self._keda_authentication,
        )

    def _request_count(self, service: Service, settings: ServiceSettings) -> RequestCount | None:
        """Return the metric that counts a service's requests, if they scale the service."""
        if settings.requests_per_minute_per_pod is None:
            return None
        target_group = self._routing.target_group(service)
        return RequestCount(
            region=self.region,
            load_balancer=self._load_balancer.load_balancer_full_name,
            target_group=target_group.target_group_full_name,
        )

    def _apply_keda_authentication(self) -> list[IDependable]:
        """Apply the TriggerAuthentication, if the request rate scales a service."""
        services = self._settings.services.by_name().values()
        if all(service.requests_per_minute_per_pod is None for service in services):
            return []
        manifest = charts.cloudwatch_authentication_chart()
        return [self._apply("CloudwatchAuthentication", manifest, self._namespace)]

    def _apply(
        self,
        construct_id: str,
        manifest: charts.Manifest,
        *dependencies: IDependable,
        prune: bool = True,
    ) -> IDependable:
        """Apply a manifest. Never change the id: CloudFormation would delete the live objects.

        Args:
            construct_id: The id of the manifest.
            manifest: The objects.
            dependencies: What must exist before them.
            prune: Whether an update deletes objects that left the manifest.
        """
        resource = eks.KubernetesManifest(
            self, construct_id, cluster=self._cluster, manifest=manifest, prune=prune
        )
        resource.node.add_dependency(*dependencies)
        return resource
