"""The workloads stack: the application's Kubernetes objects, in the order of their dependencies."""

import hashlib
import json
from typing import cast

import aws_cdk as cdk
from aws_cdk import aws_eks_v2 as eks
from aws_cdk import aws_elasticloadbalancingv2 as elbv2
from aws_cdk import aws_iam as iam
from aws_cdk import aws_kms as kms

from constructs import Construct, IDependable
from k8s import charts
from k8s.application import BACKEND, FRONTEND, Service
from k8s.names import NAMESPACE, object_name
from k8s.network_policies import AddressRanges
from k8s.scaled_object import RequestCount
from settings import StageSettings
from settings.delivery import Track
from settings.services import IMAGE_PATTERN, RELEASE_PATTERN
from spywatcher_constructs.three_tier_vpc import ThreeTierVpc
from stacks.cluster.controllers.load_balancer_controller import allow_target_registration
from stacks.shared.alarm_factory import AlarmFactory
from stacks.shared.kubectl_concurrency import limit_kubectl_concurrency
from stacks.shared.names import instance_identifier
from stacks.shared.stage_stack import StageStack
from stacks.workloads.completion import JOB, ROLLOUT, wait_for
from stacks.workloads.routing import Routing
from stacks.workloads.track_alarms import TrackAlarms
from stacks.workloads.traffic_position import TrafficPosition


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
        secrets_key: kms.IKey,
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
            secrets_key: The KMS key of the secret that selects a track.
        """
        super().__init__(
            stage, "workloads", settings=settings, description="Application pods and their traffic"
        )
        self._settings = settings
        self._cluster = cluster
        self._load_balancer = load_balancer
        self._images = {
            (service.name, "blue"): self._create_image_parameter(
                f"{service.name.capitalize()}Image", f"Image of the {service.name}", service
            )
            for service in (BACKEND, FRONTEND)
        }
        self._migrations_image = self._create_image_parameter(
            "MigrationsImage", "Image of the Job that migrates the database", BACKEND
        )
        self._release = self._create_release_parameter()
        self._floors: dict[str, int] = {}
        self._conditional: list[list[Construct]] = []
        self._positions = {
            service.name: self._create_second_track(service)
            for service in (BACKEND, FRONTEND)
            if settings.services.by_name()[service.name].delivery.has_two_tracks
        }
        self._routing = Routing(
            self,
            "Traffic",
            vpc=vpc,
            listener=listener,
            positions=self._positions,
            secrets_key=secrets_key,
        )
        self.backend_targets, self.frontend_targets = (
            {
                track: self._routing.target_group(service, track)
                for track in self._routing.tracks(service)
            }
            for service in (BACKEND, FRONTEND)
        )
        self.probe_secret = self._routing.probe_secret
        self._target_registration = allow_target_registration(
            self,
            "TargetRegistration",
            role=target_registration_role,
            target_groups=self._routing.all_target_groups,
        )
        self._namespace = self._apply("Namespace", charts.namespace_chart(settings.services.quota))
        namespace_objects = self._apply_namespace_objects(vpc)
        secrets = self._apply_secrets(cache_endpoint)
        migrations = self._run_jobs([*namespace_objects, *secrets])
        configuration = self._apply_configuration(migrations)
        self._keda_authentication = self._apply_keda_authentication()
        for service in (BACKEND, FRONTEND):
            self._run_service(service, [*namespace_objects, *secrets, configuration])
            self._create_outputs(service)
        for name in self._positions:
            service = BACKEND if name == BACKEND.name else FRONTEND
            TrackAlarms(AlarmFactory(self, settings), self._routing, service)
        limit_kubectl_concurrency(self, conditional=self._conditional)

    def _create_second_track(self, service: Service) -> TrafficPosition:
        """Create the parameters of a service with two tracks, and return its position.

        A release sets the floor, which is the minimum of both tracks, to the pods that the old
        track has, so that the new one can take over all traffic.
        """
        settings = self._settings.services.by_name()[service.name]
        name = service.name.capitalize()
        self._images[service.name, "green"] = self._create_image_parameter(
            f"{name}GreenImage", f"Image of the green track of the {service.name}", service
        )
        floor = cdk.CfnParameter(
            self,
            f"{name}Floor",
            type="Number",
            description=f"Pods of each track of the {service.name} that the autoscaler keeps. A "
            "release sets it.",
            default=settings.replicas.minimum,
            min_value=1,
            max_value=settings.replicas.maximum,
        )
        # The number is a token, which the library's types call int or float.
        self._floors[service.name] = cast(int, floor.value_as_number)
        return TrafficPosition(self, service.name, settings.delivery)

    def _create_outputs(self, service: Service) -> None:
        """Create the outputs that the release machine reads. They are no exports."""
        name = service.name.capitalize()
        rule = self._routing.rule(service).listener_rule_arn
        cdk.CfnOutput(self, f"{name}Rule", value=rule)
        for track in self._routing.tracks(service):
            arn = self._routing.target_group(service, track).target_group_arn
            cdk.CfnOutput(self, f"{name}{track.capitalize()}Targets", value=arn)

    def _create_image_parameter(self, name: str, description: str, service: Service) -> str:
        """Create a parameter with an image of a service.

        A deployment keeps the parameter's value. A change of the infrastructure therefore does not
        bring an older release back. The image of the migrations is a parameter of its own, so that
        a return to the previous image of the backend runs no Job.
        """
        return cdk.CfnParameter(
            self,
            name,
            description=f"{description}, with a tag or a digest",
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
                image=self._migrations_image,
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
        """Apply the objects of a service.

        The TargetGroupBinding comes first: a new pod becomes ready only as a healthy target.
        """
        for track in self._routing.tracks(service):
            construct_id = _track_id(service, track)
            binding = self._apply(
                f"{construct_id}Binding{service.port}",
                charts.target_group_binding_chart(
                    service,
                    target_group_arn=self._routing.target_group(service, track).target_group_arn,
                    track=track,
                ),
                self._namespace,
                self._target_registration,
            )
            self._run_track(service, track, [binding, *dependencies])

    def _run_track(self, service: Service, track: Track, dependencies: list[IDependable]) -> None:
        """Apply the pods of a track and their autoscaler.

        A service with one track waits for the roll-out of its pods. The release machine waits for
        those of a second track.
        """
        settings = self._settings.services.by_name()[service.name]
        image = self._images[service.name, track]
        manifest = charts.service_chart(service, settings, image=image, track=track)
        has_two_tracks = service.name in self._positions
        deployment = self._apply(
            _track_id(service, track), manifest, *dependencies, overwrite=has_two_tracks
        )
        initial_replicas = self._set_initial_replicas(service, track, deployment)
        autoscaling = self._apply_autoscaling(service, track, deployment)
        if not has_two_tracks:
            self._wait_for_rollout(service, manifest, initial_replicas)
            return
        conditional = [deployment, initial_replicas, *autoscaling]
        for construct in conditional:
            self._positions[service.name].create_only_while_running(track, construct)
        self._conditional.append(conditional)

    def _wait_for_rollout(
        self, service: Service, manifest: charts.Manifest, initial_replicas: IDependable
    ) -> None:
        """Wait for the roll-out of each new image and each change of the manifest."""
        image = self._images[service.name, "blue"]
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
        self, service: Service, track: Track, deployment: IDependable
    ) -> eks.KubernetesPatch:
        """Set the number of replicas when the track is created.

        The Deployment's manifest has no number, which each release would set again. The number of
        the patch is a parameter, whose value later deployments keep. Otherwise another
        `replicas.initial` would reset the number of pods that the autoscaler has chosen.
        """
        patch = eks.KubernetesPatch(
            self,
            f"{_track_id(service, track)}Start",
            cluster=self._cluster,
            resource_name=f"deployment/{object_name(service.name, track)}",
            resource_namespace=NAMESPACE,
            apply_patch={"spec": {"replicas": self._initial_replicas(service)}},
            restore_patch={},
        )
        patch.node.add_dependency(deployment)
        return patch

    def _initial_replicas(self, service: Service) -> int:
        """Return the parameter with the first number of pods of a track."""
        name = f"{service.name.capitalize()}InitialReplicas"
        parameter = self.node.try_find_child(name) or cdk.CfnParameter(
            self,
            name,
            type="Number",
            description=f"Pods of the {service.name} that the first deployment starts",
            default=self._settings.services.by_name()[service.name].replicas.initial,
            min_value=1,
            max_value=100,
        )
        return cast(int, cast(cdk.CfnParameter, parameter).value_as_number)

    def _apply_autoscaling(
        self, service: Service, track: Track, deployment: IDependable
    ) -> list[eks.KubernetesManifest]:
        """Apply the autoscaler, and the ScaledObject that takes it over."""
        settings = self._settings.services.by_name()[service.name]
        construct_id, floor = _track_id(service, track), self._floors.get(service.name)
        autoscaler = self._apply(
            f"{construct_id}Autoscaler",
            charts.autoscaler_chart(service, settings, track=track, minimum=floor),
            deployment,
            overwrite=floor is not None,
        )
        request_count = self._request_count(service, track)
        scaled_object = self._apply(
            f"{construct_id}RequestRate",
            charts.scaled_object_chart(
                service, settings, request_count, track=track, minimum=floor
            ),
            autoscaler,
            *self._keda_authentication,
            overwrite=floor is not None,
        )
        return [autoscaler, scaled_object]

    def _request_count(self, service: Service, track: Track) -> RequestCount | None:
        """Return the metric that counts a track's requests, if they scale the service."""
        settings = self._settings.services.by_name()[service.name]
        if settings.requests_per_minute_per_pod is None:
            return None
        target_group = self._routing.target_group(service, track)
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
        overwrite: bool = False,
    ) -> eks.KubernetesManifest:
        """Apply a manifest. Never change the id: CloudFormation would delete the live objects.

        Args:
            construct_id: The id of the manifest.
            manifest: The objects.
            dependencies: What must exist before them.
            prune: Whether an update deletes objects that left the manifest.
            overwrite: Whether the creation accepts objects that exist already. CDK's kubectl
                provider ignores a failed deletion, which leaves the objects of a track behind.
        """
        resource = eks.KubernetesManifest(
            self,
            construct_id,
            cluster=self._cluster,
            manifest=manifest,
            prune=prune,
            overwrite=overwrite or None,
        )
        resource.node.add_dependency(*dependencies)
        return resource


def _track_id(service: Service, track: Track) -> str:
    """Return the beginning of the ids of a track's constructs. That of blue has no suffix."""
    return service.name.capitalize() + ("" if track == "blue" else track.capitalize())
