"""The charts: each function returns the objects that one manifest of a stack applies.

The objects of a manifest are applied and deleted together. When an object leaves a manifest,
`kubectl apply --prune` deletes it only if its kind is on kubectl's fixed list. That list has no
custom resources (aws-cdk #22085). Each custom resource therefore has a manifest of its own, and
CloudFormation deletes the object with the manifest.
"""

from collections.abc import Iterable
from typing import Any, cast

import cdk8s

from k8s import database_bootstrap as bootstrap
from k8s import migrations as migration
from k8s.application import BACKEND, FRONTEND, Service
from k8s.configuration import add_configuration
from k8s.database_bootstrap import add_database_bootstrap
from k8s.deployment import add_deployment
from k8s.external_secrets import (
    REGISTRY_SECRET,
    add_admin_secret,
    add_application_user_secret,
    add_backend_secret,
    add_migrations_secret,
    add_registry_secret,
    add_secret_store,
)
from k8s.horizontal_pod_autoscaler import add_horizontal_pod_autoscaler
from k8s.limits import add_limit_range, add_resource_quota
from k8s.migrations import add_migrations
from k8s.namespace import add_application_namespace, add_controller_namespace
from k8s.network_policies import AddressRanges, add_network_policies
from k8s.pod_disruption_budget import add_controller_disruption_budget, add_pod_disruption_budget
from k8s.priority_class import add_priority_class
from k8s.roles import add_node_reader_role, add_on_call_role, add_reader_role
from k8s.scaled_object import RequestCount, add_cloudwatch_authentication, add_scaled_object
from k8s.service import add_service
from k8s.service_account import add_service_account
from k8s.target_group_binding import add_target_group_binding
from settings.application import ApplicationSettings
from settings.delivery import Track
from settings.names import SecretNames
from settings.services import NamespaceQuotaSettings, ResourceSettings, ServiceSettings

Manifest = list[dict[str, Any]]


def cluster_access_chart() -> Manifest:
    """Return the roles of people with permissions in the whole cluster."""
    chart = _create_chart("cluster-access")
    add_node_reader_role(chart)
    return _to_manifest(chart)


def controller_namespaces_chart(names: Iterable[str]) -> Manifest:
    """Return a namespace for each controller."""
    chart = _create_chart("controller-namespaces")
    for name in names:
        add_controller_namespace(chart, name)
    return _to_manifest(chart)


def controller_disruption_budgets_chart(pods: Iterable[tuple[str, tuple[str, str]]]) -> Manifest:
    """Return a disruption budget for each Deployment of a controller.

    Args:
        pods: The namespace of each Deployment, and the label of its pods.
    """
    chart = _create_chart("controller-disruption-budgets")
    for namespace, label in pods:
        add_controller_disruption_budget(chart, namespace, label)
    return _to_manifest(chart)


def namespace_chart(quota: NamespaceQuotaSettings) -> Manifest:
    """Return the application's namespace, its limits, and the priority class of its pods."""
    chart = _create_chart("namespace")
    add_application_namespace(chart)
    add_resource_quota(chart, quota)
    add_limit_range(chart)
    add_priority_class(chart)
    return _to_manifest(chart)


def access_chart(*, has_private_registry: bool) -> Manifest:
    """Return the roles of people in the namespace, and the service accounts of the pods.

    Args:
        has_private_registry: Whether the pods pull their images with credentials.
    """
    chart = _create_chart("access")
    add_reader_role(chart)
    add_on_call_role(chart)
    for component in (BACKEND.name, FRONTEND.name, bootstrap.COMPONENT, migration.COMPONENT):
        add_service_account(
            chart,
            component,
            image_pull_secret=REGISTRY_SECRET if has_private_registry else None,
        )
    return _to_manifest(chart)


def network_chart(ranges: AddressRanges) -> Manifest:
    """Return the network policies of the namespace."""
    chart = _create_chart("network")
    add_network_policies(chart, ranges)
    return _to_manifest(chart)


def configuration_chart(settings: ApplicationSettings, *, domain: str) -> Manifest:
    """Return the environment variables of the backend that are not secret."""
    chart = _create_chart("configuration")
    add_configuration(chart, settings, domain=domain)
    return _to_manifest(chart)


def secret_store_chart(*, region: str) -> Manifest:
    """Return the store through which External Secrets reads Secrets Manager."""
    chart = _create_chart("secret-store")
    add_secret_store(chart, region=region)
    return _to_manifest(chart)


def secret_charts(
    *, names: SecretNames, cache_endpoint: str, private_registry: str | None
) -> dict[str, Manifest]:
    """Return a manifest for each secret, by the secret's purpose.

    Args:
        names: The names of the secrets in Secrets Manager.
        cache_endpoint: The host name of Redis. It may be a CDK token.
        private_registry: The host name of the registry that requires credentials, if there is one.
    """
    charts = {
        purpose: _create_chart(purpose)
        for purpose in ("DatabaseAdmin", "DatabaseApplication", "Migrations", "Backend")
    }
    add_admin_secret(charts["DatabaseAdmin"], names=names)
    add_application_user_secret(charts["DatabaseApplication"], names=names)
    add_migrations_secret(charts["Migrations"], names=names)
    add_backend_secret(charts["Backend"], names=names, cache_endpoint=cache_endpoint)
    if private_registry is not None:
        charts["Registry"] = _create_chart("Registry")
        add_registry_secret(charts["Registry"], names=names, registry=private_registry)
    return {purpose: _to_manifest(chart) for purpose, chart in charts.items()}


def database_bootstrap_chart(*, instance: str, region: str, release: str) -> Manifest:
    """Return the Job that creates the database's roles, after the ConfigMap that it mounts."""
    chart = _create_chart("database-bootstrap")
    add_database_bootstrap(chart, instance=instance, region=region, release=release)
    return _to_manifest(chart)


def migrations_chart(resources: ResourceSettings, *, image: str, release: str) -> Manifest:
    """Return the Job that migrates the database."""
    chart = _create_chart("migrations")
    add_migrations(chart, resources, image=image, release=release)
    return _to_manifest(chart)


def target_group_binding_chart(
    service: Service, *, target_group_arn: str, track: Track = "blue"
) -> Manifest:
    """Return the binding of a service's pods to a target group."""
    chart = _create_chart(f"{service.name}-binding")
    add_target_group_binding(chart, service, target_group_arn=target_group_arn, track=track)
    return _to_manifest(chart)


def service_chart(
    service: Service, settings: ServiceSettings, *, image: str, track: Track = "blue"
) -> Manifest:
    """Return the Service, the disruption budget and the Deployment of a service.

    The Service comes first, because the load balancer controller finds the pods by it.
    """
    chart = _create_chart(service.name)
    add_service(chart, service, track)
    add_pod_disruption_budget(chart, service, settings.replicas, track)
    add_deployment(chart, service, settings, image=image, track=track)
    return _to_manifest(chart)


def autoscaler_chart(
    service: Service,
    settings: ServiceSettings,
    *,
    track: Track = "blue",
    minimum: int | None = None,
) -> Manifest:
    """Return the HorizontalPodAutoscaler of a service.

    It is not in the service's own chart, so that a new image does not apply it again: KEDA may
    have replaced its spec.
    """
    chart = _create_chart(f"{service.name}-autoscaler")
    add_horizontal_pod_autoscaler(chart, service, settings, track, minimum=minimum)
    return _to_manifest(chart)


def cloudwatch_authentication_chart() -> Manifest:
    """Return the TriggerAuthentication with which KEDA reads CloudWatch."""
    chart = _create_chart("cloudwatch-authentication")
    add_cloudwatch_authentication(chart)
    return _to_manifest(chart)


def scaled_object_chart(
    service: Service,
    settings: ServiceSettings,
    requests: RequestCount | None,
    *,
    track: Track = "blue",
    minimum: int | None = None,
) -> Manifest:
    """Return the ScaledObject that scales a service."""
    chart = _create_chart(f"{service.name}-scaled-object")
    add_scaled_object(chart, service, settings, requests, track, minimum=minimum)
    return _to_manifest(chart)


def _create_chart(name: str) -> cdk8s.Chart:
    return cdk8s.Chart(cdk8s.App(), name.lower(), disable_resource_name_hashes=True)


def _to_manifest(chart: cdk8s.Chart) -> Manifest:
    return cast(Manifest, chart.to_json())
