"""The charts: which objects are applied together, and so change and go together.

`kubectl apply --prune`, by which a deployment removes what a chart no longer has, knows only the
kinds of old. A custom resource therefore has a chart of its own, whose removal deletes it.
"""

from collections.abc import Iterable
from typing import Any, cast

import cdk8s

from k8s import database_bootstrap as bootstrap
from k8s import migrations as migration
from k8s.application import BACKEND, FRONTEND, Service
from k8s.configuration import configuration
from k8s.database_bootstrap import database_bootstrap
from k8s.deployment import deployment
from k8s.external_secrets import (
    admin_secret,
    application_user_secret,
    backend_secret,
    migrations_secret,
    secret_store,
)
from k8s.horizontal_pod_autoscaler import horizontal_pod_autoscaler
from k8s.limits import limit_range, resource_quota
from k8s.migrations import migrations
from k8s.names import Track
from k8s.namespace import controller_namespace, namespace
from k8s.network_policies import Ranges, network_policies
from k8s.pod_disruption_budget import pod_disruption_budget
from k8s.priority_class import priority_class
from k8s.roles import node_reader_role, on_call_role, reader_role
from k8s.scaled_object import RequestCount, cloudwatch_authentication, scaled_object
from k8s.service import service_object
from k8s.service_account import service_account
from k8s.target_group_binding import target_group_binding
from settings.application import ApplicationSettings
from settings.names import SecretNames
from settings.services import NamespaceQuotaSettings, ResourceSettings, ServiceSettings

Manifest = list[dict[str, Any]]


def cluster_access_chart() -> Manifest:
    """Return the roles of people in the whole cluster, beside the access policies of EKS."""
    chart = _chart("cluster-access")
    node_reader_role(chart)
    return _objects(chart)


def controller_namespaces_chart(names: Iterable[str]) -> Manifest:
    """Return a namespace for each controller."""
    chart = _chart("controller-namespaces")
    for name in names:
        controller_namespace(chart, name)
    return _objects(chart)


def namespace_chart(quota: NamespaceQuotaSettings) -> Manifest:
    """Return the namespace and its bounds, which everything else stands in."""
    chart = _chart("namespace")
    namespace(chart)
    resource_quota(chart, quota)
    limit_range(chart)
    priority_class(chart)
    return _objects(chart)


def access_chart() -> Manifest:
    """Return who may do what: people by roles, pods by accounts that may do nothing."""
    chart = _chart("access")
    reader_role(chart)
    on_call_role(chart)
    for component in (BACKEND.name, FRONTEND.name, bootstrap.COMPONENT, migration.COMPONENT):
        service_account(chart, component)
    return _objects(chart)


def network_chart(ranges: Ranges) -> Manifest:
    """Return the network policies."""
    chart = _chart("network")
    network_policies(chart, ranges)
    return _objects(chart)


def configuration_chart(settings: ApplicationSettings, *, domain: str) -> Manifest:
    """Return the plain part of the backend's environment."""
    chart = _chart("configuration")
    configuration(chart, settings, domain=domain)
    return _objects(chart)


def secret_charts(*, names: SecretNames, region: str, cache_endpoint: str) -> dict[str, Manifest]:
    """Return the store, and after it each secret, by what it is for.

    Args:
        names: the names of the secrets in Secrets Manager.
        region: of Secrets Manager.
        cache_endpoint: Redis' host name; may be a placeholder of CloudFormation.
    """
    charts = {
        name: _chart(name)
        for name in ("Store", "DatabaseAdmin", "DatabaseApplication", "Migrations", "Backend")
    }
    secret_store(charts["Store"], region=region)
    admin_secret(charts["DatabaseAdmin"], names=names)
    application_user_secret(charts["DatabaseApplication"], names=names)
    migrations_secret(charts["Migrations"], names=names)
    backend_secret(charts["Backend"], names=names, cache_endpoint=cache_endpoint)
    return {name: _objects(chart) for name, chart in charts.items()}


def database_bootstrap_chart(*, instance: str, region: str, release: str) -> Manifest:
    """Return the Job that makes the database's roles, after the ConfigMap that it mounts."""
    chart = _chart("database-bootstrap")
    database_bootstrap(chart, instance=instance, region=region, release=release)
    return _objects(chart)


def migrations_chart(resources: ResourceSettings, *, image: str, release: str) -> Manifest:
    """Return the Job that migrates the database."""
    chart = _chart("migrations")
    migrations(chart, resources, image=image, release=release)
    return _objects(chart)


def target_group_binding_chart(
    service: Service, *, target_group_arn: str, track: Track = "blue"
) -> Manifest:
    """Return the binding of a service's pods to a target group."""
    chart = _chart(f"{service.name}-binding")
    target_group_binding(chart, service, target_group_arn=target_group_arn, track=track)
    return _objects(chart)


def service_chart(
    service: Service, settings: ServiceSettings, *, image: str, track: Track = "blue"
) -> Manifest:
    """Return the objects of a service: Service, Deployment, disruption budget.

    The Service is first: the load balancer controller gives pods a readiness gate as they are
    made, and finds them by it.
    """
    chart = _chart(service.name)
    service_object(chart, service, track)
    pod_disruption_budget(chart, service, settings.replicas, track)
    deployment(chart, service, settings, image=image, track=track)
    return _objects(chart)


def autoscaler_chart(
    service: Service, settings: ServiceSettings, *, track: Track = "blue"
) -> Manifest:
    """Return the autoscaler of a service, apart from it: a new image does not apply it again."""
    chart = _chart(f"{service.name}-autoscaler")
    horizontal_pod_autoscaler(chart, service, settings, track)
    return _objects(chart)


def cloudwatch_authentication_chart() -> Manifest:
    """Return what lets KEDA ask CloudWatch."""
    chart = _chart("cloudwatch-authentication")
    cloudwatch_authentication(chart)
    return _objects(chart)


def request_rate_chart(
    service: Service, settings: ServiceSettings, requests: RequestCount, *, track: Track = "blue"
) -> Manifest:
    """Return the scaling of a service by its requests."""
    chart = _chart(f"{service.name}-request-rate")
    scaled_object(chart, service, settings, requests, track)
    return _objects(chart)


def _chart(name: str) -> cdk8s.Chart:
    return cdk8s.Chart(cdk8s.App(), name.lower(), disable_resource_name_hashes=True)


def _objects(chart: cdk8s.Chart) -> Manifest:
    return cast(Manifest, chart.to_json())
