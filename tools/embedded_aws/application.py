"""Builds the ASGI application: the emulator, our additions to it, and the local API."""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from tools.embedded_aws.api import Application, LocalApi
from tools.embedded_aws.docker_engine import has_docker, publish_on_loopback
from tools.embedded_aws.fidelity import REAL

if TYPE_CHECKING:
    from tools.embedded_aws.cloudformation.recorded import RecordStore
    from tools.embedded_aws.data_plane import DataPlane
    from tools.embedded_aws.kubernetes.jobs import JobResult


@dataclass(frozen=True)
class EmbeddedAws:
    """The application to serve, and the servers behind it."""

    application: Application
    data_plane: DataPlane | None
    """None with a Docker engine, and with --control-plane-only."""


def build_embedded_aws(folder: Path, *, control_plane_only: bool) -> EmbeddedAws:
    """Return the embedded AWS. Most of its time goes to the import of the emulator.

    Args:
        folder: The folder of the files of servers.
        control_plane_only: Start no servers.
    """
    from ministack.app import app  # type: ignore[import-untyped]

    from tools.embedded_aws.cloudformation.custom_resources import answer_without_docker
    from tools.embedded_aws.cloudformation.faults import Faults
    from tools.embedded_aws.cloudformation.listing import list_resources
    from tools.embedded_aws.cloudformation.recorded import RecordStore
    from tools.embedded_aws.cloudformation.registry import Registry
    from tools.embedded_aws.kubernetes.clusters import Clusters
    from tools.embedded_aws.kubernetes.image_faults import ImageFaults
    from tools.embedded_aws.kubernetes.resources import KubernetesResources
    from tools.embedded_aws.load_balancing.pod_targets import PodTargets
    from tools.templates.schemas import registry_schemas

    store = RecordStore()
    registry = Registry(registry_schemas(), store)
    _correct_emulator(registry)
    plane = None if control_plane_only or has_docker() else _start_data_plane(folder, store)
    image_faults, faults = ImageFaults(), Faults()
    faults.install()
    clusters = Clusters(_job_runner(plane) if plane else None, image_faults, faults.job_fails)
    kubernetes = KubernetesResources(clusters.of_request)
    if has_docker():
        publish_on_loopback()
    else:
        answer_without_docker()
        registry.add(kubernetes.handlers())
        PodTargets(clusters.all_of_request, image_faults).install()

    def get_fidelity(
        resource_type: str, physical_id: str, properties: Mapping[str, Any]
    ) -> tuple[str, str]:
        if plane and plane.is_real(resource_type, physical_id):
            return REAL, ""
        if plane and kubernetes.has_run_job(resource_type, properties):
            return REAL, "its Job has run"
        return registry.fidelity(resource_type, properties)

    api = LocalApi(
        app,
        mode=lambda: _mode(plane, control_plane_only),
        resources=lambda stack: list_resources(get_fidelity, stack),
        manifests=clusters.manifests,
        servers=plane.servers if plane else list,
        faults={"image-faults": image_faults, "faults": faults},
    )
    return EmbeddedAws(api, plane)


def _correct_emulator(registry: Any) -> None:  # noqa: ANN401 - imported later
    """Install the corrections of the emulator that do not depend on Docker."""
    from tools.embedded_aws.cloudformation.buckets import protect_filled_buckets
    from tools.embedded_aws.cloudformation.conditions import repair_conditions
    from tools.embedded_aws.cloudformation.databases import protect_instances
    from tools.embedded_aws.cloudformation.eks_clusters import protect_clusters
    from tools.embedded_aws.cloudformation.event_connections import create_event_connections
    from tools.embedded_aws.cloudformation.events import hide_unchanged_resources
    from tools.embedded_aws.cloudformation.exports import protect_exports
    from tools.embedded_aws.cloudformation.imported_zones import create_imported_zones
    from tools.embedded_aws.cloudformation.load_balancers import protect_load_balancers
    from tools.embedded_aws.cloudformation.math_alarms import keep_math_alarms
    from tools.embedded_aws.cloudformation.rollbacks import correct_failed_rollbacks
    from tools.embedded_aws.cloudformation.secrets import refer_to_secrets_by_arn
    from tools.embedded_aws.cloudformation.stack_operations import refuse_parallel_operations
    from tools.embedded_aws.cloudformation.waiting import wait_for_stacks
    from tools.embedded_aws.load_balancing.forward_actions import keep_forward_configs
    from tools.embedded_aws.step_functions.executions import correct_executions
    from tools.embedded_aws.step_functions.http_task import add_http_task
    from tools.embedded_aws.step_functions.integrations import integrate_services

    repair_conditions()
    keep_math_alarms()
    create_event_connections()
    protect_exports()
    hide_unchanged_resources()
    correct_failed_rollbacks()
    refuse_parallel_operations()
    wait_for_stacks()
    registry.install()
    protect_filled_buckets()
    protect_instances()
    protect_load_balancers()
    protect_clusters()
    refer_to_secrets_by_arn()
    create_imported_zones()
    keep_forward_configs()
    correct_executions()
    integrate_services()
    add_http_task()


def _start_data_plane(folder: Path, store: RecordStore) -> DataPlane:
    from tools.embedded_aws.cloudformation.servers import connect_data_plane
    from tools.embedded_aws.data_plane import DataPlane
    from tools.embedded_aws.secret_rotation import SecretRotation

    plane = DataPlane(folder)
    connect_data_plane(plane)
    SecretRotation(store, plane.certificate).install()
    # Lambda functions that connect to a server trust its certificate.
    os.environ["SSL_CERT_FILE"] = str(plane.certificate)
    return plane


def _job_runner(plane: DataPlane) -> Callable[..., JobResult | None]:
    from tools.embedded_aws.kubernetes.job_runner import JobRunner

    return JobRunner(plane).run


def _mode(plane: DataPlane | None, control_plane_only: bool) -> Mapping[str, Any]:
    return {
        "errors": plane.errors() if plane else [],
        "docker": has_docker(),
        "kubernetes": "k3s" if has_docker() else "schemas",
        "control_plane_only": control_plane_only,
        "certificate": str(plane.certificate) if plane else "",
        "missing": plane.missing if plane else [],
    }
