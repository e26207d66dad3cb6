"""The budget, and the usage that the cost estimate assumes."""

from pathlib import Path
from typing import Any

import pytest

from settings import load_stage
from tests.settings.files import check_refused, write_stage_file

INVALID: dict[str, tuple[dict[str, Any], str]] = {
    "a misspelt key": (
        {"data_out_gb": 5},
        "data_out_gb: unknown setting; did you mean data_out_gib? allowed: anomaly_usd, ",
    ),
    "a budget of zero": (
        {"monthly_budget_usd": 0},
        "monthly_budget_usd: found 0; allowed: greater than or equal to 1",
    ),
    "a negative usage": (
        {"nat_processed_gib": -1},
        "nat_processed_gib: found -1; allowed: greater than or equal to 0",
    ),
    "a usage that is not a number": (
        {"pod_log_gib": "much"},
        "pod_log_gib: found 'much'; allowed: a valid number, unable to parse",
    ),
    "an infinite usage": (
        {"pod_log_gib": float("inf")},
        "pod_log_gib: found .inf; allowed: a finite number",
    ),
    "a third rotation of keys, which costs nothing more": (
        {"key_rotations": 3},
        "key_rotations: found 3; allowed: less than or equal to 2",
    ),
}


@pytest.mark.parametrize("changes, expected", INVALID.values(), ids=INVALID)
def test_an_invalid_setting_is_refused_with_one_message(
    tmp_path: Path, changes: dict[str, Any], expected: str
) -> None:
    check_refused(tmp_path, changes, expected, section="cost")


def test_a_stage_without_a_budget_has_a_low_one(tmp_path: Path) -> None:
    write_stage_file(tmp_path, {"cost": {}})
    assert load_stage("staging", tmp_path).cost.monthly_budget_usd == 300


def test_a_usage_may_be_a_fraction(tmp_path: Path) -> None:
    write_stage_file(tmp_path, {"cost.requests_millions": 0.25})
    assert load_stage("staging", tmp_path).cost.requests_millions == 0.25
