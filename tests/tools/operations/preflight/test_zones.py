"""What AWS offers in the Availability Zones of a stage."""

import pytest

from tests.tools.operations.simulated_account import SimulatedAccount
from tools.operations.preflight import zones
from tools.operations.preflight.row import Row, Status


def set_zones(account: SimulatedAccount, **ids: str) -> None:
    account.answers["ec2:DescribeAvailabilityZones"] = {
        "AvailabilityZones": [
            {"ZoneName": f"us-east-1{letter}", "ZoneId": zone_id, "State": "available"}
            for letter, zone_id in ids.items()
        ]
    }


@pytest.mark.parametrize("zone_id", ["use1-az3", "usw1-az2", "cac1-az3"])
def test_a_zone_without_eks_is_missing(account: SimulatedAccount, zone_id: str) -> None:
    """The list is in "Subnet requirements for clusters", Amazon EKS User Guide."""
    set_zones(account, a="use1-az1", b=zone_id, c="use1-az4", d="use1-az6")
    assert zones.check_zones(account.session, account.settings) == [
        Row(
            "Availability Zones",
            Status.MISSING,
            f"us-east-1b ({zone_id}, without EKS)",
            "three of us-east-1a, us-east-1c, us-east-1d",
            "set availability_zones in settings/production.yaml",
        )
    ]


def test_a_zone_that_the_account_does_not_have_is_missing(account: SimulatedAccount) -> None:
    set_zones(account, a="use1-az1", b="use1-az2", f="use1-az5")
    (row,) = zones.check_zones(account.session, account.settings)
    assert (row.status, row.found) == (Status.MISSING, "us-east-1c (not available)")


def test_a_type_of_nodes_that_a_zone_does_not_offer_is_missing(account: SimulatedAccount) -> None:
    account.answers["ec2:DescribeInstanceTypeOfferings"] = {
        "InstanceTypeOfferings": [{"Location": "us-east-1a"}, {"Location": "us-east-1b"}]
    }
    (row,) = zones.check_node_type(account.session, account.settings)
    assert row.text == (
        "t3.large is not offered in us-east-1c; allowed: what each zone offers (this one: "
        "us-east-1a, us-east-1b); fix: set cluster.nodes.instance_type or availability_zones in "
        "settings/production.yaml"
    )


@pytest.mark.parametrize("change", [{"MultiAZCapable": False}, {"StorageType": "io2"}])
def test_a_database_class_counts_only_as_the_stage_uses_it(
    account: SimulatedAccount, change: dict[str, object]
) -> None:
    option = {
        "StorageType": "gp3",
        "MultiAZCapable": True,
        "AvailabilityZones": [{"Name": zone} for zone in account.settings.availability_zones],
    }
    account.answers["rds:DescribeOrderableDBInstanceOptions"] = {
        "OrderableDBInstanceOptions": [option | change]
    }
    (row,) = zones.check_database_class(account.session, account.settings)
    assert row.status == Status.MISSING
    assert row.found.startswith("db.t3.large with PostgreSQL 15.17 is not offered in us-east-1a")


def test_the_database_class_is_asked_for_with_the_version_that_rds_creates(
    account: SimulatedAccount,
) -> None:
    zones.check_database_class(account.session, account.settings)
    versions, options = account.calls
    assert versions.parameters["DefaultOnly"] is True
    assert options.parameters["EngineVersion"] == "15.17"
