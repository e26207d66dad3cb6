"""The database's settings: backups, windows, replicas, and where an instance comes from."""

import datetime as dt
from pathlib import Path
from typing import Any

import pytest
import yaml

from settings import SettingsError, load_stage
from settings.database import DatabaseSettings, GenerationSettings
from settings.loading import SETTINGS_FOLDER
from settings.maintenance import FullHour, MaintenanceSettings

NOW = dt.datetime.now(dt.UTC)
SOON = (NOW + dt.timedelta(hours=1)).isoformat()
YESTERDAY = (NOW - dt.timedelta(days=1)).isoformat()
LONG_AGO = (NOW - dt.timedelta(days=8)).isoformat()
SNAPSHOT = "rds:spywatcher-staging-2026-11-22-00-30"
SOURCE = "db-ABCDEFGHIJKLMNOPQRSTUVWXYZ"
BACKUPS = "arn:aws:rds:us-east-1:111111111111:auto-backup:ab-example"
KEY = "arn:aws:kms:us-west-2:111111111111:key/1"


def write(folder: Path, stage: str, changes: dict[str, Any]) -> Path:
    """Write a copy of a stage's file with other values in some of its sections."""
    values = yaml.safe_load((SETTINGS_FOLDER / f"{stage}.yaml").read_text())
    for section, changed in changes.items():
        values[section] = values.get(section, {}) | changed
    (folder / f"{stage}.yaml").write_text(yaml.safe_dump(values))
    return folder


def second(**generation: Any) -> dict[str, Any]:
    return {"database": {"generations": [{"number": 1}, {"number": 2, **generation}]}}


BAD_INPUT = {
    "no backups in a protected stage": (
        "production",
        {"database": {"backup_retention_days": 0}},
        "database.backup_retention_days: found 0; allowed: 1 to 35 where deletion_protection is "
        "true: data that must not be lost is backed up",
    ),
    "a backup window that begins in the maintenance window": (
        "staging",
        {"maintenance": {"daily_backup_window": "03:30-04:30"}},
        "maintenance.daily_backup_window: found 03:30-04:30; allowed: a window that does not "
        "overlap weekly_window, sun:02:00-sun:04:00",
    ),
    "a backup window that ends in the maintenance window": (
        "staging",
        {"maintenance": {"daily_backup_window": "01:01-02:01"}},
        "allowed: a window that does not overlap weekly_window, sun:02:00-sun:04:00",
    ),
    "windows that overlap at the end of the week": (
        "staging",
        {
            "maintenance": {
                "weekly_window": "sun:23:30-mon:00:30",
                "daily_backup_window": "00:00-01:00",
            }
        },
        "allowed: a window that does not overlap weekly_window, sun:23:30-mon:00:30",
    ),
    "a backup window over midnight into the maintenance window": (
        "staging",
        {
            "maintenance": {
                "weekly_window": "mon:00:15-mon:01:15",
                "daily_backup_window": "23:30-00:30",
            }
        },
        "allowed: a window that does not overlap weekly_window, mon:00:15-mon:01:15",
    ),
    "a malformed weekly window": (
        "staging",
        {"maintenance": {"weekly_window": "Sunday 02:00-04:00"}},
        "maintenance.weekly_window: found 'Sunday 02:00-04:00'; allowed: a window in UTC such as "
        "sun:02:00-sun:04:00",
    ),
    "a malformed backup window": (
        "staging",
        {"maintenance": {"daily_backup_window": "24:30-01:30"}},
        "maintenance.daily_backup_window: found '24:30-01:30'; allowed: a window in UTC such as ",
    ),
    "a window that ElastiCache finds too short": (
        "staging",
        {"maintenance": {"weekly_window": "sun:02:00-sun:02:59"}},
        "maintenance.weekly_window: found sun:02:00-sun:02:59; allowed: at least 60 minutes and ",
    ),
    "storage that may not grow": (
        "staging",
        {"database": {"max_storage_gib": 50}},
        "database.max_storage_gib: found 50; allowed: over storage_gib, 50",
    ),
    "read replicas without backups": (
        "staging",
        {"database": {"read_replicas": 1, "backup_retention_days": 0}},
        "database.read_replicas: found 1; allowed: only with backup_retention_days of 1 or more",
    ),
    "copies of backups that there are not": (
        "staging",
        {
            "database": {
                "second_region": {"region": "us-west-2", "kms_key_arn": KEY},
                "backup_retention_days": 0,
            }
        },
        "allowed: only with backup_retention_days of 1 or more",
    ),
    "a second region that is the first": (
        "staging",
        {
            "database": {
                "second_region": {
                    "region": "us-east-1",
                    "kms_key_arn": KEY.replace("us-west-2", "us-east-1"),
                }
            }
        },
        "database.second_region.region: found us-east-1; allowed: another region than this one",
    ),
    "a second region with a key of the first": (
        "staging",
        {"database": {"second_region": {"region": "eu-west-1", "kms_key_arn": KEY}}},
        f"database.second_region.kms_key_arn: found {KEY}; allowed: a key of eu-west-1",
    ),
    "a restore to the future": (
        "staging",
        second(restore_to_time=SOON, restore_source_resource_id=SOURCE),
        "database.generations.1.restore_to_time: found ",
    ),
    "a restore to a time before the backups": (
        "staging",
        second(restore_to_time=LONG_AGO, restore_source_resource_id=SOURCE),
        "allowed: within the backups' 7 days, since ",
    ),
    "a restore to a time without its zone": (
        "staging",
        second(restore_to_time="2026-11-20T10:00:00"),
        "database.generations.1.restore_to_time: found '2026-11-20T10:00:00'; allowed: latest, or "
        "a time with its zone such as 2026-11-23T08:30:00Z",
    ),
    "a restore to no time at all": (
        "staging",
        second(restore_to_time="yesterday"),
        "database.generations.1.restore_to_time: found 'yesterday'; allowed: latest, or a time",
    ),
    "two origins": (
        "staging",
        second(restore_to_time="latest", restore_from_snapshot=SNAPSHOT),
        "database.generations.1.restore_to_time: found latest; allowed: one origin: this or "
        f"restore_from_snapshot, {SNAPSHOT}",
    ),
    "a second generation that would be empty": (
        "staging",
        second(),
        "database.generations.1.number: found 2; allowed: 1, or one with restore_to_time or "
        "restore_from_snapshot: it would be empty",
    ),
    "a source for a snapshot": (
        "staging",
        second(restore_from_snapshot=SNAPSHOT, restore_source_resource_id=SOURCE),
        f"database.generations.1.restore_source_resource_id: found {SOURCE}; allowed: only with ",
    ),
    "backups for a snapshot": (
        "staging",
        second(restore_from_snapshot=SNAPSHOT, restore_source_backups_arn=BACKUPS),
        f"database.generations.1.restore_source_backups_arn: found {BACKUPS}; allowed: only with ",
    ),
    "a password for an instance that is not restored": (
        "staging",
        {"database": {"generations": [{"number": 1, "admin_password_from_secret": True}]}},
        "database.generations.0.admin_password_from_secret: found True; allowed: only where the ",
    ),
    "a restore to a time without a source": (
        "staging",
        second(restore_to_time="latest"),
        "database.generations.1.restore_to_time: found latest; allowed: only with "
        "restore_source_resource_id, or instead restore_source_backups_arn",
    ),
    "a restore to a time with two sources": (
        "staging",
        second(
            restore_to_time="latest",
            restore_source_resource_id=SOURCE,
            restore_source_backups_arn=BACKUPS,
        ),
        "allowed: only with restore_source_resource_id, or instead restore_source_backups_arn",
    ),
    "a source that is a name": (
        "staging",
        second(restore_to_time="latest", restore_source_resource_id="spywatcher-staging"),
        "database.generations.1.restore_source_resource_id: found 'spywatcher-staging'; allowed: ",
    ),
    "a number that stands twice": (
        "staging",
        {"database": {"generations": [{"number": 1}, {"number": 1}]}},
        "database.generations: found [1, 1]; allowed: different numbers",
    ),
    "an active generation that there is not": (
        "staging",
        {"database": {"active_generation": 2}},
        "database.active_generation: found 2; allowed: one of generations, [1]",
    ),
    "an active generation that retires": (
        "staging",
        {"database": {"generations": [{"number": 1, "retiring": True}]}},
        "database.generations.0.retiring: found True; allowed: false for the active generation",
    ),
    "a misspelt setting of a generation": (
        "staging",
        second(restore_from_snapshots=SNAPSHOT),
        "database.generations.1.restore_from_snapshots: unknown setting; did you mean "
        "restore_from_snapshot? allowed: admin_password_from_secret, number, ",
    ),
}


@pytest.mark.parametrize("stage, changes, expected", BAD_INPUT.values(), ids=BAD_INPUT.keys())
def test_bad_input_is_one_message(
    tmp_path: Path, stage: str, changes: dict[str, Any], expected: str
) -> None:
    with pytest.raises(SettingsError) as caught:
        load_stage(stage, write(tmp_path, stage, changes))
    text = str(caught.value)
    assert text.startswith(f"{tmp_path.name}/{stage}.yaml: ")
    assert expected in text
    assert len(text.splitlines()) == 1


def test_the_windows_are_those_of_the_design_with_backups_outside() -> None:
    for stage in ("production", "staging"):
        maintenance = load_stage(stage).maintenance
        assert maintenance.weekly_window == "sun:02:00-sun:04:00"
        assert maintenance.daily_backup_window == "00:30-01:30"


def test_windows_may_touch() -> None:
    MaintenanceSettings(daily_backup_window="04:00-05:00")
    MaintenanceSettings(daily_backup_window="01:00-02:00")


@pytest.mark.parametrize(
    "window, hours",
    [
        ("sun:02:00-sun:04:00", [("sun", 2), ("sun", 3)]),
        ("tue:22:30-wed:00:30", [("tue", 23), ("wed", 0)]),
        ("sun:23:10-mon:01:00", [("mon", 0), ("mon", 1)]),
    ],
)
def test_passwords_take_turns_from_the_windows_first_full_hour(
    window: str, hours: list[tuple[str, int]]
) -> None:
    maintenance = MaintenanceSettings(weekly_window=window, daily_backup_window="12:00-13:00")
    assert [maintenance.rotation_hour(turn) for turn in (0, 1)] == [FullHour(*h) for h in hours]


def test_a_snapshot_or_a_moment_of_the_backups_can_be_restored(tmp_path: Path) -> None:
    settings = load_stage(
        "staging",
        write(
            tmp_path,
            "staging",
            second(restore_to_time=YESTERDAY, restore_source_resource_id=SOURCE),
        ),
    )
    restored = settings.database.generations[1]
    assert restored.restore_to_time == dt.datetime.fromisoformat(YESTERDAY)
    assert restored.restore_source_resource_id == SOURCE
    write(tmp_path, "staging", second(restore_from_snapshot=SNAPSHOT))
    assert load_stage("staging", tmp_path).database.generations[1].restore_from_snapshot == SNAPSHOT


def test_the_time_of_a_restored_instance_stays_valid_once_it_is_active() -> None:
    """It has to stay in the settings, and its backups expire."""
    generations = (
        GenerationSettings(number=1),
        GenerationSettings(number=2, restore_to_time=LONG_AGO, restore_source_resource_id=SOURCE),
    )
    DatabaseSettings(
        instance_class="db.t3.medium",
        multi_az=False,
        storage_gib=50,
        generations=generations,
        active_generation=2,
    )  # fmt: skip


def test_the_first_generation_can_come_from_the_backups_of_another_region() -> None:
    made = GenerationSettings(
        number=1, restore_to_time="latest", restore_source_backups_arn=BACKUPS
    )
    assert made.restore_to_time == "latest"
