"""The Deployment of a service."""

import cdk8s
import cdk8s_plus_28 as kplus

from constructs import Construct
from k8s.acknowledgement import acknowledgements
from k8s.application import USER_ID, Service, volume_name
from k8s.names import NAMESPACE, Track, labels, object_name, selector_labels
from k8s.priority_class import APPLICATION_PRIORITY
from settings.services import ResourceSettings, ServiceSettings

# The load balancer stops sending within its deregistration delay of 30 s; the pod serves on until
# then, or its last requests are answered with 502 and 504.
PRE_STOP_SECONDS = 40
TERMINATION_GRACE_SECONDS = 70


def deployment(
    scope: Construct,
    service: Service,
    settings: ServiceSettings,
    *,
    image: str,
    track: Track = "blue",
) -> kplus.Deployment:
    """Make the Deployment.

    It has no `replicas`: the autoscaler owns that number, and every deployment would reset it.

    Args:
        scope: the chart.
        service: facts about the image.
        settings: its size in this stage.
        image: with tag or digest; may be a placeholder of CloudFormation.
        track: which of the two that a release moves traffic between.
    """
    made = kplus.Deployment(
        scope,
        "deployment",
        metadata=cdk8s.ApiObjectMetadata(
            name=object_name(service.name, track),
            namespace=NAMESPACE,
            labels=labels(service.name, track),
            annotations={
                # Restarts the pods, one by one, when their ConfigMap or Secret has changed.
                "reloader.stakater.com/auto": "true",
                **acknowledgements(has_secrets=service.is_configured),
            },
        ),
        pod_metadata=cdk8s.ApiObjectMetadata(labels=labels(service.name, track)),
        select=False,
        strategy=kplus.DeploymentStrategy.rolling_update(
            max_surge=kplus.PercentOrAbsolute.absolute(1),
            max_unavailable=kplus.PercentOrAbsolute.absolute(0),
        ),
        termination_grace_period=cdk8s.Duration.seconds(TERMINATION_GRACE_SECONDS),
        service_account=kplus.ServiceAccount.from_service_account_name(
            scope, "account", object_name(service.name)
        ),
        automount_service_account_token=False,
        security_context=kplus.PodSecurityContextProps(
            ensure_non_root=True, user=USER_ID, group=USER_ID, fs_group=USER_ID
        ),
    )
    made.select(kplus.LabelSelector.of(labels=selector_labels(service.name, track)))
    _add_container(made, service, settings.resources, image)
    _spread(made, selector_labels(service.name, track))
    pod = "/spec/template/spec"
    patches = [
        cdk8s.JsonPatch.add(f"{pod}/securityContext/seccompProfile", {"type": "RuntimeDefault"}),
        # The library's default, for want of an autoscaler in the same chart.
        cdk8s.JsonPatch.remove("/spec/replicas"),
        cdk8s.JsonPatch.add("/spec/revisionHistoryLimit", 10),
        cdk8s.JsonPatch.add(f"{pod}/priorityClassName", APPLICATION_PRIORITY),
        # Not a variable for every Service of the namespace: the application knows its addresses.
        cdk8s.JsonPatch.add(f"{pod}/enableServiceLinks", False),
    ]
    if service.port < 1024:
        # A non-root process may bind a low port of its own network namespace with this sysctl,
        # which Kubernetes counts among the safe ones.
        low_ports = [{"name": "net.ipv4.ip_unprivileged_port_start", "value": "0"}]
        patches.append(cdk8s.JsonPatch.add(f"{pod}/securityContext/sysctls", low_ports))
    cdk8s.ApiObject.of(made).add_json_patch(*patches)
    return made


def _add_container(
    made: kplus.Deployment, service: Service, resources: ResourceSettings, image: str
) -> None:
    container = made.add_container(
        name=service.name,
        image=image,
        image_pull_policy=kplus.ImagePullPolicy.IF_NOT_PRESENT,
        port_number=service.port,
        env_from=_environment(made, service),
        resources=kplus.ContainerResources(
            cpu=kplus.CpuResources(
                request=kplus.Cpu.millis(resources.cpu_request_millicores),
                limit=kplus.Cpu.millis(resources.cpu_limit_millicores),
            ),
            memory=kplus.MemoryResources(
                request=cdk8s.Size.mebibytes(resources.memory_request_mib),
                limit=cdk8s.Size.mebibytes(resources.memory_limit_mib),
            ),
        ),
        security_context=kplus.ContainerSecurityContextProps(
            ensure_non_root=True,
            user=USER_ID,
            group=USER_ID,
            read_only_root_filesystem=True,
            allow_privilege_escalation=False,
            privileged=False,
            capabilities=kplus.ContainerSecutiryContextCapabilities(drop=[kplus.Capability.ALL]),
        ),
        startup=_probe(service, service.liveness_path, period_seconds=5, failures=30),
        liveness=_probe(service, service.liveness_path, period_seconds=10, failures=3),
        readiness=_probe(service, service.readiness_path, period_seconds=5, failures=3),
        lifecycle=kplus.ContainerLifecycle(
            pre_stop=kplus.Handler.from_command(["sleep", str(PRE_STOP_SECONDS)])
        ),
    )
    for path in service.writable_paths:
        name = volume_name(path)
        volume = kplus.Volume.from_empty_dir(made, f"volume-{name}", name)
        container.mount(path, volume)


def _environment(made: kplus.Deployment, service: Service) -> list[kplus.EnvFrom]:
    if not service.is_configured:
        return []
    name = object_name(service.name)
    return [
        kplus.EnvFrom(config_map=kplus.ConfigMap.from_config_map_name(made, "plain", name)),
        kplus.EnvFrom(sec=kplus.Secret.from_secret_name(made, "secret", name)),
    ]


def _probe(service: Service, path: str, *, period_seconds: int, failures: int) -> kplus.Probe:
    return kplus.Probe.from_http_get(
        path,
        port=service.port,
        period_seconds=cdk8s.Duration.seconds(period_seconds),
        timeout_seconds=cdk8s.Duration.seconds(3),
        failure_threshold=failures,
    )


def _spread(made: kplus.Deployment, pods: dict[str, str]) -> None:
    """Prefer other nodes (anti-affinity), and keep the zones even. The L2 knows only the first."""
    selector = {"matchLabels": pods}
    anti_affinity = {
        "preferredDuringSchedulingIgnoredDuringExecution": [
            {
                "weight": 100,
                "podAffinityTerm": {
                    "labelSelector": selector,
                    "topologyKey": "kubernetes.io/hostname",
                },
            }
        ]
    }
    zones = {
        "maxSkew": 1,
        "topologyKey": "topology.kubernetes.io/zone",
        "whenUnsatisfiable": "ScheduleAnyway",
        "labelSelector": selector,
    }
    pod = "/spec/template/spec"
    cdk8s.ApiObject.of(made).add_json_patch(
        cdk8s.JsonPatch.add(f"{pod}/affinity", {"podAntiAffinity": anti_affinity}),
        cdk8s.JsonPatch.add(f"{pod}/topologySpreadConstraints", [zones]),
    )
