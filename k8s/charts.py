"""The charts: which objects are applied together."""

from typing import Any, cast

import cdk8s

from k8s.application import Service
from k8s.database_bootstrap import database_bootstrap
from k8s.deployment import deployment
from k8s.horizontal_pod_autoscaler import horizontal_pod_autoscaler
from k8s.namespace import namespace
from k8s.pod_disruption_budget import pod_disruption_budget
from k8s.service import service_object
from settings.services import ServiceSettings

Manifest = list[dict[str, Any]]


def namespace_chart() -> Manifest:
    """Return the namespace, which everything else stands in."""
    chart = _chart("namespace")
    namespace(chart)
    return _objects(chart)


def service_chart(service: Service, settings: ServiceSettings, *, image: str) -> Manifest:
    """Return the objects of a service: Deployment, Service, autoscaler, disruption budget."""
    chart = _chart(service.name)
    made = deployment(chart, service, settings, image=image)
    service_object(chart, service)
    horizontal_pod_autoscaler(chart, service, settings, made)
    pod_disruption_budget(chart, service, settings.replicas)
    return _objects(chart)


def database_bootstrap_chart(*, instance: str, region: str, release: str) -> Manifest:
    """Return the Job that makes the database's roles, after the ConfigMap that it mounts."""
    chart = _chart("database-bootstrap")
    database_bootstrap(chart, instance=instance, region=region, release=release)
    return _objects(chart)


def _chart(name: str) -> cdk8s.Chart:
    return cdk8s.Chart(cdk8s.App(), name, disable_resource_name_hashes=True)


def _objects(chart: cdk8s.Chart) -> Manifest:
    return cast(Manifest, chart.to_json())
