"""The budget and the assumptions of the cost estimate."""

from pathlib import Path
from typing import Any

import pytest

from settings import SettingsError, load_stage
from tests.settings.files import write


def load_with(folder: Path, cost: dict[str, Any]) -> None:
    """Load a staging file that has these cost settings."""
    load_stage("staging", write(folder, {"cost": cost}))


REFUSED: dict[str, tuple[dict[str, Any], str]] = {
    "a misspelt assumption": (
        {"data_out_gb": 5},
        "cost.data_out_gb: unknown setting; did you mean data_out_gib? allowed: anomaly_usd, ",
    ),
    "a budget of nothing": (
        {"monthly_budget_usd": 0},
        "cost.monthly_budget_usd: found 0; allowed: greater than or equal to 1",
    ),
    "usage below nothing": (
        {"nat_processed_gib": -1},
        "cost.nat_processed_gib: found -1; allowed: greater than or equal to 0",
    ),
    "usage that is no number": (
        {"pod_log_gib": "much"},
        "cost.pod_log_gib: found 'much'; allowed: a valid number, unable to parse",
    ),
    "usage without end": (
        {"pod_log_gib": float("inf")},
        "cost.pod_log_gib: found inf; allowed: a finite number",
    ),
    "a third rotation, which costs nothing more": (
        {"key_rotations": 3},
        "cost.key_rotations: found 3; allowed: less than or equal to 2",
    ),
}


@pytest.mark.parametrize("case", REFUSED)
def test_it_is_refused_in_one_message(case: str, tmp_path: Path) -> None:
    cost, message = REFUSED[case]
    with pytest.raises(SettingsError) as caught:
        load_with(tmp_path, cost)
    assert str(caught.value).startswith(f"{tmp_path.name}/staging.yaml: {message}")
    assert "\n" not in str(caught.value)


def test_a_stage_without_cost_settings_has_a_low_budget(tmp_path: Path) -> None:
    load_with(tmp_path, {})
    assert load_stage("staging", tmp_path).cost.monthly_budget_usd == 300


def test_usage_that_aws_bills_in_parts_may_be_a_fraction(tmp_path: Path) -> None:
    load_with(tmp_path, {"requests_millions": 0.25})
    assert load_stage("staging", tmp_path).cost.requests_millions == 0.25
