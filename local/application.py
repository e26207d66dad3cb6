"""Builds the ASGI application: the emulator, its completed registry, and the local API."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from local.api import Application, LocalApi
from local.docker_engine import has_docker, publish_on_loopback


def build_application() -> Application:
    """Return the application to serve. Importing the emulator takes most of the start."""
    from ministack.app import app  # type: ignore[import-untyped]

    from cloudformation.schemas import registry_schemas
    from local.cloudformation.buckets import keep_filled_buckets
    from local.cloudformation.conditions import repair_conditions
    from local.cloudformation.custom_resources import answer_without_docker
    from local.cloudformation.databases import keep_instances
    from local.cloudformation.events import hide_unchanged_resources
    from local.cloudformation.exports import protect_exports
    from local.cloudformation.imported_zones import make_imported_zones
    from local.cloudformation.listing import list_resources
    from local.cloudformation.recorded import RecordStore
    from local.cloudformation.registry import Registry
    from local.cloudformation.secrets import refer_to_secrets_by_arn
    from local.cloudformation.waiting import wait_for_stacks
    from local.kubernetes.clusters import Clusters
    from local.kubernetes.resources import KubernetesResources

    registry = Registry(registry_schemas(), RecordStore())
    clusters = Clusters()
    repair_conditions()
    protect_exports()
    hide_unchanged_resources()
    wait_for_stacks()
    registry.install()
    keep_filled_buckets()
    keep_instances()
    refer_to_secrets_by_arn()
    make_imported_zones()
    if has_docker():
        publish_on_loopback()
    else:
        answer_without_docker()
        registry.add(KubernetesResources(clusters.of_request).handlers())

    return LocalApi(
        app,
        mode=_mode,
        resources=lambda stack: list_resources(registry.how, stack),
        manifests=clusters.manifests,
    )


def _mode() -> Mapping[str, Any]:
    return {"docker": has_docker(), "kubernetes": "k3s" if has_docker() else "schemas"}
