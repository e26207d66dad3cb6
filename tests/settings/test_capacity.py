"""Whether pods fit nodes: what a node offers, and how many nodes it takes."""

import pytest

from settings import load_stage
from settings.capacity import (
    Pod,
    Room,
    allocatable,
    nodes_needed,
    nodes_needed_for_release,
    room_beside_daemons,
)


@pytest.mark.parametrize(
    "node_type, kube_reserved",
    [("t3.medium", (70, 255 + 11 * 17)), ("t3.large", (70, 255 + 11 * 35))],
)
def test_a_node_keeps_what_its_image_reserves(
    node_type: str, kube_reserved: tuple[int, int]
) -> None:
    """70m and 442Mi: so says the kubelet's configuration on a t3.medium."""
    cpu, memory = kube_reserved
    unseen = {"t3.medium": 4096 - 3788, "t3.large": 8192 - 7577}[node_type]
    whole = {"t3.medium": (2000, 4096, 17), "t3.large": (2000, 8192, 35)}[node_type]
    assert allocatable(node_type) == Room(
        whole[0] - cpu, whole[1] - unseen - memory - 100, whole[2]
    )


@pytest.mark.parametrize("node_type, reserved", [("t3.xlarge", 80), ("t3.2xlarge", 90)])
def test_more_cores_reserve_less_each(node_type: str, reserved: int) -> None:
    """60 + 10 for the first two, 5 each for the next two, 2.5 each for the others."""
    cores = {"t3.xlarge": 4, "t3.2xlarge": 8}[node_type]
    assert allocatable(node_type).cpu_millicores == 1000 * cores - reserved


def test_daemons_take_five_places_and_450_millicores_of_every_node() -> None:
    whole, left = allocatable("t3.large"), room_beside_daemons("t3.large")
    assert whole.pods - left.pods == 5
    assert whole.cpu_millicores - left.cpu_millicores == 50 + 100 + 0 + 250 + 50
    assert whole.memory_mib - left.memory_mib == 128 + 25


ROOM = Room(cpu_millicores=1000, memory_mib=1000, pods=4)


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
    ids=["none", "a full node", "processors", "memory", "mixed", "places", "a place too few"],
)
def test_a_node_takes_pods_until_processors_memory_or_places_run_out(
    pods: list[tuple[int, int]], nodes: int
) -> None:
    assert nodes_needed([Pod("pod", *size) for size in pods], ROOM) == nodes


def test_a_release_of_production_at_maximum_scale_takes_six_nodes() -> None:
    production = load_stage("production")
    assert nodes_needed_for_release(production.cluster, production.services) == 6
