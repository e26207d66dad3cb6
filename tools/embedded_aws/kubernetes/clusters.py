"""The clusters of the embedded AWS: the state of each cluster that its EKS has."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import yaml
from ministack.core.responses import get_account_id, get_region  # type: ignore[import-untyped]

from tools.embedded_aws.kubernetes.cluster import Cluster, HelmRelease
from tools.embedded_aws.kubernetes.image_faults import ImageFaults
from tools.embedded_aws.kubernetes.jobs import JobResult
from tools.embedded_aws.kubernetes.merging import Tree

DEFAULT_VERSION = "1.35"

_Key = tuple[str, str, str]
"""Account, region and name."""
_Record = dict[str, Any]
"""A cluster in the emulated EKS."""


class Clusters:
    """Finds the state of an emulated EKS cluster. The state is dropped with the cluster."""

    def __init__(
        self,
        run_job: Callable[[Cluster, Tree], JobResult | None] | None = None,
        faults: ImageFaults | None = None,
        job_fails: Callable[[str], bool] = lambda _name: False,
    ) -> None:
        """Take the function that runs the Jobs of the clusters, if Jobs can run here.

        Args:
            run_job: Runs a Job, or returns None.
            faults: The images whose Deployments are not rolled out.
            job_fails: Whether a new Job with a name fails.
        """
        self._run_job = run_job
        self._job_fails = job_fails
        self._faults = faults or ImageFaults()
        self._states: dict[_Key, tuple[_Record, Cluster]] = {}

    def of_request(self, name: str) -> Cluster:
        """Return the cluster with this name in the account and region of the current request.

        Raises:
            LookupError: EKS has no cluster with this name.
        """
        return self._cluster((get_account_id(), get_region(), name))

    def all_of_request(self) -> list[Cluster]:
        """Return the clusters in the account and region of the current request."""
        scope = (get_account_id(), get_region())
        return [self._cluster(key) for key in _eks_clusters() if key[:2] == scope]

    def manifests(self, name: str) -> str:
        """Return the objects of every cluster with this name as YAML, Helm releases as comments.

        Raises:
            LookupError: EKS has no cluster with this name.
        """
        found = [key for key in _eks_clusters() if key[-1] == name]
        if not found:
            raise LookupError(name)
        return "".join(_rendered(self._cluster(key)) for key in found)

    def _cluster(self, key: _Key) -> Cluster:
        record = _eks_clusters().get(key)
        if record is None:
            self._states.pop(key, None)
            raise LookupError(f"No cluster found for name: {key[-1]}.")
        owner, cluster = self._states.get(key, (None, None))
        if owner is not record or cluster is None:
            cluster = Cluster("", faults=self._faults, job_fails=self._job_fails)
            if self._run_job:
                cluster.run_job = self._run_job
            self._states[key] = record, cluster
        cluster.version = str(record.get("version") or DEFAULT_VERSION)
        return cluster


def _eks_clusters() -> dict[_Key, _Record]:
    from ministack.services import eks  # type: ignore[import-untyped]

    records: dict[_Key, _Record] = eks._clusters._data
    return records


def _rendered(cluster: Cluster) -> str:
    head = "".join(_comment(release) for _key, release in sorted(cluster.releases.items()))
    documents = yaml.safe_dump_all(cluster.documents(), sort_keys=False, explicit_start=True)
    return head + (documents if cluster.objects else "")


def _comment(release: HelmRelease) -> str:
    chart = " ".join(part for part in (release.chart, release.version) if part)
    source = f" from {release.repository}" if release.repository else ""
    return f"# Helm release {release.namespace}/{release.name}: {chart}{source}\n"
