"""Builds the ASGI application: the emulator, its completed registry, and the local API."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from tools.embedded_aws.api import Application, LocalApi
from tools.embedded_aws.docker_engine import has_docker, publish_on_loopback


def build_application() -> Application:
    """Return the application to serve. Most of its time goes to the import of the emulator."""
    from ministack.app import app  # type: ignore[import-untyped]

    from tools.embedded_aws.cloudformation.buckets import protect_filled_buckets
    from tools.embedded_aws.cloudformation.conditions import repair_conditions
    from tools.embedded_aws.cloudformation.custom_resources import answer_without_docker
    from tools.embedded_aws.cloudformation.databases import protect_instances
    from tools.embedded_aws.cloudformation.events import hide_unchanged_resources
    from tools.embedded_aws.cloudformation.exports import protect_exports
    from tools.embedded_aws.cloudformation.imported_zones import create_imported_zones
    from tools.embedded_aws.cloudformation.listing import list_resources
    from tools.embedded_aws.cloudformation.recorded import RecordStore
    from tools.embedded_aws.cloudformation.registry import Registry
    from tools.embedded_aws.cloudformation.secrets import refer_to_secrets_by_arn
    from tools.embedded_aws.cloudformation.waiting import wait_for_stacks
    from tools.embedded_aws.kubernetes.clusters import Clusters
    from tools.embedded_aws.kubernetes.resources import KubernetesResources
    from tools.templates.schemas import registry_schemas

    registry = Registry(registry_schemas(), RecordStore())
    clusters = Clusters()
    repair_conditions()
    protect_exports()
    hide_unchanged_resources()
    wait_for_stacks()
    registry.install()
    protect_filled_buckets()
    protect_instances()
    refer_to_secrets_by_arn()
    create_imported_zones()
    if has_docker():
        publish_on_loopback()
    else:
        answer_without_docker()
        registry.add(KubernetesResources(clusters.of_request).handlers())

    return LocalApi(
        app,
        mode=_mode,
        resources=lambda stack: list_resources(registry.fidelity, stack),
        manifests=clusters.manifests,
    )


def _mode() -> Mapping[str, Any]:
    return {"docker": has_docker(), "kubernetes": "k3s" if has_docker() else "schemas"}
