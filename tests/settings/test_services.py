"""The services' settings: what Kubernetes would refuse, and what would never be scheduled."""

from pathlib import Path
from typing import Any

import pytest

from settings import SettingsError, load_stage
from tests.settings.files import write

QUOTA = (
    "the services at maximum replicas, 1 more of each for a rolling update, and the database's Jobs"
)
TAGGED = "allowed: an image with a tag other than latest, or with a digest (@sha256:...)"
FIT = "so many nodes of t3.medium it takes to run the services at maximum replicas, a release of"
# Staging has (3 + 1 + a migration) backends, (2 + 1) frontends, and the bootstrap Job at most.
BAD_INPUT = {
    "an autoscaler's minimum over its maximum": (
        {"backend.replicas": {"minimum": 4, "initial": 4, "maximum": 3}},
        "services.backend.replicas: found 4, 4, 3; allowed: minimum <= initial <= maximum",
    ),
    "an autoscaler's minimum under the disruption budget": (
        {"backend.replicas.minimum": 0},
        "services.backend.replicas.minimum: found 0; allowed: at least 1, which the disruption "
        "budget keeps available",
    ),
    "a processor request over its limit": (
        {"frontend.resources.cpu_request_millicores": 501},
        "services.frontend.resources.cpu_request_millicores: found 501; allowed: at most "
        "cpu_limit_millicores, 500",
    ),
    "a memory request over its limit": (
        {"frontend.resources.memory_request_mib": 257},
        "services.frontend.resources.memory_request_mib: found 257; allowed: at most "
        "memory_limit_mib, 256",
    ),
    "an image of a registry with a port, without a tag": (
        {"backend.image": "registry.example.com:5000/backend"},
        f"services.backend.image: found 'registry.example.com:5000/backend'; {TAGGED}",
    ),
    "an image with half a digest": (
        {"backend.image": "backend:1.0.0@sha256:0123"},
        f"services.backend.image: found 'backend:1.0.0@sha256:0123'; {TAGGED}",
    ),
    "an image with a space": (
        {"backend.image": "back end:1.0.0"},
        f"services.backend.image: found 'back end:1.0.0'; {TAGGED}",
    ),
    "services that do not fit the node group's maximum": (
        {"backend.replicas.maximum": 20},
        f"cluster.nodes.max_nodes: found 4; allowed: at least 5: {FIT} theirs and the system's "
        "pods",
    ),
    "a pod larger than a node": (
        {
            "backend.resources.cpu_request_millicores": 1481,
            "backend.resources.cpu_limit_millicores": 2000,
        },
        "services.backend.resources.cpu_request_millicores: found 1481; allowed: at most 1480: "
        "what a t3.medium has for it beside what runs on every node; no number of nodes would do",
    ),
    "a pod with more memory than a node": (
        {
            "backend.resources.memory_request_mib": 3094,
            "backend.resources.memory_limit_mib": 4096,
        },
        "services.backend.resources.memory_request_mib: found 3094; allowed: at most 3093: what a "
        "t3.medium has for it",
    ),
    "a quota of processors below what the services request": (
        {"quota.cpu_request_cores": 1},  # 5 * 250 + 3 * 100 + 50 = 1600 millicores
        f"services.quota.cpu_request_cores: found 1; allowed: at least 2 cores: {QUOTA}",
    ),
    "a quota of processors below the services' limits": (
        {"quota.cpu_limit_cores": 4},  # 5 * 500 + 3 * 500 + 500 = 4500 millicores
        f"services.quota.cpu_limit_cores: found 4; allowed: at least 5 cores: {QUOTA}",
    ),
    "a quota of memory below what the services request": (
        {"quota.memory_request_gib": 1},  # 5 * 256 + 3 * 128 + 64 = 1728 MiB
        f"services.quota.memory_request_gib: found 1; allowed: at least 2 GiB: {QUOTA}",
    ),
    "a quota of memory below the services' limits": (
        {"quota.memory_limit_gib": 3},  # 5 * 512 + 3 * 256 + 128 = 3456 MiB
        f"services.quota.memory_limit_gib: found 3; allowed: at least 4 GiB: {QUOTA}",
    ),
    "no quota": (
        {"quota.cpu_request_cores": 0},
        "services.quota.cpu_request_cores: found 0; allowed: greater than or equal to 1",
    ),
}


@pytest.mark.parametrize("services, expected", BAD_INPUT.values(), ids=BAD_INPUT.keys())
def test_bad_input_is_one_message(tmp_path: Path, services: dict[str, Any], expected: str) -> None:
    with pytest.raises(SettingsError) as caught:
        load_stage("staging", write(tmp_path, services, "services"))
    assert str(caught.value).startswith(f"{tmp_path.name}/staging.yaml: {expected}")
    assert len(str(caught.value).splitlines()) == 1


def test_a_quota_that_just_holds_the_services_is_accepted(tmp_path: Path) -> None:
    quota = {
        "cpu_request_cores": 2,
        "cpu_limit_cores": 5,
        "memory_request_gib": 2,
        "memory_limit_gib": 4,
    }
    settings = load_stage("staging", write(tmp_path, {"quota": quota}, "services"))
    assert settings.services.quota.model_dump() == quota


@pytest.mark.parametrize("stage", ["production", "staging"])
def test_the_quota_is_that_of_the_existing_deployment(stage: str) -> None:
    """20 and 40 processors, 40 and 80 GiB: requests and limits (application.md)."""
    assert load_stage(stage).services.quota.model_dump() == {
        "cpu_request_cores": 20,
        "cpu_limit_cores": 40,
        "memory_request_gib": 40,
        "memory_limit_gib": 80,
    }


@pytest.mark.parametrize(
    "image",
    [
        "backend:1.0.0",
        "registry.example.com:5000/team/backend:v1",
        f"ghcr.io/team/backend@sha256:{'0a' * 32}",
        f"ghcr.io/team/backend:1.0.0@sha256:{'0a' * 32}",
    ],
)
def test_an_image_is_pinned_by_a_tag_or_a_digest(tmp_path: Path, image: str) -> None:
    settings = load_stage("staging", write(tmp_path, {"backend.image": image}, "services"))
    assert settings.services.backend.image == image


def test_services_that_just_fit_are_accepted(tmp_path: Path) -> None:
    """One more would take a fifth node."""
    folder = write(tmp_path, {"backend.replicas.maximum": 17}, "services")
    assert load_stage("staging", folder).services.backend.replicas.maximum == 17
    folder = write(tmp_path, {"backend.replicas.maximum": 18}, "services")
    with pytest.raises(SettingsError, match="allowed: at least 5: so many nodes"):
        load_stage("staging", folder)
