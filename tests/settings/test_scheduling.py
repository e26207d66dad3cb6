"""How many nodes the pods of a stage need."""

import pytest

from settings import load_stage
from settings.capacity import Capacity, Pod, allocatable
from settings.scheduling import capacity_after_daemon_sets, nodes_needed, nodes_needed_for_release

NODE = Capacity(cpu_millicores=1000, memory_mib=1000, pods=4)


def test_daemon_sets_take_five_pods_and_450_millicores_of_every_node() -> None:
    node, after = allocatable("t3.large"), capacity_after_daemon_sets("t3.large")
    assert node.pods - after.pods == 5
    assert node.cpu_millicores - after.cpu_millicores == 50 + 100 + 0 + 250 + 50
    assert node.memory_mib - after.memory_mib == 128 + 25


@pytest.mark.parametrize(
    "pods, nodes",
    [
        ([], 0),
        ([(1000, 0)], 1),
        ([(600, 0), (600, 0)], 2),
        ([(0, 600), (0, 600)], 2),
        ([(600, 100), (300, 600), (400, 400), (400, 200)], 2),
        ([(1, 1)] * 4, 1),
        ([(1, 1)] * 5, 2),
    ],
    ids=[
        "no pods",
        "a full node",
        "too much processor for one node",
        "too much memory for one node",
        "large and small pods",
        "as many pods as a node takes",
        "one pod more than a node takes",
    ],
)
def test_a_node_takes_pods_until_its_processor_memory_or_pods_are_used_up(
    pods: list[tuple[int, int]], nodes: int
) -> None:
    assert nodes_needed([Pod("pod", *requests) for requests in pods], NODE) == nodes


@pytest.mark.parametrize("stage, nodes", [("production", 6), ("staging", 3)])
def test_a_release_at_maximum_scale_fits_the_node_group(stage: str, nodes: int) -> None:
    settings = load_stage(stage)
    assert nodes_needed_for_release(settings.cluster, settings.services) == nodes
    assert nodes <= settings.cluster.nodes.max_nodes
