"""What a node offers to pods."""

import pytest

from settings.capacity import Capacity, Pod, allocatable


@pytest.mark.parametrize(
    "node_type, cores", [("t3.medium", 2), ("t3.xlarge", 4), ("t3.2xlarge", 8)]
)
def test_further_cores_reserve_less_each(node_type: str, cores: int) -> None:
    """60m and 10m of the first two cores, 5m each of the next two, 2.5m of each further one."""
    reserved = {2: 60 + 10, 4: 60 + 10 + 5 + 5, 8: 60 + 10 + 5 + 5 + 4 * 2.5}[cores]
    assert allocatable(node_type).cpu_millicores == 1000 * cores - reserved


@pytest.mark.parametrize(
    "node_type, memory_mib, usable_mib, pods",
    [("t3.medium", 4096, 3788, 17), ("t3.large", 8192, 7577, 35)],
)
def test_memory_is_reserved_for_the_kubelet_and_for_each_pod(
    node_type: str, memory_mib: int, usable_mib: int, pods: int
) -> None:
    """255 MiB, 11 MiB for each pod, and the eviction threshold of 100 MiB."""
    assert usable_mib == int(memory_mib * (1 - 0.075))
    node = allocatable(node_type)
    assert node.pods == pods
    assert node.memory_mib == usable_mib - (255 + 11 * pods) - 100


@pytest.mark.parametrize(
    "pod, fits",
    [
        (Pod("pod", 1000, 1000), True),
        (Pod("pod", 1001, 0), False),
        (Pod("pod", 0, 1001), False),
    ],
    ids=["the whole node", "too much processor", "too much memory"],
)
def test_a_pod_fits_up_to_the_processor_and_memory_of_a_node(pod: Pod, fits: bool) -> None:
    assert Capacity(cpu_millicores=1000, memory_mib=1000, pods=1).fits(pod) is fits


def test_a_node_takes_as_many_pods_as_it_has_addresses_for() -> None:
    node = Capacity(cpu_millicores=1000, memory_mib=1000, pods=1).subtract(Pod("pod", 100, 200))
    assert node == Capacity(cpu_millicores=900, memory_mib=800, pods=0)
    assert not node.fits(Pod("pod", 0, 0))
