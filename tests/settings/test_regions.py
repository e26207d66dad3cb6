"""The Regions of a stage."""

from pathlib import Path

import pytest

from tests.settings.files import check_refused

KEY = "arn:aws:kms:ca-west-1:111111111111:key/00000000-0000-0000-0000-000000000000"


@pytest.mark.parametrize(
    "region", ["ca-west-1", "us-gov-west-1", "cn-north-1", "us-iso-east-1", "mars-north-1", "US"]
)
def test_a_region_without_root_certificate_of_rds_is_refused_at_load(
    tmp_path: Path, region: str
) -> None:
    expected = f"region: found '{region}'; allowed: one of af-south-1, ap-east-1, "
    zones = [f"{region}{zone}" for zone in "abc"]
    check_refused(tmp_path, {"region": region, "availability_zones": zones}, expected)


def test_the_region_of_copied_backups_is_one_that_the_stage_can_be_recovered_in(
    tmp_path: Path,
) -> None:
    check_refused(
        tmp_path,
        {"second_region": {"region": "ca-west-1", "kms_key_arn": KEY}},
        "second_region.region: found 'ca-west-1'; allowed: one of af-south-1, ",
        section="database",
    )
