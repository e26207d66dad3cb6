"""docs/scheduling.md: the results of the scheduling simulation."""

from collections import Counter
from collections.abc import Sequence

import pytest

from settings import load_stage, stage_names
from settings.capacity import allocatable
from settings.scheduling import capacity_after_daemon_sets
from settings.system_pods import DAEMON_SETS, DEPLOYMENTS, SystemWorkload
from tests.documents import check_document
from tests.stacks.cluster.scheduling import SCALES, application_pods, node_group, simulate
from tests.synthesis import SynthesizedStage, synthesize

INTRODUCTION = """\
# Pods and nodes

`python3 dev.py test tests/stacks --snapshot-update` generates this page from the templates. Like
the Kubernetes scheduler, it compares the requests of pods with the resources of nodes, and not
their usage. A simulator schedules the pods (`tests/simulators/scheduler_simulator.py`). The
settings reject services that do not fit the nodes at maximum scale.

## What a node offers

A node reserves a part of its CPU and memory for the system; `settings/capacity.py` contains the
formula and its source. Every node runs five DaemonSets: the VPC CNI, kube-proxy, the pod identity
agent, the CloudWatch agent and Fluent Bit. The number of addresses of a node's network interfaces
limits the number of pods. Pods that use the host's network count too.
"""

SYSTEM = """
## Add-ons and controllers

`settings/system_pods.py` contains the sources of these requests. Staging runs one replica of each
controller, and production runs two.
"""

RESULTS = """
## Results

- **Initial** is the number of pods that the first deployment starts.
- **Release at maximum** is the maximum with one more pod of each service, and the Jobs that run
  before a release.
- **Nodes:** the minimum scale starts on the minimum size of the node group, and all other scales
  start on its desired size. The Cluster Autoscaler adds nodes up to the maximum size.
- **CPU, memory and pods** include the DaemonSets.
- **Nodes after a zone failure:** the zone with the most pods fails. The column shows the nodes that
  remain, and the nodes that run all pods again.
- **Pending pods** do not fit the remaining nodes. They start when a new node is ready, after some
  minutes.
"""

NOTES = """
## Notes

- **Staging does not shrink to its minimum of one node.** Its smallest scale has 20 pods with the
  DaemonSets, and a t3.medium runs 17 pods at most. Its CPU and memory would suffice. A node group
  that starts with one node gets a second one from the Cluster Autoscaler, which then never removes
  it. The design's `min_nodes: 1` therefore has no effect, and does no harm. One node would need
  an instance type with more addresses, such as a t3.large (35 pods), or prefix delegation
  ([decision 4](decisions/0004-cluster.md) explains why there is none).
- **Critical pods are never pending after a zone failure:** CoreDNS, the Metrics Server, the Cluster
  Autoscaler and the load balancer controller. If no node fits one of them, it preempts a smaller
  pod, which is then pending.
- **Production keeps a pod of each service after a zone failure.** At the initial scale, one of
  three backend pods is pending. At the minimum scale, one of two pods of each service is pending.
- **Staging has one pod of each service.** A zone failure stops a service until another pod has
  started.
- **Auto Scaling replaces the failed nodes** in the remaining zones, up to the desired size. The
  Cluster Autoscaler raises the desired size only for pending pods.
- **CPU limits production, and the number of pods limits staging.** The DaemonSets request 450m of
  the 1930m of a node. The CloudWatch agent requests more than half of that.
- **Requests are not usage.** A t3 instance earns credits for 30 % (t3.large) or 20 % (t3.medium) of
  its CPU. AWS bills usage beyond the credits (mode `unlimited`, the default).
- **The addresses of subnets** are calculated and checked in `settings/addresses.py`.
"""


def table(head: Sequence[str], rows: Sequence[Sequence[object]]) -> str:
    lines = [head, ["---"] * len(head), *rows]
    return "\n" + "".join(f"| {' | '.join(str(cell) for cell in line)} |\n" for line in lines)


def node_group_rows(stages: Sequence[SynthesizedStage]) -> list[list[str]]:
    rows = []
    for stage in stages:
        instance_type, sizes = node_group(stage)
        capacities = [
            f"{capacity.cpu_millicores}m, {capacity.memory_mib} MiB, {capacity.pods} pods"
            for capacity in (allocatable(instance_type), capacity_after_daemon_sets(instance_type))
        ]
        rows.append(
            [
                stage.settings.stage,
                instance_type,
                f"{sizes['MinSize']} to {sizes['MaxSize']}, desired {sizes['DesiredSize']}",
                *capacities,
            ]
        )
    return rows


def system_rows() -> list[list[str]]:
    def row(workload: SystemWorkload, replicas: str) -> list[str]:
        cpu, memory = workload.cpu_request_millicores, workload.memory_request_mib
        return [workload.name, workload.part_of, f"{cpu}m, {memory} MiB", replicas]

    return [
        *(row(workload, "one on each node") for workload in DAEMON_SETS),
        *(row(workload, str(workload.replicas or "one or two")) for workload in DEPLOYMENTS),
    ]


def result_row(stage: SynthesizedStage, scale: str) -> list[str]:
    outcome = simulate(stage, scale)
    pods = Counter(pod.name for pod in application_pods(stage, scale))
    usage = [
        f"{requested}{unit} of {offered}{unit} ({100 * requested // offered} %)"
        for requested, offered, unit in zip(
            outcome.requested, outcome.allocatable, ("m", " MiB", ""), strict=True
        )
    ]
    pending = Counter(pod.name for pod in outcome.pending_after_failure)
    return [
        stage.settings.stage,
        scale,
        f"{pods['backend']} + {pods['frontend']}",
        f"{outcome.nodes} (starts with {outcome.nodes_at_start}, maximum {outcome.max_nodes})",
        *usage,
        f"{outcome.nodes_after_failure}, then {outcome.nodes_after_recovery}",
        ", ".join(
            name if count == 1 else f"{count} {name}" for name, count in sorted(pending.items())
        )
        or "none",
    ]


def test_the_scheduling_document_is_current(pytestconfig: pytest.Config) -> None:
    stages = [synthesize(load_stage(name)) for name in stage_names()]
    parts = [
        INTRODUCTION,
        table(
            ["stage", "instance type", "nodes", "allocatable of a node", "without DaemonSets"],
            node_group_rows(stages),
        ),
        SYSTEM,
        table(["pod", "add-on or chart", "requests", "replicas"], system_rows()),
        RESULTS,
        table(
            [
                *("stage", "scale", "backend + frontend", "nodes"),
                *("CPU requests", "memory requests", "pods"),
                *("nodes after a zone failure", "pending pods"),
            ],
            [result_row(stage, scale) for stage in stages for scale in SCALES],
        ),
        NOTES,
    ]
    check_document("scheduling.md", "".join(parts), pytestconfig)
