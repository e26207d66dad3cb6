"""Stores the objects and Helm releases of one cluster, as its API server does."""

from __future__ import annotations

import copy
import threading
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

from tools.embedded_aws.kubernetes.image_faults import ImageFaults
from tools.embedded_aws.kubernetes.jobs import JobResult
from tools.embedded_aws.kubernetes.merging import Tree, applied, patched
from tools.embedded_aws.kubernetes.validation import ManifestError, check_object
from tools.templates.immutable_fields import changed_immutable_fields

DEFAULT_NAMESPACES = frozenset({"default", "kube-node-lease", "kube-public", "kube-system"})
ADD_ON_NAMESPACES = frozenset({"amazon-cloudwatch", "amazon-guardduty", "aws-mountpoint-s3-csi"})
"""The namespaces that EKS add-ons create. The add-ons' other objects are not stored."""

CLUSTER_SCOPED = frozenset(
    {
        "APIService",
        "CSIDriver",
        "CSINode",
        "CertificateSigningRequest",
        "CustomResourceDefinition",
        "EC2NodeClass",
        "FlowSchema",
        "GatewayClass",
        "IngressClass",
        "MutatingWebhookConfiguration",
        "Namespace",
        "Node",
        "NodeClass",
        "NodePool",
        "PersistentVolume",
        "PriorityClass",
        "PriorityLevelConfiguration",
        "RuntimeClass",
        "StorageClass",
        "ValidatingAdmissionPolicy",
        "ValidatingAdmissionPolicyBinding",
        "ValidatingWebhookConfiguration",
        "VolumeAttachment",
    }
)
"""The kinds without a namespace. By convention, kinds whose name begins with Cluster have none."""

PRUNED_KINDS = frozenset(
    {
        *("ConfigMap", "Endpoints", "Namespace", "PersistentVolumeClaim", "PersistentVolume"),
        *("Pod", "ReplicationController", "Secret", "Service", "Job", "CronJob", "Ingress"),
        *("DaemonSet", "Deployment", "ReplicaSet", "StatefulSet"),
    }
)
"""The kinds that `kubectl apply --prune` deletes. It deletes no custom resources."""

SHORT_NAMES = {
    "cm": "configmap",
    "cj": "cronjob",
    "crd": "customresourcedefinition",
    "deploy": "deployment",
    "ds": "daemonset",
    "hpa": "horizontalpodautoscaler",
    "ing": "ingress",
    "netpol": "networkpolicy",
    "ns": "namespace",
    "pdb": "poddisruptionbudget",
    "pvc": "persistentvolumeclaim",
    "sa": "serviceaccount",
    "sts": "statefulset",
    "svc": "service",
}


@dataclass(frozen=True, order=True)
class ObjectKey:
    """Identifies an object of a cluster."""

    namespace: str
    group: str
    kind: str
    name: str

    @classmethod
    def of(cls, document: Mapping[str, Any]) -> ObjectKey:
        """Return the key of an object, which must have an apiVersion, a kind and a name."""
        kind = document["kind"]
        is_cluster_scoped = kind in CLUSTER_SCOPED or kind.startswith("Cluster")
        namespace = document["metadata"].get("namespace") or "default"
        group = document["apiVersion"].rpartition("/")[0]
        name = document["metadata"]["name"]
        return cls("" if is_cluster_scoped else namespace, group, kind, name)

    def __str__(self) -> str:
        plural = _plural(self.kind.lower())
        return f'{plural}{"." if self.group else ""}{self.group} "{self.name}"'


@dataclass
class StoredObject:
    """An object as it is now, and as it was in the last applied manifest."""

    live: Tree
    last_applied: Tree


@dataclass(frozen=True)
class HelmRelease:
    """A Helm release. The chart itself is not downloaded."""

    name: str
    namespace: str
    chart: str
    repository: str
    version: str
    values: Mapping[str, Any]


@dataclass
class Cluster:
    """The state of one cluster. It has a lock, since stacks are deployed in parallel."""

    version: str
    objects: dict[ObjectKey, StoredObject] = field(default_factory=dict)
    releases: dict[tuple[str, str], HelmRelease] = field(default_factory=dict)
    run_job: Callable[[Cluster, Tree], JobResult | None] = lambda _cluster, _job: None
    """Runs a Job; returns None if it cannot run here. Such a Job counts as succeeded."""
    job_results: dict[ObjectKey, JobResult] = field(default_factory=dict)
    """The results of the Jobs that have run."""
    faults: ImageFaults = field(default_factory=ImageFaults)
    """The images whose Deployments are not rolled out."""
    job_fails: Callable[[str], bool] = lambda _name: False
    """Whether a new Job with a name fails, without being run."""
    _lock: threading.RLock = field(default_factory=threading.RLock, repr=False)

    def create(self, documents: Iterable[Tree]) -> None:
        """Create objects, as `kubectl create` does.

        Raises:
            ManifestError: an object is invalid, exists already, or its namespace does not exist.
        """
        with self._all_or_nothing():
            for document in self._checked(documents):
                key = ObjectKey.of(document)
                if key in self.objects:
                    raise ManifestError(f"Error from server (AlreadyExists): {key} already exists")
                self._put(key, document)
            self._run_jobs()

    def apply(self, documents: Iterable[Tree], prune_label: str | None = None) -> None:
        """Apply objects, as `kubectl apply --prune` does: objects with the label can be deleted.

        Raises:
            ManifestError: an object is invalid, changes an immutable field, or its namespace does
                not exist.
        """
        with self._all_or_nothing():
            wanted = self._checked(documents)
            for document in wanted:
                self._put(ObjectKey.of(document), document)
            if prune_label:
                self._prune(prune_label, {ObjectKey.of(document) for document in wanted})
            self._run_jobs()

    def delete(self, documents: Iterable[Tree]) -> None:
        """Delete objects, as `kubectl delete --ignore-not-found` does."""
        with self._lock:
            for document in documents:
                self._remove(ObjectKey.of(document))

    def patch(self, resource: str, namespace: str, patch: Any, patch_type: str) -> None:  # noqa: ANN401
        """Patch the object with kubectl's name `resource`, such as deployment/backend.

        Raises:
            ManifestError: the object does not exist, or the patch makes it invalid.
        """
        with self._lock:
            key = self.find(resource, namespace)
            stored = self.objects[key]
            try:
                changed = patched(stored.live, patch, patch_type)
            except ValueError as error:
                raise ManifestError(f"{key}: {error}") from error
            self._refuse_immutable(key, stored.live, changed)
            check_object(changed, self.version)
            stored.live = changed

    def find(self, resource: str, namespace: str) -> ObjectKey:
        """Return the key of `type/name`; the type is a kind, a plural or a short name.

        Raises:
            ManifestError: the object does not exist.
        """
        wanted_type, _, name = resource.partition("/")
        wanted_kind, _, group = wanted_type.lower().partition(".")
        wanted_kind = SHORT_NAMES.get(wanted_kind, wanted_kind)
        for key in sorted(self.objects):
            kinds = (key.kind.lower(), _plural(key.kind.lower()))
            if wanted_kind in kinds and key.name == name and key.namespace in ("", namespace):
                return key
        resources = f"{_plural(wanted_kind)}{'.' if group else ''}{group}"
        raise ManifestError(f'Error from server (NotFound): {resources} "{name}" not found')

    def install(self, release: HelmRelease, create_namespace: bool) -> None:
        """Record a Helm release, as `helm upgrade --install` does.

        Raises:
            ManifestError: its namespace does not exist, and `create_namespace` is false.
        """
        with self._lock:
            if create_namespace and release.namespace not in self._namespaces():
                document = {
                    "apiVersion": "v1",
                    "kind": "Namespace",
                    "metadata": {"name": release.namespace},
                }
                self._put(ObjectKey.of(document), document)
            self._refuse_unknown_namespace(release.namespace)
            self.releases[release.namespace, release.name] = release

    def uninstall(self, namespace: str, name: str) -> None:
        """Remove a Helm release. Like Helm, this does not remove its namespace."""
        with self._lock:
            self.releases.pop((namespace, name), None)

    def of_kind(self, kind: str) -> list[Tree]:
        """Return the objects of a kind."""
        with self._lock:
            return [stored.live for key, stored in self.objects.items() if key.kind == kind]

    def documents(self) -> list[Tree]:
        """Return the objects without their status, sorted by namespace."""
        with self._lock:
            order = sorted(self.objects, key=lambda key: (key.kind != "Namespace", key))
            order.sort(key=lambda key: key.namespace)
            live = [copy.deepcopy(self.objects[key].live) for key in order]
        for document in live:
            document.pop("status", None)
        return live

    @contextmanager
    def _all_or_nothing(self) -> Iterator[None]:
        with self._lock:
            before = dict(self.objects)
            try:
                yield
            except BaseException:
                self.objects = before
                raise

    # The callers of these methods hold the lock --------------------------------------------

    def _checked(self, documents: Iterable[Tree]) -> list[Tree]:
        checked = list(documents)
        created = {d["metadata"]["name"] for d in checked if d.get("kind") == "Namespace"}
        for document in checked:
            check_object(document, self.version)
            namespace = ObjectKey.of(document).namespace
            if namespace and namespace not in created:
                self._refuse_unknown_namespace(namespace)
        return checked

    def _put(self, key: ObjectKey, document: Tree) -> None:
        stored = self.objects.get(key)
        wanted = copy.deepcopy(document)
        live = copy.deepcopy(wanted)
        if stored:
            live = applied(stored.live, stored.last_applied, wanted)
            self._refuse_immutable(key, stored.live, live)
        if key.kind == "Deployment":
            starts = self.faults.of_deployment(live).starts
            live["status"] = _ROLLED_OUT if starts else _NOT_ROLLED_OUT
        self.objects[key] = StoredObject(live, wanted)

    def _run_jobs(self) -> None:
        """Run the new Jobs. One that cannot run here counts as succeeded: a deploy waits for it."""
        for key, stored in self.objects.items():
            if key.kind == "Job" and "status" not in stored.live:
                result = (
                    JobResult(False, "The Job fails, because /_local/faults has a fault.")
                    if self.job_fails(key.name)
                    else self.run_job(self, stored.live)
                )
                if result:
                    self.job_results[key] = result
                succeeded = result is None or result.succeeded
                stored.live["status"] = _JOB_SUCCEEDED if succeeded else _JOB_FAILED

    def _remove(self, key: ObjectKey) -> None:
        self.objects.pop(key, None)
        if key.kind == "Namespace":
            self.objects = {k: v for k, v in self.objects.items() if k.namespace != key.name}

    def _prune(self, label: str, keep: set[ObjectKey]) -> None:
        name, _, value = label.partition("=")
        for key, stored in list(self.objects.items()):
            labels = stored.live["metadata"].get("labels") or {}
            is_labelled = name in labels and (not value or labels[name] == value)
            if is_labelled and key not in keep and key.kind in PRUNED_KINDS:
                self._remove(key)

    def _refuse_immutable(self, key: ObjectKey, old: Tree, new: Tree) -> None:
        fields = changed_immutable_fields(key.kind, old, new)
        if fields:
            raise ManifestError(
                f'The {key.kind} "{key.name}" is invalid: {", ".join(fields)}: field is immutable'
            )

    def _refuse_unknown_namespace(self, namespace: str) -> None:
        if namespace not in self._namespaces():
            raise ManifestError(f'Error from server (NotFound): namespaces "{namespace}" not found')

    def _namespaces(self) -> set[str]:
        created = {key.name for key in self.objects if key.kind == "Namespace"}
        return created | DEFAULT_NAMESPACES | ADD_ON_NAMESPACES


_ROLLED_OUT = {
    "conditions": [{"type": "Progressing", "status": "True", "reason": "NewReplicaSetAvailable"}]
}
"""The status of a Deployment: no controller creates pods, and a deploy waits for the roll-out."""
_NOT_ROLLED_OUT = {
    "conditions": [{"type": "Progressing", "status": "False", "reason": "ProgressDeadlineExceeded"}]
}
_JOB_SUCCEEDED = {"succeeded": 1, "conditions": [{"type": "Complete", "status": "True"}]}
_JOB_FAILED = {"failed": 1, "conditions": [{"type": "Failed", "status": "True"}]}


def _plural(kind: str) -> str:
    if kind.endswith("y"):
        return f"{kind[:-1]}ies"
    return f"{kind}es" if kind.endswith(("s", "x", "ch")) else f"{kind}s"
