"""The support calendar: versions that AWS no longer creates, and those that it soon will not."""

import datetime as dt
from pathlib import Path
from typing import Any

import pytest
from pydantic_core import PydanticCustomError

from settings import load_stage
from settings.support import (
    KUBERNETES,
    POSTGRESQL,
    check_kubernetes_version,
    check_postgresql_version,
)
from tests.settings.files import check_refused, write_stage_file

A_DAY = dt.timedelta(days=1)

INVALID: dict[str, tuple[dict[str, Any], str]] = {
    "a retired version of Kubernetes": (
        {"cluster.kubernetes_version": "1.28"},
        "cluster.kubernetes_version: found 1.28; allowed: one of ",
    ),
    "an unknown version of Kubernetes": (
        {"cluster.kubernetes_version": "2.0"},
        "cluster.kubernetes_version: found 2.0; allowed: one of ",
    ),
    "a retired version of PostgreSQL": (
        {"database.engine_version": "15.3", "database.auto_minor_version_upgrade": False},
        "database.engine_version: found 15.3; allowed: 15 or 15.13 to 15.17 "
        "(RDS creates no 15.3 any more)",
    ),
    "an unknown version of PostgreSQL": (
        {"database.engine_version": "9"},
        "database.engine_version: found 9; allowed: 15 or 15.13 to 15.17",
    ),
    "a minor version of PostgreSQL that RDS would upgrade": (
        {"database.engine_version": "15.17"},
        "database.engine_version: found 15.17; allowed: the major version 15, or this one "
        "together with auto_minor_version_upgrade: false",
    ),
}


@pytest.mark.parametrize("changes, expected", INVALID.values(), ids=INVALID)
def test_an_invalid_version_is_refused_with_one_message(
    tmp_path: Path, changes: dict[str, Any], expected: str
) -> None:
    check_refused(tmp_path, changes, expected)


def test_kubernetes_is_refused_from_the_day_after_its_extended_support() -> None:
    last_day = KUBERNETES["1.34"].extended_until
    check_kubernetes_version("1.34", last_day)
    with pytest.raises(PydanticCustomError, match=r"\(EKS retired 1\.34 on 2027-12-02\)"):
        check_kubernetes_version("1.34", last_day + A_DAY)


def test_postgresql_is_refused_from_the_day_after_its_extended_support() -> None:
    last_day = POSTGRESQL["15"].extended_until
    check_postgresql_version("15", last_day)
    check_postgresql_version("15.13", last_day)
    with pytest.raises(PydanticCustomError, match=r"\(RDS retired 15 on 2031-02-28\)"):
        check_postgresql_version("15", last_day + A_DAY)


def test_the_versions_of_the_design_can_be_synthesized_on_request(tmp_path: Path) -> None:
    changes = {
        "allow_retired_versions": True,
        "cluster.kubernetes_version": "1.28",
        "database.engine_version": "15.3",
        "database.auto_minor_version_upgrade": False,
    }
    settings = load_stage("staging", write_stage_file(tmp_path, changes))
    assert settings.cluster.kubernetes_version == "1.28"
    assert settings.database.engine_version == "15.3"


def test_a_version_gives_a_warning_from_90_days_before_its_standard_support_ends() -> None:
    settings = load_stage("production")
    end = KUBERNETES["1.35"].standard_until
    assert settings.support_warnings(end - 91 * A_DAY) == []
    assert settings.support_warnings(end - 90 * A_DAY) == [
        f"Kubernetes 1.35: standard support ends on {end}; plan the upgrade"
    ]
