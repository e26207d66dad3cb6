"""Runs the Jobs of a cluster against the servers of the data plane."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from ministack.services import secretsmanager  # type: ignore[import-untyped]

from tools.embedded_aws.data_plane import DataPlane, pod_hostname
from tools.embedded_aws.kubernetes.cluster import Cluster
from tools.embedded_aws.kubernetes.jobs import (
    JobResult,
    container_environment,
    is_runnable,
    run_job,
)
from tools.embedded_aws.servers.postgres import HOST


class JobRunner:
    """Runs the Jobs that connect to a DB instance with a server."""

    def __init__(self, plane: DataPlane) -> None:
        self._plane = plane

    def run(self, cluster: Cluster, job: Mapping[str, Any]) -> JobResult | None:
        """Run a Job, and return its result; None if it cannot run on this machine.

        The name of its DB instance replaces the host of its secret, which is 127.0.0.1 for every
        instance. The Job compares the host with the instance that it expects.
        """
        if not is_runnable(job):
            return None
        secrets = {
            external_secret["spec"]["target"]["name"]: _read_values(external_secret)
            for external_secret in cluster.of_kind("ExternalSecret")
        }
        port = container_environment(job, secrets).get("PGPORT", "")
        instance = self._plane.database_at(int(port)) if port.isdigit() else None
        if instance is None:
            return None
        return run_job(
            job,
            config_maps={
                config_map["metadata"]["name"]: config_map["data"]
                for config_map in cluster.of_kind("ConfigMap")
            },
            secrets=secrets,
            environment={
                "PGHOST": pod_hostname(instance),
                "PGHOSTADDR": HOST,
                "PGSSLROOTCERT": str(self._plane.certificate),
            },
        )


def _read_values(external_secret: Mapping[str, Any]) -> dict[str, str]:
    """Return the values that an ExternalSecret reads, without its templates."""
    values = {}
    for entry in external_secret["spec"].get("data", ()):
        reference = entry["remoteRef"]
        text = _current_value(reference["key"])
        if "property" in reference:
            text = str(json.loads(text or "{}").get(reference["property"], ""))
        values[entry["secretKey"]] = text
    return values


def _current_value(name: str) -> str:
    """Return the current value of a secret; empty if there is none."""
    _name, secret = secretsmanager._resolve(name)
    for version in (secret or {}).get("Versions", {}).values():
        if "AWSCURRENT" in version["Stages"]:
            return str(version["SecretString"] or "")
    return ""
