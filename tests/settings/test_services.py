"""The settings of the services: their images, replicas, resources and quota."""

from pathlib import Path
from typing import Any

import pytest

from settings import load_stage
from tests.settings.files import check_refused, error_message, write_stage_file

TAGGED = "allowed: an image with a tag other than latest, or with a digest (@sha256:...)"
REGISTRY = (
    "allowed: an image of ghcr.io, public.ecr.aws, registry.k8s.io or a private registry of Amazon "
    "ECR; settings/registries.py does not say where"
)
QUOTA = (
    "the services at maximum replicas, 1 more of each for a rolling update, and the database's Jobs"
)
NODES = "so many nodes of t3.medium it takes to run the services at maximum replicas, a release of"

INVALID: dict[str, tuple[dict[str, Any], str]] = {
    "fewer maximum replicas than initial ones": (
        {"backend.replicas": {"minimum": 4, "initial": 4, "maximum": 3}},
        "backend.replicas: found 4, 4, 3; allowed: minimum <= initial <= maximum",
    ),
    "fewer replicas than the disruption budget keeps available": (
        {"backend.replicas.minimum": 0},
        "backend.replicas.minimum: found 0; allowed: at least 1, which the disruption budget keeps "
        "available",
    ),
    "a processor request over its limit": (
        {"frontend.resources.cpu_request_millicores": 501},
        "frontend.resources.cpu_request_millicores: found 501; allowed: at most "
        "cpu_limit_millicores, 500",
    ),
    "a memory request over its limit": (
        {"frontend.resources.memory_request_mib": 257},
        "frontend.resources.memory_request_mib: found 257; allowed: at most memory_limit_mib, 256",
    ),
    "an image without a tag": (
        {"backend.image": "ghcr.io/subculture-collective/spywatcher-backend"},
        f"backend.image: found 'ghcr.io/subculture-collective/spywatcher-backend'; {TAGGED}",
    ),
    "an image with the tag latest": (
        {"backend.image": "ghcr.io/spywatcher-backend:latest"},
        f"backend.image: found 'ghcr.io/spywatcher-backend:latest'; {TAGGED}",
    ),
    "an image without a tag in a registry with a port": (
        {"backend.image": "registry.example.com:5000/backend"},
        f"backend.image: found 'registry.example.com:5000/backend'; {TAGGED}",
    ),
    "an image with an incomplete digest": (
        {"backend.image": "backend:1.0.0@sha256:0123"},
        f"backend.image: found 'backend:1.0.0@sha256:0123'; {TAGGED}",
    ),
    "an image of Docker Hub": (
        {"backend.image": "docker.io/library/postgres:15.17-alpine"},
        f"backend.image: found 'docker.io/library/postgres:15.17-alpine'; {REGISTRY} docker.io ",
    ),
    "an image without a registry, which is one of Docker Hub": (
        {"backend.image": "team/backend:1.0.0"},
        f"backend.image: found 'team/backend:1.0.0'; {REGISTRY} docker.io keeps layers",
    ),
    "an image of a registry whose layers are in an unknown place": (
        {"backend.image": "registry.example.com:5000/team/backend:v1"},
        f"backend.image: found 'registry.example.com:5000/team/backend:v1'; {REGISTRY} "
        "registry.example.com:5000 keeps layers",
    ),
    "a private registry that no image is of": (
        {"private_registry": "public.ecr.aws"},
        "private_registry: found public.ecr.aws; allowed: the registry of an image: ghcr.io",
    ),
    "an image with a space": (
        {"backend.image": "back end:1.0.0"},
        f"backend.image: found 'back end:1.0.0'; {TAGGED}",
    ),
    "a pod that requests more processor than a node offers": (
        {
            "backend.resources.cpu_request_millicores": 1481,
            "backend.resources.cpu_limit_millicores": 2000,
        },
        "backend.resources.cpu_request_millicores: found 1481; allowed: at most 1480: what a "
        "t3.medium has for it beside what runs on every node; no number of nodes would do",
    ),
    "a pod that requests more memory than a node offers": (
        {
            "backend.resources.memory_request_mib": 3094,
            "backend.resources.memory_limit_mib": 4096,
        },
        "backend.resources.memory_request_mib: found 3094; allowed: at most 3093: what a t3.medium "
        "has for it",
    ),
    # Staging runs (3 + 1 + 1) pods of the backend's size, (2 + 1) frontends and the bootstrap Job.
    "a quota below the processor requests": (
        {"quota.cpu_request_cores": 1},  # 5 * 250 + 3 * 100 + 50 = 1600 millicores
        f"quota.cpu_request_cores: found 1; allowed: at least 2 cores: {QUOTA}",
    ),
    "a quota below the processor limits": (
        {"quota.cpu_limit_cores": 4},  # 5 * 500 + 3 * 500 + 500 = 4500 millicores
        f"quota.cpu_limit_cores: found 4; allowed: at least 5 cores: {QUOTA}",
    ),
    "a quota below the memory requests": (
        {"quota.memory_request_gib": 1},  # 5 * 256 + 3 * 128 + 64 = 1728 MiB
        f"quota.memory_request_gib: found 1; allowed: at least 2 GiB: {QUOTA}",
    ),
    "a quota below the memory limits": (
        {"quota.memory_limit_gib": 3},  # 5 * 512 + 3 * 256 + 128 = 3456 MiB
        f"quota.memory_limit_gib: found 3; allowed: at least 4 GiB: {QUOTA}",
    ),
    "a quota of zero": (
        {"quota.cpu_request_cores": 0},
        "quota.cpu_request_cores: found 0; allowed: greater than or equal to 1",
    ),
}


@pytest.mark.parametrize("changes, expected", INVALID.values(), ids=INVALID)
def test_an_invalid_setting_is_refused_with_one_message(
    tmp_path: Path, changes: dict[str, Any], expected: str
) -> None:
    check_refused(tmp_path, changes, expected, section="services")


def test_services_need_no_more_nodes_than_the_node_group_may_have(tmp_path: Path) -> None:
    write_stage_file(tmp_path, {"services.backend.replicas.maximum": 17})
    assert load_stage("staging", tmp_path).services.backend.replicas.maximum == 17
    write_stage_file(tmp_path, {"services.backend.replicas.maximum": 18})
    assert error_message(tmp_path) == (
        f"{tmp_path.name}/staging.yaml: cluster.nodes.max_nodes: found 4; allowed: at least 5: "
        f"{NODES} theirs and the system's pods"
    )


def test_the_smallest_quota_that_is_allowed_is_accepted(tmp_path: Path) -> None:
    quota = {
        "cpu_request_cores": 2,
        "cpu_limit_cores": 5,
        "memory_request_gib": 2,
        "memory_limit_gib": 4,
    }
    write_stage_file(tmp_path, {"services.quota": quota})
    assert load_stage("staging", tmp_path).services.quota.model_dump() == quota


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
        "public.ecr.aws/team/backend:1.0.0",
        "111111111111.dkr.ecr.eu-west-1.amazonaws.com/team/backend:v1",
        f"ghcr.io/team/backend@sha256:{'0a' * 32}",
        f"ghcr.io/team/backend:1.0.0@sha256:{'0a' * 32}",
    ],
)
def test_an_image_with_a_tag_or_a_digest_is_accepted(tmp_path: Path, image: str) -> None:
    write_stage_file(tmp_path, {"services.backend.image": image})
    assert load_stage("staging", tmp_path).services.backend.image == image
