"""Whether pods fit nodes: what a node offers, and how many nodes it takes."""

from typing import Any

import pytest
from pydantic import TypeAdapter

from settings import load_stage
from settings.capacity import (
    Pod,
    Room,
    allocatable,
    nodes_needed,
    on_demand_nodes_needed,
    room_beside_daemons,
)
from settings.cluster import SpotGroupSettings


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


def test_spare_nodes_are_filled_first() -> None:
    pods = [Pod("pod", 600, 0)] * 3
    assert nodes_needed(pods, ROOM, spare=[ROOM]) == 2
    assert nodes_needed(pods, ROOM, spare=[ROOM] * 3) == 0


@pytest.mark.parametrize(
    "taints, needed",
    [
        ([], 3),
        ([{"key": "spot", "effect": "PreferNoSchedule"}], 3),
        ([{"key": "spot", "effect": "NoSchedule"}], 6),
    ],
    ids=["none", "a preference", "a taint that the services do not tolerate"],
)
def test_spot_nodes_count_where_their_taints_admit_the_services(
    taints: list[dict[str, Any]], needed: int
) -> None:
    production = load_stage("production")
    spot = TypeAdapter(SpotGroupSettings).validate_python(
        {"instance_types": ["t3.large", "m6i.large"], "max_nodes": 3, "taints": taints}
    )
    cluster = production.cluster.model_copy(update={"spot": spot})
    assert on_demand_nodes_needed(cluster, production.services) == needed
