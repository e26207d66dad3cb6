"""Settings of maintenance: what is planned when."""

from pathlib import Path
from typing import Any

import pytest

from settings import load_stage
from settings.maintenance import MaintenanceSettings, WindowStart
from tests.settings.files import message, write

BAD_INPUT: dict[str, tuple[dict[str, Any], str]] = {
    "two activities in one window": (
        {"maintenance": {"node_patch_week": 3}},
        "maintenance.kubernetes_upgrade_week: found 3; allowed: another week than "
        "node_patch_week, 3: after two changes in one window nobody knows which one broke "
        "something",
    ),
    "a week whose announcement falls into the month before": (
        {"maintenance": {"node_patch_week": 1}},
        "maintenance.node_patch_week: found 1; allowed: 2, 3 or 4",
    ),
    "no month at all": (
        {"maintenance": {"kubernetes_upgrade_months": []}},
        "maintenance.kubernetes_upgrade_months: ",
    ),
    "a thirteenth month": (
        {"maintenance": {"kubernetes_upgrade_months": [13]}},
        "maintenance.kubernetes_upgrade_months.0: found 13; allowed: less than or equal to 12",
    ),
}


@pytest.mark.parametrize("case", BAD_INPUT)
def test_bad_input_is_refused_with_what_is_allowed(tmp_path: Path, case: str) -> None:
    changes, expected = BAD_INPUT[case]
    assert expected in message(write(tmp_path, changes))


@pytest.mark.parametrize(
    ("window", "start", "minutes", "text"),
    [
        (
            "sun:02:00-sun:04:00",
            WindowStart("sun", 2, 0),
            120,
            "Sunday 02:00 to Sunday 04:00 UTC",
        ),
        (
            "sat:22:30-sun:00:00",
            WindowStart("sat", 22, 30),
            90,
            "Saturday 22:30 to Sunday 00:00 UTC",
        ),
        (
            "sun:23:15-mon:00:30",
            WindowStart("sun", 23, 15),
            75,
            "Sunday 23:15 to Monday 00:30 UTC",
        ),
    ],
)
def test_a_window_has_a_start_a_length_and_words(
    window: str, start: WindowStart, minutes: int, text: str
) -> None:
    settings = MaintenanceSettings(weekly_window=window, daily_backup_window="10:00-11:00")
    assert settings.window_start == start
    assert settings.window_minutes == minutes
    assert settings.window_text == text


def test_staging_is_patched_and_upgraded_a_week_before_production() -> None:
    staging, production = (load_stage(name).maintenance for name in ("staging", "production"))
    assert production.node_patch_week == staging.node_patch_week + 1
    assert production.kubernetes_upgrade_week == staging.kubernetes_upgrade_week + 1
