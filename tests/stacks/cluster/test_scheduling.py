"""Pods and nodes: whether every scale of a stage fits its node group, and what a lost zone leaves.

The application's pods and the nodes are read from the templates. What add-ons and controllers
request is read from settings/system_pods.py, which is held against the templates here.
"""

import json
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import pytest

from k8s.charts import database_bootstrap_chart
from settings import load_stage, stage_names
from settings.capacity import Capacity, Pod, allocatable
from settings.scheduling import capacity_after_daemon_sets
from settings.services import DATABASE_BOOTSTRAP, MAX_SURGE, MIN_AVAILABLE
from settings.system_pods import (
    DAEMON_SETS,
    DEPLOYMENTS,
    SystemWorkload,
    daemon_set_pods,
    deployment_pods,
)
from tests.documents import check_document
from tests.simulators.scheduler_simulator import Cluster
from tests.stacks.cluster.resources import add_ons, helm_releases, helm_values, nested_mappings
from tests.synthesis import SynthesizedStage, synthesize

SCALES = ("minimum", "designed", "maximum", "a release at maximum")
CRITICAL = ("coredns", "metrics-server", "cluster-autoscaler", "aws-load-balancer-controller")
"""Priority `system-cluster-critical`: by the add-ons' and charts' defaults, or our values."""
_MEBIBYTES = {"Mi": 1, "Gi": 1024}


# What is read from the templates ---------------------------------------------------------------


def request(requests: Mapping[str, str]) -> tuple[int, int]:
    """Return millicores and mebibytes of a container's requests."""
    cpu, memory = str(requests["cpu"]), requests["memory"]
    millicores = int(cpu.removesuffix("m")) * (1 if cpu.endswith("m") else 1000)
    return millicores, int(memory[:-2]) * _MEBIBYTES[memory[-2:]]


def pod_of(manifest: Mapping[str, Any]) -> Pod:
    """Return what one pod of a Deployment or Job requests."""
    containers = manifest["spec"]["template"]["spec"]["containers"]
    sizes = [request(container["resources"]["requests"]) for container in containers]
    name = manifest["spec"]["template"]["metadata"]["labels"]["app.kubernetes.io/component"]
    return Pod(name, sum(cpu for cpu, _ in sizes), sum(memory for _, memory in sizes))


def of_kind(stage: SynthesizedStage, kind: str) -> list[dict[str, Any]]:
    return [manifest for manifest in stage.manifests() if manifest["kind"] == kind]


def replicas(stage: SynthesizedStage, manifest: Mapping[str, Any], scale: str) -> int:
    """Return how many pods run: a bound of the autoscaler of this name, or the designed count."""
    metadata = manifest["metadata"]
    scaler = stage.manifest("HorizontalPodAutoscaler", metadata["name"])["spec"]
    if scale == "designed":
        component = metadata["labels"]["app.kubernetes.io/component"]
        return stage.settings.services.by_name()[component].replicas.initial
    least: int = scaler["minReplicas"]
    most: int = scaler["maxReplicas"]
    return least if scale == "minimum" else most


def application_pods(stage: SynthesizedStage, scale: str) -> list[Pod]:
    release = scale not in ("minimum", "designed", "maximum")
    pods = []
    for deployment in of_kind(stage, "Deployment"):
        count = replicas(stage, deployment, scale)
        surge = deployment["spec"]["strategy"]["rollingUpdate"]["maxSurge"]
        pods += [pod_of(deployment)] * (count + (surge if release else 0))
    if release:
        pods += [pod_of(job) for job in of_kind(stage, "Job")]
    return pods


def group(stage: SynthesizedStage) -> tuple[str, Mapping[str, int]]:
    """Return the node group's type and bounds."""
    nodes = stage.only("cluster", "AWS::EKS::Nodegroup")
    (kind,) = nodes["InstanceTypes"]
    return kind, nodes["ScalingConfig"]


# The simulation --------------------------------------------------------------------------------


def start(stage: SynthesizedStage, scale: str) -> Cluster:
    """Return the cluster before anything runs: at its minimum for the minimum scale."""
    kind, bounds = group(stage)
    return Cluster(
        zones=stage.settings.availability_zones,
        allocatable=allocatable(kind),
        daemons=daemon_set_pods(),
        nodes=bounds["MinSize" if scale == "minimum" else "DesiredSize"],
        maximum=bounds["MaxSize"],
        critical=CRITICAL,
    )


def run(stage: SynthesizedStage, scale: str) -> Cluster:
    """Return the cluster with everything placed."""
    cluster = start(stage, scale)
    system = deployment_pods(stage.settings.cluster)
    assert cluster.schedule([*system, *application_pods(stage, scale)]) == []
    return cluster


@dataclass(frozen=True)
class Outcome:
    """What a scale takes, and what is left when the zone with the most pods is lost."""

    pods: int
    nodes_at_start: int
    nodes: int
    maximum: int
    requested: Capacity
    offered: Capacity
    nodes_left: int
    waiting: tuple[Pod, ...]
    """Pods that find no room until there is a new node: of the lost zone, or evicted for these."""
    never_placed: tuple[Pod, ...]
    nodes_after: int


def outcome(stage: SynthesizedStage, scale: str) -> Outcome:
    cluster = run(stage, scale)
    nodes, requested = len(cluster.nodes), cluster.requested()
    displaced = cluster.lose(cluster.fullest_zone())
    left = len(cluster.nodes)
    waiting = cluster.schedule(displaced, autoscale=False)
    never = cluster.schedule(waiting)
    return Outcome(
        pods=requested.pods - nodes * len(DAEMON_SETS),
        nodes_at_start=len(start(stage, scale).nodes),
        nodes=nodes,
        maximum=cluster.maximum,
        requested=requested,
        offered=Capacity(*(nodes * each for each in cluster.allocatable)),
        nodes_left=left,
        waiting=tuple(waiting),
        never_placed=tuple(never),
        nodes_after=len(cluster.nodes),
    )


# Every scale fits ------------------------------------------------------------------------------


@pytest.mark.parametrize("scale", SCALES)
def test_every_scale_fits_the_node_group(stage: SynthesizedStage, scale: str) -> None:
    found = outcome(stage, scale)
    assert found.nodes <= found.maximum
    for requested, offered in zip(found.requested, found.offered, strict=True):
        assert requested <= offered


@pytest.mark.parametrize("scale", SCALES)
def test_every_scale_fits_two_zones_within_the_same_maximum(
    stage: SynthesizedStage, scale: str
) -> None:
    found = outcome(stage, scale)
    assert found.never_placed == ()
    assert found.nodes_after <= found.maximum


def test_production_runs_its_minimum_and_its_design_on_the_nodes_of_the_design(
    production: SynthesizedStage,
) -> None:
    assert outcome(production, "minimum").nodes == 2
    assert outcome(production, "designed").nodes == 3


def test_production_serves_while_a_zone_is_lost_before_new_nodes_come(
    production: SynthesizedStage,
) -> None:
    """At least one pod of each service runs on, in a zone that is left."""
    for scale in SCALES:
        cluster = run(production, scale)
        for zone in cluster.zones:
            names = {pod.name for node in cluster.nodes if node.zone != zone for pod in node.pods}
            assert {"backend", "frontend"} <= names
    assert [pod.name for pod in outcome(production, "designed").waiting] == ["backend"]


def test_a_lost_zone_leaves_room_for_what_adds_nodes(stage: SynthesizedStage) -> None:
    """The Cluster Autoscaler and DNS never wait for a node themselves."""
    for scale in SCALES:
        assert not {pod.name for pod in outcome(stage, scale).waiting} & set(CRITICAL)
    assert (
        helm_values(stage, "cluster-autoscaler")["priorityClassName"] == "system-cluster-critical"
    )


def test_to_spread_is_a_preference_that_keeps_no_pod_waiting(stage: SynthesizedStage) -> None:
    for deployment in of_kind(stage, "Deployment"):
        pod = deployment["spec"]["template"]["spec"]
        assert list(pod["affinity"]) == ["podAntiAffinity"]
        assert list(pod["affinity"]["podAntiAffinity"]) == [
            "preferredDuringSchedulingIgnoredDuringExecution"
        ]
        spread = {each["whenUnsatisfiable"] for each in pod["topologySpreadConstraints"]}
        assert spread == {"ScheduleAnyway"}


def test_staging_cannot_shrink_to_its_minimum_of_one_node(staging: SynthesizedStage) -> None:
    """Not for want of processors or memory: a t3.medium has 17 places for pods."""
    found = outcome(staging, "minimum")
    node = allocatable("t3.medium")
    assert (found.nodes_at_start, found.nodes) == (1, 2)
    on_one = found.pods + len(DAEMON_SETS)
    assert on_one == 20 > node.pods == 17
    second_nodes_daemons = sum(each.cpu_millicores for each in daemon_set_pods())
    assert found.requested.cpu_millicores - second_nodes_daemons <= node.cpu_millicores


@pytest.mark.parametrize("scale", SCALES)
def test_every_node_can_be_drained(stage: SynthesizedStage, scale: str) -> None:
    """Its pods find room on the others, or on the one node that an upgrade adds."""
    for index in range(len(run(stage, scale).nodes)):
        cluster = run(stage, scale)
        cluster.maximum = len(cluster.nodes)
        assert cluster.schedule(cluster.remove(cluster.nodes[index])) == []


@pytest.mark.parametrize("scale", SCALES)
def test_every_disruption_budget_lets_one_pod_go(stage: SynthesizedStage, scale: str) -> None:
    budgets = of_kind(stage, "PodDisruptionBudget")
    assert budgets
    for budget in budgets:
        spec = budget["spec"]
        count = replicas(stage, budget, scale)
        allowed = spec.get("maxUnavailable") or count - spec["minAvailable"]
        assert allowed >= 1
        assert spec.get("minAvailable", 0) in (0, MIN_AVAILABLE)


# The figures of the settings are those of the templates ----------------------------------------


def sizes(pods: Sequence[SystemWorkload]) -> list[tuple[int, int]]:
    return sorted((each.cpu_request_millicores, each.memory_request_mib) for each in pods)


def test_controllers_request_what_the_settings_reckon_with(stage: SynthesizedStage) -> None:
    reckoned = {
        name: [p for p in DEPLOYMENTS if p.part_of == name] for name in helm_releases(stage)
    }
    for name, pods in reckoned.items():
        made = nested_mappings(helm_values(stage, name))
        found = sorted(request(each["requests"]) for each in made if "requests" in each)
        assert found == sizes(pods), name
        counts = [each[key] for each in made for key in ("replicaCount", "replicas") if key in each]
        assert counts == [stage.settings.cluster.controllers.replicas] * len(pods), name
        assert all(each.replicas is None for each in pods), name


def test_add_ons_request_what_the_settings_reckon_with(stage: SynthesizedStage) -> None:
    """Their replicas are ours, their requests EKS' own: none of them is overridden."""
    reckoned = {each.part_of for each in [*DAEMON_SETS, *DEPLOYMENTS]} - set(helm_releases(stage))
    assert set(add_ons(stage)) == reckoned
    replicas = {each.part_of: each.replicas for each in DEPLOYMENTS}
    for name, add_on in add_ons(stage).items():
        made = json.loads(add_on["Properties"].get("ConfigurationValues", "{}"))
        assert not [each for each in nested_mappings(made) if "requests" in each], name
        for key in ("replicaCount", "replicas"):
            if key in made:
                expected = replicas[name] or stage.settings.cluster.controllers.replicas
                assert made[key] == expected, name
    assert replicas["coredns"] == 2


def test_the_application_requests_what_the_settings_reckon_with(stage: SynthesizedStage) -> None:
    """Nothing of a release at maximum scale is missing in what the settings refuse by."""
    reckoned = {
        (name, resources.cpu_request_millicores, resources.memory_request_mib): count
        for name, count, resources in stage.settings.services.peak_pods()
    }
    found = application_pods(stage, SCALES[-1])
    for pod in set(found):
        assert found.count(pod) <= reckoned[pod]
    assert {pod.name for pod in found} >= {"backend", "frontend"}
    surges = [
        deployment["spec"]["strategy"]["rollingUpdate"]["maxSurge"]
        for deployment in of_kind(stage, "Deployment")
    ]
    assert set(surges) == {MAX_SURGE}


def test_the_job_of_the_database_requests_what_the_settings_reckon_with() -> None:
    chart = database_bootstrap_chart(instance="i", region="us-east-1", release="1")
    (job,) = [each for each in chart if each["kind"] == "Job"]
    assert pod_of(job) == Pod(
        "database-bootstrap",
        DATABASE_BOOTSTRAP.cpu_request_millicores,
        DATABASE_BOOTSTRAP.memory_request_mib,
    )
    (container,) = job["spec"]["template"]["spec"]["containers"]
    assert request(container["resources"]["limits"]) == (
        DATABASE_BOOTSTRAP.cpu_limit_millicores,
        DATABASE_BOOTSTRAP.memory_limit_mib,
    )


# docs/scheduling.md ----------------------------------------------------------------------------

INTRODUCTION = """\
# Pods and nodes

Made from the templates; `python3 dev.py test tests/stacks --snapshot-update` writes it anew. The
scheduler places by requests, not by use: so does this page, with a small scheduler of its own
(`tests/simulators/scheduler_simulator.py`). Settings whose services would not fit at maximum scale
are refused before anything is synthesized.

## What a node offers

Its image keeps a part for itself; `settings/capacity.py` has the formula and its source. Every node
runs five daemons (network, proxy, identities, CloudWatch agent, logs). A pod takes a place, which
is an address of the node's interfaces; daemons on the host's network take a place without one.
"""

SYSTEM = """
## What runs beside the application

With the requests that `settings/system_pods.py` gives the sources of. Staging runs one of each
controller, production two.
"""

RESULTS = """
## Whether it fits

"Designed" is what the first deployment starts. The minimum starts on the group's minimum of nodes,
all others on the desired ones; the Cluster Autoscaler adds the rest. "A release" is the maximum
with one more pod of each service, and the Jobs that run before them. Daemons are counted. The zone
that is lost is the one with the most pods: the nodes that are left, and how many it then takes;
"wait" are the pods that find no room until a new node is there, which takes minutes.
"""

NOTES = """
## What to know

- **Staging never shrinks to its minimum of one node.** With the daemons its smallest scale is 20
  pods, and a t3.medium has 17 places; processors and memory would do. A group that starts with one
  node gets the second from the Cluster Autoscaler, which then never finds one to be spare. So
  `min_nodes: 1`, the design's, is harmless and has no effect. To run on one node takes a type with
  more places, such as a t3.large (35), or prefix delegation
  ([why not](decisions/0004-cluster.md)).
- **Who waits when a zone is lost.** By their priority, DNS, the metrics server, the Cluster
  Autoscaler and the load balancer controller never do: where there is no room, a smaller pod gives
  way, and waits instead. In production as designed, one backend of
  three does; at its minimum of two nodes half of it is gone, and one backend and one frontend serve
  meanwhile. Staging has one pod of each service: an outage of as long as another takes to start.
- **Who replaces the nodes.** Auto Scaling keeps the desired number, in the zones that are left. The
  Cluster Autoscaler raises that number only for pods that wait.
- **What runs out first**: processors in production, places in staging. Of the 1930m of a node, 450m
  are the daemons', more than half of them the CloudWatch agent's.
- **Requests are not use.** A t3 earns credits for 30 % (t3.large) or 20 % (t3.medium) of its
  processors, and what it takes beyond them is billed (mode `unlimited`, the default).
- **Addresses of the subnets** are reckoned in `settings/addresses.py`, and checked there.
"""


def table(head: Sequence[str], rows: Sequence[Sequence[object]]) -> str:
    lines = [head, ["---"] * len(head), *rows]
    return "\n" + "".join(f"| {' | '.join(str(cell) for cell in line)} |\n" for line in lines)


def node_rows(stages: Sequence[SynthesizedStage]) -> list[list[str]]:
    rows = []
    for stage in stages:
        kind, bounds = group(stage)
        nodes = (
            f"{bounds['MinSize']} to {bounds['MaxSize']} {kind}, desired {bounds['DesiredSize']}"
        )
        rooms = [
            f"{room.cpu_millicores}m, {room.memory_mib} MiB, {room.pods} places"
            for room in (allocatable(kind), capacity_after_daemon_sets(kind))
        ]
        rows.append([stage.settings.stage, nodes, *rooms])
    return rows


def system_rows() -> list[list[str]]:
    def size(each: SystemWorkload) -> str:
        return f"{each.cpu_request_millicores}m, {each.memory_request_mib} MiB"

    return [
        *([each.name, each.part_of, size(each), "one a node"] for each in DAEMON_SETS),
        *(
            [each.name, each.part_of, size(each), str(each.replicas or "one or two")]
            for each in DEPLOYMENTS
        ),
    ]


def result_row(stage: SynthesizedStage, scale: str) -> list[str]:
    found = outcome(stage, scale)
    pods = application_pods(stage, scale)
    counts = [sum(pod.name == name for pod in pods) for name in ("backend", "frontend")]
    used = [
        f"{part}{unit} of {whole}{unit} ({100 * part // whole} %)"
        for part, whole, unit in zip(found.requested, found.offered, ("m", " MiB", ""), strict=True)
    ]
    waiting = Counter(pod.name for pod in found.waiting)
    names = ", ".join(name if n == 1 else f"{n} {name}" for name, n in sorted(waiting.items()))
    return [
        stage.settings.stage,
        scale,
        f"{counts[0]} + {counts[1]}",
        f"{found.nodes} (starts with {found.nodes_at_start}, at most {found.maximum})",
        *used,
        f"{found.nodes_left}, then {found.nodes_after}",
        names or "none",
    ]


def test_the_page_of_pods_and_nodes_is_current(pytestconfig: pytest.Config) -> None:
    stages = [synthesize(load_stage(name)) for name in stage_names()]
    parts = [
        INTRODUCTION,
        table(["stage", "node group", "a node offers", "beside the daemons"], node_rows(stages)),
        SYSTEM,
        table(["pods", "add-on or chart", "each requests", "how many"], system_rows()),
        RESULTS,
        table(
            [
                *("stage", "scale", "backend + frontend", "nodes"),
                *("processors requested", "memory requested", "places taken"),
                *("a zone lost: nodes", "wait"),
            ],
            [result_row(stage, scale) for stage in stages for scale in SCALES],
        ),
        NOTES,
    ]
    check_document("scheduling.md", "".join(parts), pytestconfig)
