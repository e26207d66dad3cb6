"""The text of findings, and the overrides that allow them."""

import pytest

from tools.guard.change import Change
from tools.guard.errors import GuardError
from tools.guard.finding import Finding, Impact, exclude_allowed, format_report


def finding(logical_id: str) -> Finding:
    change = Change("DBName", "a", "b")
    return Finding(
        stack="spywatcher-production-data",
        logical_id=logical_id,
        construct_path="production/data/Database/Resource",
        resource_type="AWS::RDS::DBInstance",
        impact=Impact.REPLACED,
        changes=(change,),
        reasons=(str(change),),
        loss="every row",
    )


DATABASE, CACHE = finding("Database"), finding("Cache")


def test_a_finding_shows_the_resource_the_reason_the_loss_and_the_override() -> None:
    assert str(DATABASE).splitlines() == [
        "spywatcher-production-data/Database would be replaced by a new, empty one",
        "  what   AWS::RDS::DBInstance, production/data/Database/Resource",
        '  why    DBName changes from "a" to "b"',
        "  lost   every row",
        "  do     take the change back; or migrate, see docs/runbooks/replacement-guard.md;",
        "         or let it through: --allow-replacement spywatcher-production-data/Database",
    ]


def test_an_override_allows_one_resource_only() -> None:
    names = ["spywatcher-production-data/Database"]
    assert exclude_allowed([DATABASE, CACHE], names) == [CACHE]


def test_an_override_allows_every_finding_about_its_resource() -> None:
    assert exclude_allowed([DATABASE, DATABASE], ["spywatcher-production-data/Database"]) == []


def test_an_override_that_fits_no_finding_is_refused_with_the_allowed_names() -> None:
    with pytest.raises(GuardError) as caught:
        exclude_allowed([DATABASE], ["spywatcher-production-data/Databse"])
    assert str(caught.value) == (
        "--allow-replacement: found spywatcher-production-data/Databse; "
        "allowed: spywatcher-production-data/Database"
    )
    with pytest.raises(GuardError, match="allowed: none, since nothing is stopped"):
        exclude_allowed([], ["spywatcher-production-data/Database"])


def test_a_report_begins_with_the_number_of_findings() -> None:
    assert format_report([DATABASE]).startswith("1 change stops the deploy:\n\nspywatcher")
    assert format_report([DATABASE, CACHE]).startswith("2 changes stop the deploy:\n\nspywatcher")
