"""Loading a stage file, and the messages of its errors."""

import datetime as dt
from pathlib import Path
from typing import Any

import pytest

from settings import load_stage
from settings.stage_file import shorten
from tests.settings.files import check_refused, error_message, write_stage_file

MONITOR = "arn:aws:ce::111111111111:anomalymonitor/12345678-1234-1234-1234-123456789012"
BACKUPS = "arn:aws:rds:us-west-2:111111111111:auto-backup:ab-0123456789abcdef0"
SLACK = {"workspace_id": "T0", "critical_channel_id": "C1", "warning_channel_id": "C2"}

INVALID: dict[str, tuple[dict[str, Any], str]] = {
    "a misspelt setting": (
        {"network.nat_gatways": 1},
        "network.nat_gatways: unknown setting; did you mean nat_gateways? allowed: cidr,",
    ),
    "a mapping where a value is expected": (
        {"network.cidr": {"ipv4": "10.1.0.0/16"}},
        "network.cidr: found {'ipv4': '10.1.0.0/16'}; allowed: a valid string",
    ),
    "a misspelt setting of an optional section": (
        {"monitoring.subscriptions": {"slack": {**SLACK, "channel": "C3"}}},
        "monitoring.subscriptions.slack.channel: unknown setting; allowed: critical_channel_id, ",
    ),
    "a missing setting": (
        {"network.nat_gateways": None},
        "network.nat_gateways: missing; every stage must give it",
    ),
    "a value of another type": (
        {"network.nat_gateways": "one"},
        "network.nat_gateways: found 'one'; allowed: a valid integer",
    ),
    "a number out of range": (
        {"network.nat_gateways": 4},
        "network.nat_gateways: found 4; allowed: less than or equal to 3",
    ),
    "settings that do not fit together": (
        {"services.backend.resources.memory_limit_mib": 128},
        "services.backend.resources.memory_request_mib: found 256; "
        "allowed: at most memory_limit_mib, 128",
    ),
    "more minimum nodes than desired ones": (
        {"cluster.nodes.min_nodes": 3},
        "cluster.nodes: found 3, 2, 4; allowed: min_nodes <= desired_nodes <= max_nodes",
    ),
    "more desired nodes than the maximum": (
        {"cluster.nodes.desired_nodes": 5},
        "cluster.nodes: found 1, 5, 4; allowed: min_nodes <= desired_nodes <= max_nodes",
    ),
    "an unknown instance class of PostgreSQL": (
        {"database.instance_class": "db.t3.medum"},
        "database.instance_class: found 'db.t3.medum'; allowed: one of db.t3.medium, ",
    ),
    "an unknown node type of Redis": (
        {"cache.node_type": "cache.t9.small"},
        "cache.node_type: found 'cache.t9.small'; allowed: one of cache.t3.small, ",
    ),
    "an unknown instance type of nodes": (
        {"cluster.nodes.instance_type": "t3.huge"},
        "cluster.nodes.instance_type: found 't3.huge'; allowed: one of t3.medium, ",
    ),
    "a zone of another Region": (
        {"availability_zones": ["eu-west-1a", "eu-west-1b", "eu-west-1c"]},
        "availability_zones: found eu-west-1a; allowed: zones of us-east-1",
    ),
    "two zones": (
        {"availability_zones": ["us-east-1a", "us-east-1b"]},
        "availability_zones: found ['us-east-1a', 'us-east-1b']; allowed: three different "
        "availability zones",
    ),
    "a domain name outside of its hosted zone": (
        {"domain.name": "spywatcher.example.org"},
        "domain.name: found spywatcher.example.org; allowed: example.com or a name below it",
    ),
    "a malformed domain name": (
        {"domain.name": "Staging_Spywatcher"},
        "domain.name: found 'Staging_Spywatcher'; allowed: a domain name in lower case",
    ),
    "one Slack channel for both topics": (
        {"monitoring.subscriptions": {"slack": {**SLACK, "warning_channel_id": "C1"}}},
        "monitoring.subscriptions.slack.warning_channel_id: found C1; allowed: another channel",
    ),
    "an endpoint that stands twice": (
        {"monitoring.subscriptions": {"warning": ["a@b.example", "a@b.example"]}},
        "monitoring.subscriptions.warning: found ['a@b.example', 'a@b.example']; allowed: each "
        "endpoint once",
    ),
    "a certificate of another Region": (
        {"domain.certificate_arn": f"arn:aws:acm:eu-west-1:111122223333:certificate/{'a' * 36}"},
        "domain.certificate_arn: found arn:aws:acm:eu-west-1:111122223333:certificate/"
        f"{'a' * 36}; allowed: a certificate in us-east-1 of account 111122223333",
    ),
    "a loopback range": (
        {"network.cidr": "127.0.0.0/16"},
        "network.cidr: found '127.0.0.0/16'; allowed: a range from /16 to /28, as a VPC takes",
    ),
    "a link-local range": (
        {"network.cidr": "169.254.0.0/16"},
        "network.cidr: found '169.254.0.0/16'; allowed: a range from /16 to /28, as a VPC takes",
    ),
    "a minor version of PostgreSQL that does not exist": (
        {"database.engine_version": "15.99", "database.auto_minor_version_upgrade": False},
        "database.engine_version: found 15.99; allowed: 15 or 15.13 to 15.17",
    ),
    "a file of the time zone database that is no time zone": (
        {"monitoring.business_hours": {"time_zone": "Factory"}},
        "monitoring.business_hours.time_zone: found 'Factory'; allowed: a time zone of the IANA",
    ),
    "a malformed ID of a hosted zone": (
        {"domain.hosted_zone_id": "example.com"},
        "domain.hosted_zone_id: found 'example.com'; allowed: ",
    ),
    "a log retention that CloudWatch does not accept": (
        {"network.flow_log_retention_days": 31},
        "network.flow_log_retention_days: found 31; allowed: one of 1, 3, 5, ",
    ),
    "an evaluation window that WAF does not offer": (
        {"firewall": {"rate_window_seconds": 90}},
        "firewall.rate_window_seconds: found 90; allowed: 60, 120, 300 or 600",
    ),
    "a connection pool whose minimum is over its maximum": (
        {"application": {"database_pool_minimum": 11}},
        "application.database_pool_minimum: found 11; allowed: at most database_pool_maximum, 10",
    ),
    "a domain name that is too long for a certificate": (
        {"domain.name": f"{'a' * 40}.spywatcher.staging.example.com"},
        f"domain.name: found {'a' * 40}.spywatcher.staging.example.com; allowed: at most 64",
    ),
    "a zone that has no letter": (
        {"availability_zones": ["us-east-1a", "us-east-1b", "us-east-11"]},
        "availability_zones: found us-east-11; allowed: zones of us-east-1, such as us-east-1a",
    ),
    "a month that occurs twice": (
        {"maintenance": {"kubernetes_upgrade_months": [1, 5, 5]}},
        "maintenance.kubernetes_upgrade_months: found [1, 5, 5]; allowed: each month once",
    ),
    "a business day that occurs twice": (
        {"monitoring.business_hours": {"days": ["mon", "mon"]}},
        "monitoring.business_hours.days: found ['mon', 'mon']; allowed: each day once",
    ),
    "an anomaly without end": (
        {"cost.anomaly_usd": float("inf")},
        "cost.anomaly_usd: found .inf; allowed: a finite number",
    ),
    "a trail that is kept for ever": (
        {"audit": {"trail_retention_days": 99999}},
        "audit.trail_retention_days: found 99999; allowed: less than or equal to 36500",
    ),
    "a monitor of another account": (
        {
            "account": "222222222222",
            "account_wide": {"anomaly_monitor": "use", "anomaly_monitor_arn": MONITOR},
        },
        f"account_wide.anomaly_monitor_arn: found {MONITOR}; allowed: a monitor of account 2222",
    ),
    "backups of another Region": (
        {
            "database.generations": [
                {
                    "number": 1,
                    "restore_to_time": "latest",
                    "restore_source_backups_arn": BACKUPS,
                }
            ]
        },
        "database.generations.0.restore_source_backups_arn: found "
        f"{BACKUPS}; allowed: one in us-east-1",
    ),
    "a snapshot whose name RDS does not give": (
        {"database.generations": [{"number": 1, "restore_from_snapshot": "my snapshot"}]},
        "database.generations.0.restore_from_snapshot: found 'my snapshot'; allowed: the name or",
    ),
    "an idle timeout that ElastiCache does not take": (
        {"cache.idle_timeout_seconds": 19},
        "cache.idle_timeout_seconds: found 19; allowed: 0, or 20 to 2147483647",
    ),
    "an image in upper case": (
        {"services.backend.image": "ghcr.io/Subculture/backend:1.0.0-RC1"},
        "services.backend.image: found 'ghcr.io/Subculture/backend:1.0.0-RC1'; allowed: an image "
        "in lower case, except for the tag: subculture/backend",
    ),
    "a threshold that PostgreSQL does not know": (
        {"database.slow_query_milliseconds": 2**31},
        "database.slow_query_milliseconds: found 2147483648; allowed: less than or equal to",
    ),
    "an account number of five digits": (
        {"account": "12345"},
        "account: found '12345'; allowed: ",
    ),
    "the name of the stage, which is the name of the file": (
        {"stage": "production"},
        "stage: the file's name says it; allowed: no such key",
    ),
}


@pytest.mark.parametrize("changes, expected", INVALID.values(), ids=INVALID)
def test_an_invalid_setting_is_refused_with_one_message(
    tmp_path: Path, changes: dict[str, Any], expected: str
) -> None:
    check_refused(tmp_path, changes, expected)


def test_an_unknown_stage_is_refused_with_the_known_ones(tmp_path: Path) -> None:
    write_stage_file(tmp_path, {})
    write_stage_file(tmp_path, {}, stage="production")
    assert error_message(tmp_path, "prod") == (
        f"{tmp_path.name}/prod.yaml: no such stage: 'prod'; allowed: production, staging"
    )


def test_all_errors_of_a_file_are_reported_together(tmp_path: Path) -> None:
    write_stage_file(tmp_path, {"network.cidr": "x", "cluster.nodes.min_nodes": "y"})
    lines = error_message(tmp_path).splitlines()
    assert [line.split(": ")[1] for line in lines] == ["network.cidr", "cluster.nodes.min_nodes"]


@pytest.mark.parametrize(
    "text, expected",
    [
        ("region: [", "not valid YAML"),
        ("- a\n- b\n", "found a list; allowed: a mapping of settings"),
        ("", "found an empty file; allowed: a mapping of settings"),
        ("region: us-east-1\nregion: eu-west-1\n", "the key 'region' stands twice"),
    ],
    ids=["invalid YAML", "a list", "an empty file", "a key that occurs twice"],
)
def test_a_file_without_a_mapping_of_unique_keys_is_refused(
    tmp_path: Path, text: str, expected: str
) -> None:
    (tmp_path / "staging.yaml").write_text(text)
    message = error_message(tmp_path)
    assert expected in message
    assert len(message.splitlines()) == 1


UNREADABLE = {
    "a date that does not exist": (
        "region: 2026-02-30",
        "not valid YAML: 2026-02-30 is no value, unless it is in quotes (day is out of range for "
        'month) in "{file}", line 1, column 9: region: 2026-02-30 ^',
    ),
    "a list in itself": (
        "availability_zones: &zones [*zones]",
        "not valid YAML: a list or a mapping is nested too deeply, or in itself",
    ),
    "a key that is a number": ("1: 2", "found the key 1; allowed: the name of a setting"),
}


@pytest.mark.parametrize("text, expected", UNREADABLE.values(), ids=UNREADABLE)
def test_a_file_that_python_cannot_represent_is_refused(
    tmp_path: Path, text: str, expected: str
) -> None:
    (tmp_path / "staging.yaml").write_text(text)
    file = f"{tmp_path.name}/staging.yaml"
    assert error_message(tmp_path) == f"{file}: {expected.format(file=file)}"


ODD_VALUES = {
    "a date in a list": (
        {"cache.nodes": [dt.date(2026, 11, 25)]},
        "cache.nodes: found ['2026-11-25']; allowed: ",
    ),
    "a number of many digits": (
        {"cache.nodes": 10**300},
        f"cache.nodes: found 1{'0' * 199}...; allowed: ",
    ),
    "an empty key": (
        {"network": {"cidr": "10.1.0.0/16", "nat_gateways": 1, "": 1}},
        "network.'': unknown setting; allowed: ",
    ),
}


@pytest.mark.parametrize("changes, expected", ODD_VALUES.values(), ids=ODD_VALUES)
def test_an_odd_value_is_shown_as_the_file_has_it_in_one_short_line(
    tmp_path: Path, changes: dict[str, Any], expected: str
) -> None:
    check_refused(tmp_path, changes, expected)


def test_a_file_that_is_not_utf_8_is_refused(tmp_path: Path) -> None:
    (tmp_path / "staging.yaml").write_bytes(b"\xff\xfe")
    assert "cannot be read" in error_message(tmp_path)


def test_settings_are_immutable() -> None:
    with pytest.raises(ValueError, match="frozen"):
        load_stage("staging").network.nat_gateways = 2  # type: ignore[misc]


UNQUOTED = {
    "an account number": ("account: 111122223333", "account: found 111122223333; ", "111122223333"),
    "an account number that begins with 0": (
        "account: 012345678901",
        "account: found 012345678901; ",
        "012345678901",
    ),
    "a version": (
        "cluster:\n  kubernetes_version: 1.30",
        "cluster.kubernetes_version: found 1.30; ",
        "1.30",
    ),
    "a major version": (
        "database:\n  engine_version: 15",
        "database.engine_version: found 15; ",
        "15",
    ),
    "a time of day": (
        "monitoring:\n  business_hours:\n    start: 10:00",
        "monitoring.business_hours.start: found 10:00; ",
        "10:00",
    ),
}


@pytest.mark.parametrize("text, expected, quoted", UNQUOTED.values(), ids=UNQUOTED)
def test_text_without_quotes_is_refused_as_the_file_has_it(
    tmp_path: Path, text: str, expected: str, quoted: str
) -> None:
    (tmp_path / "staging.yaml").write_text(text)
    line = next(line for line in error_message(tmp_path).splitlines() if expected in line)
    assert line.endswith(f"in quotes: '{quoted}'")


@pytest.mark.parametrize("number", ["1:00", "0x40", "0b11", "010", "1_000"])
def test_a_number_that_only_yaml_1_1_has_is_refused(tmp_path: Path, number: str) -> None:
    (tmp_path / "staging.yaml").write_text(f"database:\n  storage_gib: {number}")
    assert error_message(tmp_path) == (
        f"{tmp_path.name}/staging.yaml: database.storage_gib: found {number}; "
        f"allowed: a decimal number, or text in quotes: '{number}'"
    )


@pytest.mark.parametrize("number", ["9" * 400, "-1234567890123456"])
def test_a_number_that_is_too_long_is_refused(tmp_path: Path, number: str) -> None:
    """A check that calculates with it would end with a stack trace."""
    (tmp_path / "staging.yaml").write_text(f"cache:\n  nodes: {number}")
    assert error_message(tmp_path) == (
        f"{tmp_path.name}/staging.yaml: cache.nodes: found {shorten(number)}; allowed: a whole "
        "number of at most 15 digits, or text in quotes"
    )


@pytest.mark.parametrize(
    "key, allowed",
    [("cache.nodes", "a number"), ("database.enhanced_monitoring_seconds", "a number")],
)
def test_a_boolean_is_no_number(tmp_path: Path, key: str, allowed: str) -> None:
    check_refused(tmp_path, {key: True}, f"{key}: found true; allowed: {allowed}")


def test_no_message_shows_a_regular_expression(tmp_path: Path) -> None:
    malformed = {
        "account": "12345",
        "domain.hosted_zone_id": "example.com",
        "domain.certificate_arn": "arn:aws:acm",
        "database.engine_version": "fifteen",
        "services.backend.release": "Release 1",
    }
    message = error_message(write_stage_file(tmp_path, malformed))
    assert len(message.splitlines()) == len(malformed)
    assert not set(message) & set("^$\\")


def test_a_stage_takes_no_slack_channel_of_another_stage(tmp_path: Path) -> None:
    slack = {"monitoring.subscriptions": {"slack": SLACK}}
    write_stage_file(tmp_path, slack, stage="production")
    write_stage_file(tmp_path, slack)
    assert error_message(tmp_path) == (
        f"{tmp_path.name}/staging.yaml: monitoring.subscriptions.slack.critical_channel_id: found "
        f"C1; allowed: a channel that {tmp_path.name}/production.yaml does not use"
    )
