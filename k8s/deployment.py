"""The Deployment of a service."""

import cdk8s
import cdk8s_plus_28 as kplus

from constructs import Construct
from k8s.application import USER_ID, Service, volume_name
from k8s.checkov_annotations import checkov_annotations
from k8s.names import NAMESPACE, labels, object_name, selector_labels
from k8s.priority_class import APPLICATION_PRIORITY
from k8s.target_group_binding import readiness_gate
from settings.delivery import Track
from settings.services import ResourceSettings, ServiceSettings

# The load balancer stops sending requests to a pod within the deregistration delay of 30 seconds.
# A pod that stops earlier leaves the last requests with the answers 502 and 504.
PRE_STOP_SECONDS = 40
TERMINATION_GRACE_SECONDS = 70

_POD_SPEC = "/spec/template/spec"


def add_deployment(
    scope: Construct,
    service: Service,
    settings: ServiceSettings,
    *,
    image: str,
    track: Track = "blue",
) -> None:
    """Add the Deployment of a service.

    It sets no `replicas`: the autoscaler changes the number, and every deployment would reset it.

    Args:
        scope: The chart.
        service: The facts about the service's image.
        settings: The size of the service in this stage.
        image: The image, with a tag or a digest. It may be a CDK token.
        track: The track of the Deployment.
    """
    deployment = _create_deployment(scope, service, track)
    selector = selector_labels(service.name, track)
    deployment.select(kplus.LabelSelector.of(labels=selector))
    _add_container(deployment, service, settings.resources, image)
    cdk8s.ApiObject.of(deployment).add_json_patch(
        *_spread_patches(selector), *_pod_patches(service, track)
    )


def _create_deployment(scope: Construct, service: Service, track: Track) -> kplus.Deployment:
    return kplus.Deployment(
        scope,
        "deployment",
        metadata=cdk8s.ApiObjectMetadata(
            name=object_name(service.name, track),
            namespace=NAMESPACE,
            labels=labels(service.name, track),
            annotations={
                # Reloader replaces the pods one by one when their ConfigMap or Secret changes.
                "reloader.stakater.com/auto": "true",
                **checkov_annotations(has_secrets=service.has_configuration),
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


def _add_container(
    deployment: kplus.Deployment, service: Service, resources: ResourceSettings, image: str
) -> None:
    container = deployment.add_container(
        name=service.name,
        image=image,
        image_pull_policy=kplus.ImagePullPolicy.IF_NOT_PRESENT,
        port_number=service.port,
        env_from=_environment_sources(deployment, service),
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
        volume = kplus.Volume.from_empty_dir(deployment, f"volume-{name}", name)
        container.mount(path, volume)


def _environment_sources(deployment: kplus.Deployment, service: Service) -> list[kplus.EnvFrom]:
    if not service.has_configuration:
        return []
    name = object_name(service.name)
    return [
        kplus.EnvFrom(config_map=kplus.ConfigMap.from_config_map_name(deployment, "plain", name)),
        kplus.EnvFrom(sec=kplus.Secret.from_secret_name(deployment, "secret", name)),
    ]


def _probe(service: Service, path: str, *, period_seconds: int, failures: int) -> kplus.Probe:
    return kplus.Probe.from_http_get(
        path,
        port=service.port,
        period_seconds=cdk8s.Duration.seconds(period_seconds),
        timeout_seconds=cdk8s.Duration.seconds(3),
        failure_threshold=failures,
    )


def _spread_patches(selector: dict[str, str]) -> list[cdk8s.JsonPatch]:
    """Spread the pods over nodes and zones, by preference.

    The L2 offers anti-affinity only, and no topology spread constraints.
    """
    label_selector = {"matchLabels": selector}
    pod_anti_affinity = {
        "preferredDuringSchedulingIgnoredDuringExecution": [
            {
                "weight": 100,
                "podAffinityTerm": {
                    "labelSelector": label_selector,
                    "topologyKey": "kubernetes.io/hostname",
                },
            }
        ]
    }
    zone_constraint = {
        "maxSkew": 1,
        "topologyKey": "topology.kubernetes.io/zone",
        "whenUnsatisfiable": "ScheduleAnyway",
        "labelSelector": label_selector,
    }
    return [
        cdk8s.JsonPatch.add(f"{_POD_SPEC}/affinity", {"podAntiAffinity": pod_anti_affinity}),
        cdk8s.JsonPatch.add(f"{_POD_SPEC}/topologySpreadConstraints", [zone_constraint]),
    ]


def _pod_patches(service: Service, track: Track) -> list[cdk8s.JsonPatch]:
    """Set the fields that the L2 has no property for."""
    seccomp_profile = {"type": "RuntimeDefault"}
    # The controller's webhook adds the gate too, but the API server ignores a webhook that fails.
    # With the gate here, a roll-out always waits until the target of each new pod is healthy.
    gates = [{"conditionType": readiness_gate(service, track)}]
    patches = [
        cdk8s.JsonPatch.add(f"{_POD_SPEC}/readinessGates", gates),
        cdk8s.JsonPatch.add(f"{_POD_SPEC}/securityContext/seccompProfile", seccomp_profile),
        # The L2 sets `replicas` unless the same chart holds an autoscaler.
        cdk8s.JsonPatch.remove("/spec/replicas"),
        cdk8s.JsonPatch.add("/spec/revisionHistoryLimit", 10),
        cdk8s.JsonPatch.add(f"{_POD_SPEC}/priorityClassName", APPLICATION_PRIORITY),
        # The application needs no environment variables for the Services of the namespace.
        cdk8s.JsonPatch.add(f"{_POD_SPEC}/enableServiceLinks", False),
    ]
    if service.port < 1024:
        # With this sysctl, which Kubernetes lists as safe, a process that is not root binds a low
        # port of the pod's own network namespace.
        low_ports = [{"name": "net.ipv4.ip_unprivileged_port_start", "value": "0"}]
        patches.append(cdk8s.JsonPatch.add(f"{_POD_SPEC}/securityContext/sysctls", low_ports))
    return patches
