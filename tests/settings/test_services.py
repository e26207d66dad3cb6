"""The services' settings: what Kubernetes would refuse, and what would never be scheduled."""

from pathlib import Path
from typing import Any

import pytest
import yaml

from settings import SettingsError, load_stage
from settings.loading import FOLDER


def write(folder: Path, changes: dict[str, Any]) -> Path:
    """Write a copy of staging with other settings, by dotted key below `services`."""
    values = yaml.safe_load((FOLDER / "staging.yaml").read_text())
    for dotted, value in changes.items():
        *outer, key = dotted.split(".")
        inside = values["services"]
        for name in outer:
            inside = inside.setdefault(name, {})
        inside[key] = value
    (folder / "staging.yaml").write_text(yaml.safe_dump(values))
    return folder


QUOTA = (
    "the services at maximum replicas, 1 more of each for a rolling update, and the database's Jobs"
)
# The requests of staging: (3 + 1 + a migration) backends, (2 + 1) frontends, and the bootstrap Job.
BAD_INPUT = {
    "a quota of processors below what the services request": (
        {"quota.cpu_request_cores": 1},  # 5 * 250 + 3 * 100 + 50 = 1600 millicores
        f"quota.cpu_request_cores: found 1; allowed: at least 2 cores: {QUOTA}",
    ),
    "a quota of processors below the services' limits": (
        {"quota.cpu_limit_cores": 4},  # 5 * 500 + 3 * 500 + 500 = 4500 millicores
        f"quota.cpu_limit_cores: found 4; allowed: at least 5 cores: {QUOTA}",
    ),
    "a quota of memory below what the services request": (
        {"quota.memory_request_gib": 1},  # 5 * 256 + 3 * 128 + 64 = 1728 MiB
        f"quota.memory_request_gib: found 1; allowed: at least 2 GiB: {QUOTA}",
    ),
    "a quota of memory below the services' limits": (
        {"quota.memory_limit_gib": 3},  # 5 * 512 + 3 * 256 + 128 = 3456 MiB
        f"quota.memory_limit_gib: found 3; allowed: at least 4 GiB: {QUOTA}",
    ),
    "no quota": (
        {"quota.cpu_request_cores": 0},
        "quota.cpu_request_cores: found 0; allowed: greater than or equal to 1",
    ),
}


@pytest.mark.parametrize("services, expected", BAD_INPUT.values(), ids=BAD_INPUT.keys())
def test_bad_input_is_one_message(tmp_path: Path, services: dict[str, Any], expected: str) -> None:
    with pytest.raises(SettingsError) as caught:
        load_stage("staging", write(tmp_path, services))
    assert str(caught.value).startswith(f"{tmp_path.name}/staging.yaml: services.{expected}")
    assert len(str(caught.value).splitlines()) == 1


def test_a_quota_that_just_holds_the_services_is_accepted(tmp_path: Path) -> None:
    quota = {
        "cpu_request_cores": 2,
        "cpu_limit_cores": 5,
        "memory_request_gib": 2,
        "memory_limit_gib": 4,
    }
    settings = load_stage("staging", write(tmp_path, {"quota": quota}))
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
