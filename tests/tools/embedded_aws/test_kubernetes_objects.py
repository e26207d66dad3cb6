"""The simulated API server."""

from __future__ import annotations

import copy
from typing import Any

import pytest

from tools.embedded_aws.kubernetes.cluster import Cluster, HelmRelease
from tools.embedded_aws.kubernetes.jobs import JobResult
from tools.embedded_aws.kubernetes.jsonpath import JsonPathError, read
from tools.embedded_aws.kubernetes.validation import ManifestError, check_object

LABEL = "aws.cdk.eks/prune-1"
Tree = dict[str, Any]


def _object(kind: str, name: str, api: str = "v1", **more: Any) -> Tree:
    metadata = {"name": name, "namespace": "default", "labels": {LABEL: ""}}
    return {"apiVersion": api, "kind": kind, "metadata": metadata} | more


def _pod(image: str) -> Tree:
    labels = {"app": "web"}
    return {"metadata": {"labels": labels}, "spec": {"containers": [{"name": "c", "image": image}]}}


def _deployment(image: str = "web:1", **spec: Any) -> Tree:
    selector = {"matchLabels": {"app": "web"}}
    return _object(
        "Deployment",
        "web",
        "apps/v1",
        spec={"selector": selector, "template": _pod(image)} | spec,
    )


def _job(image: str) -> Tree:
    pod = _pod(image)
    pod["spec"]["restartPolicy"] = "Never"
    return _object("Job", "once", "batch/v1", spec={"template": pod})


def _binding() -> Tree:
    return _object("TargetGroupBinding", "web", "elbv2.k8s.aws/v1beta1", spec={"anything": 1})


@pytest.fixture
def cluster() -> Cluster:
    return Cluster("1.35")


def _names(cluster: Cluster) -> list[tuple[str, str]]:
    return [(d["kind"], d["metadata"]["name"]) for d in cluster.documents()]


# Checks -----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("document", "message"),
    [
        (_deployment(replcas=3), "Deployment/web is invalid .*: spec: .*'replcas' was unexpected"),
        (_deployment(replicas="3"), "Deployment/web .*: spec.replicas: '3' is not of type"),
        (_object("Deployment", "x", "apps/v1beta1"), 'no matches for kind "Deployment"'),
        (_object("Deploiment", "x", "apps/v1"), 'no matches for kind "Deploiment"'),
        (_object("ConfigMap", "Upper_case"), "ConfigMap/Upper_case .*: metadata.name"),
        ({"kind": "ConfigMap", "metadata": {"name": "x"}}, "ConfigMap/x: apiVersion is missing"),
        ({"apiVersion": "a.io/v1", "kind": "Own"}, r"Own/\?: metadata.name is missing"),
        (
            _object("Own", "x", "a.io/v1", metadata={"name": "x", "labels": {"a": "b" * 64}}),
            "metadata.labels.a: .*at most 63 characters",
        ),
    ],
)
def test_an_invalid_manifest_is_refused_with_its_name_and_path(
    document: Tree, message: str
) -> None:
    with pytest.raises(ManifestError, match=message):
        check_object(document, "1.35")


@pytest.mark.parametrize("document", [_deployment(), _job("a"), _binding()])
def test_a_valid_manifest_passes(document: Tree) -> None:
    check_object(document, "1.35")


def test_the_version_of_the_cluster_decides_which_kinds_exist() -> None:
    budget = _object("PodDisruptionBudget", "x", "policy/v1beta1", spec={"minAvailable": 1})
    slice_ = _object("ResourceClaim", "x", "resource.k8s.io/v1", spec={})

    with pytest.raises(ManifestError, match="no matches for kind"):
        check_object(budget, "1.35")
    with pytest.raises(ManifestError, match="no matches for kind"):
        check_object(slice_, "1.31")
    check_object(slice_, "1.35")


def test_a_version_without_schemas_is_refused() -> None:
    with pytest.raises(ManifestError, match=r"no schemas for Kubernetes 1\.5"):
        check_object(_deployment(), "1.5")


# Create and apply -------------------------------------------------------------------------


def test_creating_twice_fails(cluster: Cluster) -> None:
    cluster.create([_deployment()])

    with pytest.raises(ManifestError, match=r'deployments.apps "web" already exists'):
        cluster.create([_deployment()])


def test_applying_changes_and_removes_the_fields_of_the_last_apply(cluster: Cluster) -> None:
    cluster.apply([_deployment("web:1", paused=True)])

    cluster.apply([_deployment("web:2")])

    [live] = cluster.documents()
    assert live["spec"]["template"]["spec"]["containers"][0]["image"] == "web:2"
    assert "paused" not in live["spec"]


def test_applying_keeps_a_field_that_a_patch_has_set(cluster: Cluster) -> None:
    cluster.apply([_deployment("web:1")])
    cluster.patch("deployment/web", "default", {"spec": {"replicas": 3}}, "strategic")

    cluster.apply([_deployment("web:2")])

    assert cluster.documents()[0]["spec"]["replicas"] == 3


def test_an_unknown_namespace_is_refused(cluster: Cluster) -> None:
    elsewhere = _deployment()
    elsewhere["metadata"]["namespace"] = "shop"

    with pytest.raises(ManifestError, match='namespaces "shop" not found'):
        cluster.create([elsewhere])

    cluster.create([{"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": "shop"}}])
    cluster.create([elsewhere])


def test_an_immutable_field_cannot_change(cluster: Cluster) -> None:
    cluster.apply([_job("a:1")])

    with pytest.raises(ManifestError, match=r'Job "once" is invalid: spec.template: field is imm'):
        cluster.apply([_job("a:2")])


def test_one_invalid_object_prevents_every_change(cluster: Cluster) -> None:
    cluster.apply([_deployment("web:1"), _job("a:1")])
    before = cluster.documents()

    with pytest.raises(ManifestError, match="immutable"):
        cluster.apply([_deployment("web:2"), _job("a:2")])

    assert cluster.documents() == before


def test_pruning_removes_the_objects_that_the_manifest_lacks(cluster: Cluster) -> None:
    cluster.apply([_deployment(), _object("ConfigMap", "old"), _object("ConfigMap", "new")])

    cluster.apply([_deployment(), _object("ConfigMap", "new")], LABEL)

    assert _names(cluster) == [("ConfigMap", "new"), ("Deployment", "web")]


def test_pruning_keeps_other_labels_and_custom_resources(cluster: Cluster) -> None:
    foreign = _object("ConfigMap", "foreign")
    foreign["metadata"]["labels"] = {"other": ""}
    cluster.apply([foreign, _binding(), _deployment()])

    cluster.apply([_object("ConfigMap", "new")], LABEL)

    assert ("ConfigMap", "foreign") in _names(cluster)
    assert ("TargetGroupBinding", "web") in _names(cluster)
    assert ("Deployment", "web") not in _names(cluster)


def test_deleting_a_namespace_deletes_its_objects(cluster: Cluster) -> None:
    namespace = {"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": "shop"}}
    inside = _object("ConfigMap", "x")
    inside["metadata"]["namespace"] = "shop"
    cluster.create([namespace, inside])

    cluster.delete([namespace])

    assert cluster.documents() == []


def test_deleting_a_missing_object_succeeds(cluster: Cluster) -> None:
    cluster.delete([_deployment()])


# Patches and values -----------------------------------------------------------------------


def test_a_strategic_patch_merges_containers_by_name(cluster: Cluster) -> None:
    cluster.create([_deployment()])
    patch = {"spec": {"template": {"spec": {"containers": [{"name": "c", "tty": True}]}}}}

    cluster.patch("deploy/web", "default", patch, "strategic")

    [container] = cluster.documents()[0]["spec"]["template"]["spec"]["containers"]
    assert container == {"name": "c", "image": "web:1", "tty": True}


def test_a_merge_patch_replaces_lists_and_removes_nulls(cluster: Cluster) -> None:
    cluster.create([_deployment(paused=True)])
    containers = [{"name": "d", "image": "web:2"}]
    patch = {"spec": {"paused": None, "template": {"spec": {"containers": containers}}}}

    cluster.patch("deployments/web", "default", patch, "merge")

    spec = cluster.documents()[0]["spec"]
    assert "paused" not in spec
    assert spec["template"]["spec"]["containers"] == containers


def test_a_json_patch_is_applied(cluster: Cluster) -> None:
    cluster.create([_deployment()])
    patch = [{"op": "add", "path": "/spec/replicas", "value": 2}]

    cluster.patch("deployment.apps/web", "default", patch, "json")

    assert cluster.documents()[0]["spec"]["replicas"] == 2


def test_a_patch_of_a_missing_object_fails(cluster: Cluster) -> None:
    with pytest.raises(ManifestError, match='deployments "web" not found'):
        cluster.patch("deployment/web", "default", {}, "strategic")


def test_a_patch_that_makes_the_object_invalid_fails(cluster: Cluster) -> None:
    cluster.create([_deployment()])
    before = copy.deepcopy(cluster.documents())

    with pytest.raises(ManifestError, match="'replcas' was unexpected"):
        cluster.patch("deployment/web", "default", {"spec": {"replcas": 3}}, "strategic")

    assert cluster.documents() == before


def test_a_job_counts_as_succeeded(cluster: Cluster) -> None:
    cluster.create([_job("a")])
    key = cluster.find("job/once", "default")

    assert read(cluster.objects[key].live, ".status.succeeded") == "1"
    assert cluster.documents() == [_job("a")]


@pytest.mark.parametrize(
    ("path", "value"),
    [
        (".a.b", "x"),
        (".list[1].c", "y"),
        (r".names.with\.dot", "z"),
        (".names['with.dot']", "z"),
        (".a", '{"b":"x"}'),
        (".missing.deeper", ""),
        (".list[7]", ""),
        ('.list[?(@.c=="y")].c', "y"),
        ('.list[?(@.c=="z")].c', ""),
        ('.missing[?(@.c=="y")].c', ""),
        (".a.b}{.list[1].c", "xy"),
    ],
)
def test_json_path_reads_fields_indices_and_comparisons(path: str, value: str) -> None:
    document = {"a": {"b": "x"}, "list": [{}, {"c": "y"}], "names": {"with.dot": "z"}}

    assert read(document, path) == value


@pytest.mark.parametrize(
    "prune_label, started", [(None, ["old", "new"]), (LABEL, ["old", "new", "old"])]
)
def test_a_rollback_runs_the_previous_job_again_only_if_the_update_has_pruned_it(
    cluster: Cluster, prune_label: str | None, started: list[str]
) -> None:
    """After a failed migration, a further run of an old one fails too (Prisma, P3009)."""
    found: list[str] = []

    def run(_cluster: Cluster, job: Tree) -> JobResult:
        found.append(job["metadata"]["name"])
        return JobResult(job["metadata"]["name"] == "old", "")

    cluster.run_job = run
    for name in ("old", "new", "old"):
        job = _job("migrations:1")
        job["metadata"]["name"] = name
        cluster.apply([job], prune_label)
    assert found == started


def test_an_unsupported_json_path_is_refused() -> None:
    with pytest.raises(JsonPathError, match="only fields and indices"):
        read({}, ".items[*].name")


# Helm -------------------------------------------------------------------------------------


def test_a_release_needs_its_namespace_or_creates_it(cluster: Cluster) -> None:
    release = HelmRelease("keda", "keda", "keda", "https://charts.example.com", "2.0", {})

    with pytest.raises(ManifestError, match='namespaces "keda" not found'):
        cluster.install(release, create_namespace=False)
    cluster.install(release, create_namespace=True)

    assert cluster.releases["keda", "keda"] is release
    assert _names(cluster) == [("Namespace", "keda")]


def test_the_objects_are_sorted_by_namespace(cluster: Cluster) -> None:
    namespace = {"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": "z"}}
    role = _object("ClusterRole", "a", "rbac.authorization.k8s.io/v1")
    cluster.create([_deployment(), _object("ConfigMap", "b"), role, namespace])

    assert [kind for kind, _ in _names(cluster)] == [
        "Namespace",
        "ClusterRole",
        "ConfigMap",
        "Deployment",
    ]
