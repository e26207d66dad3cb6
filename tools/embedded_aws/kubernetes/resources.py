"""Handles the custom resources of aws_eks_v2 without a cluster.

On AWS a Lambda function handles them with kubectl and helm. Here `Cluster` checks and stores the
objects of a manifest. A Helm chart is recorded with its values. It is not rendered, since it would
have to be downloaded.
"""

from __future__ import annotations

import json
import re
import time
import uuid
from collections.abc import Callable, Mapping
from typing import Any

from tools.embedded_aws.kubernetes.cluster import Cluster, HelmRelease, ObjectKey
from tools.embedded_aws.kubernetes.jsonpath import read
from tools.embedded_aws.kubernetes.merging import Tree
from tools.embedded_aws.kubernetes.validation import ManifestError

PREFIX = "Custom::AWSCDK-EKS-"
Properties = Mapping[str, Any]
Outcome = tuple[str, dict[str, Any]]

_RELEASE_NAME = re.compile(r"[a-z0-9]([-a-z0-9]{0,51}[a-z0-9])?")


class KubernetesResources:
    """The handlers of the custom resources."""

    def __init__(self, cluster: Callable[[str], Cluster]) -> None:
        self._cluster = cluster

    def handlers(self) -> dict[str, dict[str, Any]]:
        """Return the handlers by resource type, in the form of the emulator's registry."""
        functions = {
            "KubernetesResource": (
                self._create_manifest,
                self._update_manifest,
                self._delete_manifest,
            ),
            "HelmChart": (self._install, self._upgrade, self._uninstall),
            "KubernetesPatch": (self._patch, self._repatch, self._restore),
            "KubernetesObjectValue": (self._read, self._reread, self._forget),
        }
        return {
            PREFIX + name: {
                "create": create,
                "update": update,
                "update_with_logical_id": True,
                "delete": delete,
            }
            for name, (create, update, delete) in functions.items()
        }

    # Manifests ---------------------------------------------------------------------------

    def _create_manifest(self, _logical_id: str, properties: Properties, _stack: str) -> Outcome:
        cluster = self._cluster_of(properties)
        documents = _documents(properties)
        _wait_for_images(cluster, documents)
        if _is_true(properties.get("Overwrite")):
            cluster.apply(documents)
        else:
            cluster.create(documents)
        return str(uuid.uuid4()), {}

    def _update_manifest(
        self, physical_id: str, _old: Properties, new: Properties, *_names: str
    ) -> Outcome:
        cluster, documents = self._cluster_of(new), _documents(new)
        _wait_for_images(cluster, documents)
        cluster.apply(documents, new.get("PruneLabel"))
        return physical_id, {}

    def _delete_manifest(self, _physical_id: str, properties: Properties) -> None:
        cluster = self._cluster_if_there(properties)
        if cluster:
            documents = _documents(properties)
            _wait_for_images(cluster, documents)
            cluster.delete(documents)

    # Helm --------------------------------------------------------------------------------

    def _install(self, logical_id: str, properties: Properties, _stack: str) -> Outcome:
        release = _release(properties, logical_id)
        create_namespace = _is_true(properties.get("CreateNamespace"))
        self._cluster_of(properties).install(release, create_namespace)
        return str(uuid.uuid4()), {}

    def _upgrade(
        self, physical_id: str, _old: Properties, new: Properties, stack: str, logical_id: str
    ) -> Outcome:
        self._install(logical_id, new, stack)
        return physical_id, {}

    def _uninstall(self, _physical_id: str, properties: Properties) -> None:
        cluster = self._cluster_if_there(properties)
        if cluster:
            release = _release(properties, "")
            cluster.uninstall(release.namespace, release.name)

    # Patches -----------------------------------------------------------------------------

    def _patch(self, _logical_id: str, properties: Properties, _stack: str) -> Outcome:
        self._apply_patch(self._cluster_of(properties), properties, "ApplyPatchJson")
        return str(uuid.uuid4()), {}

    def _repatch(
        self, physical_id: str, _old: Properties, new: Properties, *_names: str
    ) -> Outcome:
        self._apply_patch(self._cluster_of(new), new, "ApplyPatchJson")
        return physical_id, {}

    def _restore(self, _physical_id: str, properties: Properties) -> None:
        cluster = self._cluster_if_there(properties)
        if cluster:
            self._apply_patch(cluster, properties, "RestorePatchJson")

    def _apply_patch(self, cluster: Cluster, properties: Properties, which: str) -> None:
        namespace = properties.get("ResourceNamespace", "default")
        if _is_managed_elsewhere(cluster, namespace):
            return
        patch = _parsed(properties, which)
        kind = properties.get("PatchType", "strategic")
        cluster.patch(properties["ResourceName"], namespace, patch, kind)

    # Values ------------------------------------------------------------------------------

    def _read(self, _logical_id: str, properties: Properties, _stack: str) -> Outcome:
        return str(uuid.uuid4()), {"Value": self._value(properties)}

    def _reread(self, physical_id: str, _old: Properties, new: Properties, *_names: str) -> Outcome:
        return physical_id, {"Value": self._value(new)}

    def _forget(self, _physical_id: str, _properties: Properties) -> None:
        """Do nothing: the creation has read a value only."""

    def _value(self, properties: Properties) -> str:
        cluster = self._cluster_of(properties)
        namespace = properties.get("ObjectNamespace", "default")
        resource = f"{properties['ObjectType']}/{properties['ObjectName']}"
        key = cluster.find(resource, namespace)
        value = read(cluster.objects[key].live, properties["JsonPath"])
        result = cluster.job_results.get(key)
        if not value or (result and not result.succeeded):
            # The Lambda function retries for TimeoutSeconds. Here the value cannot appear later.
            # On AWS, a path may return `Failed`, which fails a later resource. The message here
            # has the output of the Job.
            raise ManifestError(
                f"Timeout waiting for output from kubectl command: {key} has no "
                f"{properties['JsonPath']}{_job_output(cluster, key)}"
            )
        return value

    def has_run_job(self, resource_type: str, properties: Properties) -> bool:
        """Return whether a resource has created a Job that has run."""
        cluster = self._cluster_if_there(properties)
        if cluster is None or resource_type != f"{PREFIX}KubernetesResource":
            return False
        return any(ObjectKey.of(d) in cluster.job_results for d in _documents(properties))

    # Clusters ----------------------------------------------------------------------------

    def _cluster_of(self, properties: Properties) -> Cluster:
        return self._cluster(str(properties.get("ClusterName", "")))

    def _cluster_if_there(self, properties: Properties) -> Cluster | None:
        try:
            return self._cluster_of(properties)
        except LookupError:
            return None


def _job_output(cluster: Cluster, key: ObjectKey) -> str:
    """Return the output of a Job as the end of a message; empty if it has not run."""
    result = cluster.job_results.get(key)
    return f". The Job has failed:\n{result.output.strip()}" if result else ""


def _wait_for_images(cluster: Cluster, documents: list[Tree]) -> None:
    """Wait as long as the faults of the Deployments' images ask for."""
    deployments = [d for d in documents if d.get("kind") == "Deployment"]
    faults = [cluster.faults.of_deployment(deployment) for deployment in deployments]
    # The emulator handles custom resources in a thread of their own.
    time.sleep(max((fault.update_seconds for fault in faults), default=0))


def _documents(properties: Properties) -> list[Tree]:
    documents = _parsed(properties, "Manifest")
    if not isinstance(documents, list) or not all(isinstance(d, dict) for d in documents):
        raise ManifestError("Manifest: expected a JSON list of objects")
    return [document for document in documents if document]


def _release(properties: Properties, logical_id: str) -> HelmRelease:
    name = properties.get("Release") or logical_id.lower()[-53:]
    if not _RELEASE_NAME.fullmatch(name):
        raise ManifestError(f"release name {name!r} is invalid: at most 53 of a-z, 0-9 and -")
    values = _parsed(properties, "Values") if properties.get("Values") else {}
    if not isinstance(values, dict):
        raise ManifestError(f"HelmChart {name}: Values is not a JSON object")
    chart = properties.get("Chart") or properties.get("ChartAssetURL")
    if not chart:
        raise ManifestError(f"HelmChart {name}: neither Chart nor ChartAssetURL is given")
    return HelmRelease(
        name=name,
        namespace=properties.get("Namespace", "default"),
        chart=str(chart),
        repository=str(properties.get("Repository", "")),
        version=str(properties.get("Version", "")),
        values=values,
    )


def _parsed(properties: Properties, name: str) -> Any:  # noqa: ANN401 - any JSON
    try:
        return json.loads(properties.get(name) or "")
    except (TypeError, ValueError) as error:
        raise ManifestError(f"{name} is not JSON: {error}") from error


def _is_true(value: object) -> bool:
    return str(value).lower() == "true"


def _is_managed_elsewhere(cluster: Cluster, namespace: str) -> bool:
    """Return whether add-ons or Helm create the objects of a namespace, which are not stored."""
    return namespace == "kube-system" or any(
        release == namespace for release, _ in cluster.releases
    )
