"""The settings of planned maintenance: windows, weeks and rotation slots."""

from pathlib import Path
from typing import Any

import pytest

from settings import load_stage
from settings.maintenance import FullHour, MaintenanceSettings, WindowStart
from tests.settings.files import check_refused

OVERLAP = "allowed: a window that does not overlap weekly_window, "

INVALID: dict[str, tuple[dict[str, Any], str]] = {
    "two changes in one window": (
        {"node_patch_week": 3},
        "kubernetes_upgrade_week: found 3; allowed: another week than node_patch_week, 3: after "
        "two changes in one window nobody knows which one broke something",
    ),
    "the first week of a month, which is announced in the month before": (
        {"node_patch_week": 1},
        "node_patch_week: found 1; allowed: 2, 3 or 4",
    ),
    "no month": (
        {"kubernetes_upgrade_months": []},
        "kubernetes_upgrade_months: found []; allowed: one or more months",
    ),
    "a thirteenth month": (
        {"kubernetes_upgrade_months": [13]},
        "kubernetes_upgrade_months.0: found 13; allowed: less than or equal to 12",
    ),
    "a backup window that begins in the weekly window": (
        {"daily_backup_window": "03:30-04:30"},
        f"daily_backup_window: found 03:30-04:30; {OVERLAP}sun:02:00-sun:04:00",
    ),
    "a backup window that ends in the weekly window": (
        {"daily_backup_window": "01:01-02:01"},
        f"daily_backup_window: found 01:01-02:01; {OVERLAP}sun:02:00-sun:04:00",
    ),
    "windows that overlap at the end of the week": (
        {"weekly_window": "sun:23:30-mon:00:30", "daily_backup_window": "00:00-01:00"},
        f"daily_backup_window: found 00:00-01:00; {OVERLAP}sun:23:30-mon:00:30",
    ),
    "a backup window that spans midnight into the weekly window": (
        {"weekly_window": "mon:00:15-mon:01:15", "daily_backup_window": "23:30-00:30"},
        f"daily_backup_window: found 23:30-00:30; {OVERLAP}mon:00:15-mon:01:15",
    ),
    "a malformed weekly window": (
        {"weekly_window": "Sunday 02:00-04:00"},
        "weekly_window: found 'Sunday 02:00-04:00'; allowed: a window in UTC such as "
        "sun:02:00-sun:04:00",
    ),
    "a malformed backup window": (
        {"daily_backup_window": "24:30-01:30"},
        "daily_backup_window: found '24:30-01:30'; allowed: a window in UTC such as 00:30-01:30",
    ),
    "a window that is too short for ElastiCache": (
        {"weekly_window": "sun:02:00-sun:02:59"},
        "weekly_window: found sun:02:00-sun:02:59; allowed: at least 60 minutes and ",
    ),
}


@pytest.mark.parametrize("changes, expected", INVALID.values(), ids=INVALID)
def test_an_invalid_setting_is_refused_with_one_message(
    tmp_path: Path, changes: dict[str, Any], expected: str
) -> None:
    check_refused(tmp_path, changes, expected, section="maintenance")


@pytest.mark.parametrize("stage", ["production", "staging"])
def test_the_window_is_the_designs_and_backups_are_outside_of_it(stage: str) -> None:
    maintenance = load_stage(stage).maintenance
    assert maintenance.weekly_window == "sun:02:00-sun:04:00"
    assert maintenance.daily_backup_window == "00:30-01:30"


@pytest.mark.parametrize("backup_window", ["04:00-05:00", "01:00-02:00"])
def test_a_backup_window_may_touch_the_weekly_window(backup_window: str) -> None:
    assert MaintenanceSettings(daily_backup_window=backup_window)


def test_staging_is_maintained_a_week_before_production() -> None:
    staging, production = (load_stage(name).maintenance for name in ("staging", "production"))
    assert production.node_patch_week == staging.node_patch_week + 1
    assert production.kubernetes_upgrade_week == staging.kubernetes_upgrade_week + 1


@pytest.mark.parametrize(
    "window, start, minutes, text",
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
def test_the_weekly_window_has_a_start_a_length_and_a_text(
    window: str, start: WindowStart, minutes: int, text: str
) -> None:
    settings = MaintenanceSettings(weekly_window=window, daily_backup_window="10:00-11:00")
    assert settings.window_start == start
    assert settings.window_minutes == minutes
    assert settings.window_text == text


@pytest.mark.parametrize(
    "window, inside, outside",
    [
        ("mon:02:00-mon:04:00", [120, 239], [119, 240]),
        ("sun:23:30-mon:00:30", [0, 29, 7 * 1440 - 30], [30, 7 * 1440 - 31]),
    ],
    ids=["a window within a day", "a window that spans the end of the week"],
)
def test_a_minute_of_the_week_is_in_the_weekly_window_or_outside_of_it(
    window: str, inside: list[int], outside: list[int]
) -> None:
    settings = MaintenanceSettings(weekly_window=window, daily_backup_window="10:00-11:00")
    assert all(settings.is_in_weekly_window(minute) for minute in inside)
    assert not any(settings.is_in_weekly_window(minute) for minute in outside)


@pytest.mark.parametrize(
    "window, hours",
    [
        ("sun:02:00-sun:04:00", [("sun", 4), ("sun", 5)]),
        ("tue:22:30-wed:00:30", [("wed", 1), ("wed", 2)]),
        ("sun:20:00-sun:22:10", [("sun", 23), ("mon", 0)]),
    ],
)
def test_rotation_slots_start_at_the_first_full_hour_after_the_window(
    window: str, hours: list[tuple[str, int]]
) -> None:
    """A rotation in the window could fail, because AWS may restart the data store."""
    settings = MaintenanceSettings(weekly_window=window, daily_backup_window="12:00-13:00")
    assert [settings.rotation_hour(slot) for slot in (0, 1)] == [FullHour(*hour) for hour in hours]
