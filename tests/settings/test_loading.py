"""Bad input stops with one message: file, key, what was found, what is allowed."""

import datetime as dt
from pathlib import Path
from typing import Any

import pytest

from settings import SettingsError, load_stage
from tests.settings.files import message, write

BAD_INPUT = {
    "a misspelt setting": (
        {"network.nat_gatways": 1},
        "network.nat_gatways: unknown setting; did you mean nat_gateways? allowed: cidr,",
    ),
    "a missing setting": (
        {"network.nat_gateways": None},
        "network.nat_gateways: missing; every stage must give it",
    ),
    "a setting of another type": (
        {"network.nat_gateways": "one"},
        "network.nat_gateways: found 'one'; allowed: a valid integer",
    ),
    "a number out of range": (
        {"network.nat_gateways": 4},
        "network.nat_gateways: found 4; allowed: less than or equal to 3",
    ),
    "a range that does not hold the subnets": (
        {"network.cidr": "10.1.0.0/20"},
        "network.cidr: found 10.1.0.0/20; allowed: a range of at least 18432 addresses",
    ),
    "a range with host bits": (
        {"network.cidr": "10.1.0.1/16"},
        "network.cidr: found '10.1.0.1/16'; allowed: an IPv4 range such as 10.0.0.0/16",
    ),
    "a public range": (
        {"network.cidr": "8.8.0.0/16"},
        "network.cidr: found '8.8.0.0/16'; allowed: a private IPv4 range",
    ),
    "more minimum nodes than desired ones": (
        {"cluster.nodes.min_nodes": 3},
        "cluster.nodes: found 3, 2, 4; allowed: min_nodes <= desired_nodes <= max_nodes",
    ),
    "more desired nodes than the maximum": (
        {"cluster.nodes.desired_nodes": 5},
        "cluster.nodes: found 1, 5, 4; allowed: min_nodes <= desired_nodes <= max_nodes",
    ),
    "more minimum replicas than the maximum": (
        {"services.backend.replicas.minimum": 9},
        "services.backend.replicas: found 9, 1, 3; allowed: minimum <= initial <= maximum",
    ),
    "requests over limits": (
        {"services.backend.resources.memory_limit_mib": 128},
        "services.backend.resources.memory_request_mib: found 256; "
        "allowed: at most memory_limit_mib, 128",
    ),
    "an unknown database class": (
        {"database.instance_class": "db.t3.medum"},
        "database.instance_class: found 'db.t3.medum'; allowed: one of db.t3.medium, ",
    ),
    "an unknown cache node type": (
        {"cache.node_type": "cache.t9.small"},
        "cache.node_type: found 'cache.t9.small'; allowed: one of cache.t3.small, ",
    ),
    "an unknown node type": (
        {"cluster.nodes.instance_type": "t3.huge"},
        "cluster.nodes.instance_type: found 't3.huge'; allowed: one of t3.medium, ",
    ),
    "a retired Kubernetes version": (
        {"cluster.kubernetes_version": "1.28"},
        "cluster.kubernetes_version: found 1.28; allowed: one of ",
    ),
    "an unknown Kubernetes version": (
        {"cluster.kubernetes_version": "2.0"},
        "cluster.kubernetes_version: found 2.0; allowed: one of ",
    ),
    "a retired PostgreSQL version": (
        {"database.engine_version": "15.3", "database.auto_minor_version_upgrade": False},
        "database.engine_version: found 15.3; allowed: 15 or 15.13 and later "
        "(RDS creates no 15.3 any more)",
    ),
    "an unknown PostgreSQL version": (
        {"database.engine_version": "9"},
        "database.engine_version: found 9; allowed: 15 or 15.13 and later",
    ),
    "a pinned minor version that upgrades by itself": (
        {"database.engine_version": "15.17"},
        "database.engine_version: found 15.17; allowed: the major version 15, or this one "
        "together with auto_minor_version_upgrade: false",
    ),
    "a storage limit below the storage": (
        {"database.max_storage_gib": 40},
        "database.max_storage_gib: found 40; allowed: over storage_gib, 50",
    ),
    "a zone of another region": (
        {"availability_zones": ["eu-west-1a", "eu-west-1b", "eu-west-1c"]},
        "availability_zones: found eu-west-1a; allowed: zones of us-east-1",
    ),
    "two zones": (
        {"availability_zones": ["us-east-1a", "us-east-1b"]},
        "allowed: three different availability zones",
    ),
    "a name outside its zone": (
        {"domain.name": "spywatcher.example.org"},
        "domain.name: found spywatcher.example.org; allowed: example.com or a name below it",
    ),
    "a malformed domain": (
        {"domain.name": "Staging_Spywatcher"},
        "domain.name: found 'Staging_Spywatcher'; allowed: a domain name in lower case",
    ),
    "a malformed zone id": (
        {"domain.hosted_zone_id": "example.com"},
        "domain.hosted_zone_id: found 'example.com'; allowed: ",
    ),
    "an image without a tag": (
        {"services.backend.image": "ghcr.io/subculture-collective/spywatcher-backend"},
        "services.backend.image: found 'ghcr.io/subculture-collective/spywatcher-backend'; "
        "allowed: an image with a tag other than latest, or with a digest",
    ),
    "an image that floats": (
        {"services.backend.image": "ghcr.io/spywatcher-backend:latest"},
        "allowed: an image with a tag other than latest",
    ),
    "a retention that CloudWatch lacks": (
        {"network.flow_log_retention_days": 31},
        "network.flow_log_retention_days: found 31; allowed: one of 1, 3, 5, ",
    ),
    "a rate window that WAF lacks": (
        {"firewall": {"rate_window_seconds": 90}},
        "firewall.rate_window_seconds: found 90; allowed: 60, 120, 300 or 600",
    ),
    "an account that is none": (
        {"account": "12345"},
        "account: found '12345'; allowed: ",
    ),
    "a stage that its file names": (
        {"stage": "production"},
        "stage: the file's name says it; allowed: no such key",
    ),
}


@pytest.mark.parametrize("changes, expected", BAD_INPUT.values(), ids=BAD_INPUT.keys())
def test_bad_input_is_one_message(tmp_path: Path, changes: dict[str, Any], expected: str) -> None:
    text = message(write(tmp_path, changes))
    assert f"{tmp_path.name}/staging.yaml: " in text
    assert expected in text
    assert "Traceback" not in text and "pydantic" not in text


def test_an_unknown_stage_is_told_the_known_ones() -> None:
    with pytest.raises(SettingsError) as caught:
        load_stage("prod")
    assert str(caught.value) == (
        "settings/prod.yaml: no such stage: 'prod'; allowed: production, staging"
    )


def test_all_faults_of_a_file_come_at_once(tmp_path: Path) -> None:
    folder = write(tmp_path, {"network.cidr": "x", "cluster.nodes.min_nodes": "y"})
    lines = message(folder).splitlines()
    assert [line.split(": ")[1] for line in lines] == ["network.cidr", "cluster.nodes.min_nodes"]


@pytest.mark.parametrize(
    "text, expected",
    [
        ("region: [", "not valid YAML"),
        ("- a\n- b\n", "found a list; allowed: a mapping of settings"),
        ("", "found a NoneType; allowed: a mapping of settings"),
        ("region: us-east-1\nregion: eu-west-1\n", "the key 'region' stands twice"),
    ],
)
def test_a_file_that_is_no_mapping_is_refused(tmp_path: Path, text: str, expected: str) -> None:
    (tmp_path / "staging.yaml").write_text(text)
    assert expected in message(tmp_path)


def test_an_unreadable_file_is_refused(tmp_path: Path) -> None:
    (tmp_path / "staging.yaml").write_bytes(b"\xff\xfe")
    assert "cannot be read" in message(tmp_path)


def test_the_versions_of_the_design_can_be_synthesized_on_request(tmp_path: Path) -> None:
    folder = write(
        tmp_path,
        {
            "allow_retired_versions": True,
            "cluster.kubernetes_version": "1.28",
            "database.engine_version": "15.3",
            "database.auto_minor_version_upgrade": False,
        },
    )
    settings = load_stage("staging", folder)
    assert settings.cluster.kubernetes_version == "1.28"


def test_a_version_warns_90_days_before_its_support_ends() -> None:
    settings = load_stage("production")
    end = dt.date(2027, 3, 27)
    assert settings.support_warnings(end - dt.timedelta(days=91)) == []
    assert settings.support_warnings(end - dt.timedelta(days=90)) == [
        "Kubernetes 1.35: standard support ends on 2027-03-27; plan the upgrade"
    ]


def test_settings_do_not_change() -> None:
    with pytest.raises(ValueError, match="frozen"):
        load_stage("staging").network.nat_gateways = 2  # type: ignore[misc]
