"""The settings of the network."""

from pathlib import Path
from typing import Any

import pytest

from settings import load_stage
from tests.settings.files import check_refused, error_message, write_stage_file

PRODUCTION_RANGE = "10.0.0.0/16"

INVALID: dict[str, tuple[dict[str, Any], str]] = {
    "no NAT gateway": (
        {"nat_gateways": 0},
        "nat_gateways: found 0; allowed: greater than or equal to 1",
    ),
    "more NAT gateways than Availability Zones": (
        {"nat_gateways": 4},
        "nat_gateways: found 4; allowed: less than or equal to 3",
    ),
    "an endpoint of an unknown service": (
        {"interface_endpoints": ["sts", "ecr"]},
        "interface_endpoints.1: found 'ecr'; allowed: one of autoscaling, ec2, ecr.api, ",
    ),
    "an interface endpoint of S3, which has a gateway endpoint": (
        {"interface_endpoints": ["s3"]},
        "interface_endpoints.0: found 's3'; allowed: one of autoscaling, ",
    ),
    "an endpoint twice": (
        {"interface_endpoints": ["sts", "sts"]},
        "interface_endpoints: found ['sts', 'sts']; allowed: each name once",
    ),
    "a range with host bits": (
        {"cidr": "10.1.0.1/16"},
        "cidr: found '10.1.0.1/16'; allowed: an IPv4 range such as 10.0.0.0/16",
    ),
    "a public range": (
        {"cidr": "8.8.0.0/16"},
        "cidr: found '8.8.0.0/16'; allowed: a range from /16 to /28, as a VPC takes, within 10.",
    ),
    "a range without space for a fourth Availability Zone": (
        {"cidr": "10.1.0.0/18"},
        "cidr: found 10.1.0.0/18; allowed: a range of at least 18432 addresses: 4 subnets each of "
        "/24, /20, /24 (this one has 16384)",
    ),
    "private subnets that are too small for the pods of all nodes": (
        {"subnets": {"private_prefix_length": 26}},
        "subnets.private_prefix_length: found 26; allowed: at most 25: 4 nodes of t3.medium and "
        "their pods take 115 addresses of a subnet while a zone is lost",
    ),
}


@pytest.mark.parametrize("changes, expected", INVALID.values(), ids=INVALID)
def test_an_invalid_setting_is_refused_with_one_message(
    tmp_path: Path, changes: dict[str, Any], expected: str
) -> None:
    check_refused(tmp_path, changes, expected, section="network")


def test_the_longest_prefix_that_is_allowed_is_accepted(tmp_path: Path) -> None:
    write_stage_file(tmp_path, {"network.subnets": {"private_prefix_length": 25}})
    assert load_stage("staging", tmp_path).network.subnets.private_prefix_length == 25


@pytest.mark.parametrize("cidr", ["10.0.0.0/16", "10.0.128.0/17"])
def test_overlapping_ranges_of_two_stages_are_refused_for_both(tmp_path: Path, cidr: str) -> None:
    write_stage_file(tmp_path, {}, stage="production")
    write_stage_file(tmp_path, {"network.cidr": cidr})
    assert error_message(tmp_path) == (
        f"{tmp_path.name}/staging.yaml: network.cidr: found {cidr}; allowed: a range apart from "
        f"{PRODUCTION_RANGE} of {tmp_path.name}/production.yaml"
    )
    assert f"a range apart from {cidr} of" in error_message(tmp_path, "production")


def test_adjacent_ranges_do_not_overlap(tmp_path: Path) -> None:
    write_stage_file(tmp_path, {}, stage="production")
    write_stage_file(tmp_path, {"network.cidr": "10.1.0.0/16"})
    assert load_stage("staging", tmp_path).network.cidr == "10.1.0.0/16"


@pytest.mark.parametrize("text", ["network: [", "- a list", "network: {}", "network: {cidr: x}"])
def test_errors_in_the_file_of_another_stage_do_not_matter(tmp_path: Path, text: str) -> None:
    write_stage_file(tmp_path, {})
    (tmp_path / "production.yaml").write_text(text)
    assert load_stage("staging", tmp_path).stage == "staging"
