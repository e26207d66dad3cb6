"""The network's settings: what collides, what is too small, what AWS does not know."""

from pathlib import Path
from typing import Any

import pytest
import yaml

from settings import load_stage
from settings.loading import SETTINGS_FOLDER
from tests.settings.files import message

PRODUCTION_RANGE = "10.0.0.0/16"


def copy(folder: Path, stage: str, network: dict[str, Any]) -> None:
    """Write a copy of a stage's file with other network settings."""
    values = yaml.safe_load((SETTINGS_FOLDER / f"{stage}.yaml").read_text())
    values["network"] |= network
    (folder / f"{stage}.yaml").write_text(yaml.safe_dump(values))


@pytest.mark.parametrize("cidr", ["10.0.0.0/16", "10.0.128.0/17"])
def test_ranges_of_two_stages_that_overlap_are_refused(tmp_path: Path, cidr: str) -> None:
    copy(tmp_path, "production", {})
    copy(tmp_path, "staging", {"cidr": cidr})
    assert message(tmp_path) == (
        f"{tmp_path.name}/staging.yaml: network.cidr: found {cidr}; allowed: a range apart from "
        f"{PRODUCTION_RANGE} of {tmp_path.name}/production.yaml"
    )
    assert f"a range apart from {cidr} of" in message(tmp_path, "production")


def test_neighbouring_ranges_are_no_overlap(tmp_path: Path) -> None:
    copy(tmp_path, "production", {})
    copy(tmp_path, "staging", {"cidr": "10.1.0.0/16"})
    assert load_stage("staging", tmp_path).network.cidr == "10.1.0.0/16"


@pytest.mark.parametrize("text", ["network: [", "- a list", "network: {}", "network: {cidr: x}"])
def test_another_stages_broken_file_is_that_stages_fault(tmp_path: Path, text: str) -> None:
    copy(tmp_path, "staging", {})
    (tmp_path / "production.yaml").write_text(text)
    assert load_stage("staging", tmp_path).stage == "staging"


BAD_INPUT = {
    "no NAT gateway": (
        {"nat_gateways": 0},
        "network.nat_gateways: found 0; allowed: greater than or equal to 1",
    ),
    "more NAT gateways than zones": (
        {"nat_gateways": 4},
        "network.nat_gateways: found 4; allowed: less than or equal to 3",
    ),
    "an endpoint of an unknown service": (
        {"interface_endpoints": ["sts", "ecr"]},
        "network.interface_endpoints.1: found 'ecr'; allowed: one of autoscaling, ec2, ecr.api, ",
    ),
    "an endpoint of S3, which is there in any case": (
        {"interface_endpoints": ["s3"]},
        "network.interface_endpoints.0: found 's3'; allowed: one of autoscaling, ",
    ),
    "an endpoint twice": (
        {"interface_endpoints": ["sts", "sts"]},
        "network.interface_endpoints: found ['sts', 'sts']; allowed: each name once",
    ),
    "a range without room for a fourth subnet of each tier": (
        {"cidr": "10.1.0.0/18"},
        "network.cidr: found 10.1.0.0/18; allowed: a range of at least 18432 addresses: "
        "4 subnets each of /24, /20, /24 (this one has 16384)",
    ),
    "private subnets too small for the pods of every node": (
        {"subnets": {"private_prefix_length": 26}},
        "network.subnets.private_prefix_length: found 26; allowed: at most 25: 4 nodes of "
        "t3.medium and their pods take 115 addresses of a subnet while a zone is lost",
    ),
}


@pytest.mark.parametrize("network, expected", BAD_INPUT.values(), ids=BAD_INPUT.keys())
def test_bad_input_is_one_message(tmp_path: Path, network: dict[str, Any], expected: str) -> None:
    copy(tmp_path, "staging", network)
    text = message(tmp_path)
    assert text.startswith(f"{tmp_path.name}/staging.yaml: {expected}")
    assert len(text.splitlines()) == 1


def test_the_longest_prefix_that_is_allowed_is_accepted(tmp_path: Path) -> None:
    copy(tmp_path, "staging", {"subnets": {"private_prefix_length": 25}})
    assert load_stage("staging", tmp_path).network.subnets.private_prefix_length == 25
