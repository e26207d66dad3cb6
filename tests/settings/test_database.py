"""The settings of PostgreSQL: backups, read replicas, and the origin of each instance."""

import datetime as dt
from pathlib import Path
from typing import Any

import pytest

from settings import load_stage
from settings.database import DatabaseSettings, GenerationSettings
from tests.settings.files import check_refused, write_stage_file

NOW = dt.datetime.now(dt.UTC)
IN_AN_HOUR = (NOW + dt.timedelta(hours=1)).isoformat()
YESTERDAY = (NOW - dt.timedelta(days=1)).isoformat()
EIGHT_DAYS_AGO = (NOW - dt.timedelta(days=8)).isoformat()
SNAPSHOT = "rds:spywatcher-staging-2026-11-22-00-30"
SOURCE = "db-ABCDEFGHIJKLMNOPQRSTUVWXYZ"
BACKUPS = "arn:aws:rds:us-east-1:111111111111:auto-backup:ab-example"
KEY = "arn:aws:kms:us-west-2:111111111111:key/1"
KEY_OF_THE_STAGE_REGION = KEY.replace("us-west-2", "us-east-1")


def second_generation(**settings: Any) -> dict[str, Any]:
    return {"generations": [{"number": 1}, {"number": 2, **settings}]}


INVALID: dict[str, tuple[dict[str, Any], str]] = {
    "a storage limit that is the storage": (
        {"max_storage_gib": 54},
        "max_storage_gib: found 54; allowed: at least 55, which is 10 percent over storage_gib, 50",
    ),
    "read replicas without backups": (
        {"read_replicas": 1, "backup_retention_days": 0},
        "read_replicas: found 1; allowed: only with backup_retention_days of 1 or more",
    ),
    "a second Region without backups": (
        {
            "second_region": {"region": "us-west-2", "kms_key_arn": KEY},
            "backup_retention_days": 0,
        },
        f"second_region: found region='us-west-2' kms_key_arn='{KEY}' retention_days=7; allowed: "
        "only with backup_retention_days of 1 or more",
    ),
    "a second Region that is the stage's own": (
        {"second_region": {"region": "us-east-1", "kms_key_arn": KEY_OF_THE_STAGE_REGION}},
        "second_region.region: found us-east-1; allowed: another region than this one",
    ),
    "a second Region with a key of another one": (
        {"second_region": {"region": "eu-west-1", "kms_key_arn": KEY}},
        f"second_region.kms_key_arn: found {KEY}; allowed: a key of eu-west-1",
    ),
    "a restore to the future": (
        second_generation(restore_to_time=IN_AN_HOUR, restore_source_resource_id=SOURCE),
        f"generations.1.restore_to_time: found {IN_AN_HOUR.replace('T', ' ')}; allowed: a time in "
        "the past; now is ",
    ),
    "a restore to a time before the oldest backup": (
        second_generation(restore_to_time=EIGHT_DAYS_AGO, restore_source_resource_id=SOURCE),
        f"generations.1.restore_to_time: found {EIGHT_DAYS_AGO.replace('T', ' ')}; allowed: within "
        "the backups' 7 days, since ",
    ),
    "a restore to a time without a time zone": (
        second_generation(restore_to_time="2026-11-20T10:00:00"),
        "generations.1.restore_to_time: found '2026-11-20T10:00:00'; allowed: latest, or a time "
        "with its zone such as 2026-11-23T08:30:00Z",
    ),
    "a restore to a text that is not a time": (
        second_generation(restore_to_time="yesterday"),
        "generations.1.restore_to_time: found 'yesterday'; allowed: latest, or a time",
    ),
    "an instance with two origins": (
        second_generation(restore_to_time="latest", restore_from_snapshot=SNAPSHOT),
        "generations.1.restore_to_time: found latest; allowed: one origin: this or "
        f"restore_from_snapshot, {SNAPSHOT}",
    ),
    "a second generation without an origin": (
        second_generation(),
        "generations.1.number: found 2; allowed: 1, or one with restore_to_time or "
        "restore_from_snapshot: it would be empty",
    ),
    "a snapshot together with a source of backups": (
        second_generation(restore_from_snapshot=SNAPSHOT, restore_source_resource_id=SOURCE),
        f"generations.1.restore_source_resource_id: found {SOURCE}; allowed: only with ",
    ),
    "a snapshot together with backups of another Region": (
        second_generation(restore_from_snapshot=SNAPSHOT, restore_source_backups_arn=BACKUPS),
        f"generations.1.restore_source_backups_arn: found {BACKUPS}; allowed: only with ",
    ),
    "a password for an instance that is not restored": (
        {"generations": [{"number": 1, "admin_password_from_secret": True}]},
        "generations.0.admin_password_from_secret: found True; allowed: only where the ",
    ),
    "a restore to a time without a source": (
        second_generation(restore_to_time="latest"),
        "generations.1.restore_to_time: found latest; allowed: only with "
        "restore_source_resource_id, or instead restore_source_backups_arn",
    ),
    "a restore to a time with two sources": (
        second_generation(
            restore_to_time="latest",
            restore_source_resource_id=SOURCE,
            restore_source_backups_arn=BACKUPS,
        ),
        "generations.1.restore_to_time: found latest; allowed: only with "
        "restore_source_resource_id, or instead restore_source_backups_arn",
    ),
    "a source that is the name of an instance": (
        second_generation(
            restore_to_time="latest", restore_source_resource_id="spywatcher-staging"
        ),
        "generations.1.restore_source_resource_id: found 'spywatcher-staging'; allowed: ",
    ),
    "two generations of one number": (
        {"generations": [{"number": 1}, {"number": 1}]},
        "generations: found [1, 1]; allowed: different numbers",
    ),
    "an active generation that does not exist": (
        {"active_generation": 2},
        "active_generation: found 2; allowed: one of generations, [1]",
    ),
    "an active generation that retires": (
        {"generations": [{"number": 1, "retiring": True}]},
        "generations.0.retiring: found True; allowed: false for the active generation",
    ),
    "a misspelt setting of a generation": (
        second_generation(restore_from_snapshots=SNAPSHOT),
        "generations.1.restore_from_snapshots: unknown setting; did you mean "
        "restore_from_snapshot? allowed: admin_password_from_secret, number, ",
    ),
}


@pytest.mark.parametrize("changes, expected", INVALID.values(), ids=INVALID)
def test_an_invalid_setting_is_refused_with_one_message(
    tmp_path: Path, changes: dict[str, Any], expected: str
) -> None:
    check_refused(tmp_path, changes, expected, section="database")


def test_a_protected_stage_has_backups(tmp_path: Path) -> None:
    check_refused(
        tmp_path,
        {"backup_retention_days": 0},
        "backup_retention_days: found 0; allowed: 1 to 35 where deletion_protection is true: data "
        "that must not be lost is backed up",
        section="database",
        stage="production",
    )


@pytest.mark.parametrize(
    "origin",
    [
        {"restore_to_time": YESTERDAY, "restore_source_resource_id": SOURCE},
        {"restore_to_time": "latest", "restore_source_resource_id": SOURCE},
        {"restore_from_snapshot": SNAPSHOT},
    ],
    ids=["a time", "the latest time", "a snapshot"],
)
def test_a_second_generation_is_restored_from_a_backup(
    tmp_path: Path, origin: dict[str, str]
) -> None:
    write_stage_file(tmp_path, second_generation(**origin), section="database")
    _, restored = load_stage("staging", tmp_path).database.generations
    assert restored.is_restored
    assert restored.restore_from_snapshot == origin.get("restore_from_snapshot")
    assert restored.restore_source_resource_id == origin.get("restore_source_resource_id")


def test_a_restore_time_is_read_with_its_time_zone(tmp_path: Path) -> None:
    changes = second_generation(restore_to_time=YESTERDAY, restore_source_resource_id=SOURCE)
    write_stage_file(tmp_path, changes, section="database")
    _, restored = load_stage("staging", tmp_path).database.generations
    assert restored.restore_to_time == dt.datetime.fromisoformat(YESTERDAY)


def test_the_time_of_an_active_generation_may_be_older_than_the_backups() -> None:
    """The time stays in the settings after the restore, while the backups expire."""
    restored = GenerationSettings(
        number=2, restore_to_time=EIGHT_DAYS_AGO, restore_source_resource_id=SOURCE
    )
    DatabaseSettings(
        instance_class="db.t3.medium",
        multi_az=False,
        storage_gib=50,
        generations=(GenerationSettings(number=1), restored),
        active_generation=2,
    )


def test_the_first_generation_may_be_restored_from_backups_of_another_region() -> None:
    restored = GenerationSettings(
        number=1, restore_to_time="latest", restore_source_backups_arn=BACKUPS
    )
    assert restored.is_restored
