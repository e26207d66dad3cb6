"""The domain name of a stage, as Route 53, the public DNS and ACM know it."""

from typing import Any

import pytest

from tests.tools.operations.simulated_account import (
    NAME_SERVERS,
    SimulatedAccount,
    SimulatedInternet,
    json_response,
    refuse,
)
from tools.operations.preflight import domain
from tools.operations.preflight.http import UnreachableError
from tools.operations.preflight.row import Status

NAME = "production.spywatcher.dev"
ARN = "arn:aws:acm:us-east-1:111122223333:certificate/12345678-1234-1234-1234-123456789012"


def test_a_hosted_zone_that_does_not_exist_is_missing(account: SimulatedAccount) -> None:
    account.answers["route53:GetHostedZone"] = refuse("NoSuchHostedZone", "no zone")
    (row,) = domain.check_hosted_zone(account.session, account.settings)
    assert row.text == (
        "no Z1111111111111; allowed: the ID of the public hosted zone spywatcher.dev; fix: aws "
        "route53 list-hosted-zones, then set domain.hosted_zone_id in settings/production.yaml"
    )


@pytest.mark.parametrize(
    ("name", "is_private", "found"),
    [
        ("other.dev.", False, "a public zone other.dev"),
        ("spywatcher.dev.", True, "a private zone spywatcher.dev"),
    ],
)
def test_a_zone_of_another_name_or_a_private_one_is_missing(
    account: SimulatedAccount, name: str, is_private: bool, found: str
) -> None:
    account.answers["route53:GetHostedZone"] = {
        "HostedZone": {"Name": name, "Config": {"PrivateZone": is_private}}
    }
    (row,) = domain.check_hosted_zone(account.session, account.settings)
    assert (row.status, row.found) == (Status.MISSING, found)
    assert row.allowed == "a public zone spywatcher.dev"


@pytest.mark.parametrize(
    ("answer", "found"),
    [
        ({"Status": 3}, "no name server"),
        ({"Answer": [{"data": "ns.elsewhere.net."}]}, "ns.elsewhere.net"),
    ],
)
def test_a_zone_that_the_public_dns_does_not_find_is_missing(
    account: SimulatedAccount, internet: SimulatedInternet, answer: dict[str, Any], found: str
) -> None:
    internet.responses["https://dns.google/resolve"] = json_response(answer)
    (row,) = domain.check_delegation(account.session, account.settings)
    assert row.text == (
        f"spywatcher.dev to {found}; allowed: {', '.join(NAME_SERVERS)}; fix: set them at the "
        "registrar of spywatcher.dev, or as NS records in its parent zone"
    )


def test_the_delegation_is_unknown_without_the_internet(
    account: SimulatedAccount, internet: SimulatedInternet
) -> None:
    internet.responses["https://dns.google/resolve"] = UnreachableError("dns.google: offline")
    (row,) = domain.check_delegation(account.session, account.settings)
    assert (row.status, row.found) == (Status.UNKNOWN, "dns.google: offline")


@pytest.mark.parametrize("record_type", ["A", "AAAA", "CNAME"])
def test_a_record_of_another_system_is_missing(account: SimulatedAccount, record_type: str) -> None:
    record = {"Name": f"{NAME}.", "Type": record_type}
    account.answers["route53:ListResourceRecordSets"] = {"ResourceRecordSets": [record]}
    (row,) = domain.check_records(account.session, account.settings)
    assert row.status == Status.MISSING
    assert row.found == f"{NAME} has {record_type} of another system"
    assert "change-resource-record-sets --hosted-zone-id Z1111111111111" in row.fix


def test_the_record_of_the_stage_and_records_of_other_names_are_none_of_another_system(
    account: SimulatedAccount,
) -> None:
    alias = {"DNSName": "dualstack.spywatcher-production-alb-123.us-east-1.elb.amazonaws.com."}
    account.answers["route53:ListResourceRecordSets"] = {
        "ResourceRecordSets": [
            {"Name": f"{NAME}.", "Type": "A", "AliasTarget": alias},
            {"Name": f"{NAME}.", "Type": "TXT"},
            {"Name": "staging.spywatcher.dev.", "Type": "A"},
        ]
    }
    (row,) = domain.check_records(account.session, account.settings)
    assert row.status == Status.OK
    assert account.calls[-1].parameters["StartRecordName"] == NAME


@pytest.mark.parametrize("status", ["PENDING_VALIDATION", "VALIDATION_TIMED_OUT", "FAILED"])
def test_a_certificate_that_acm_did_not_issue_is_missing(
    account: SimulatedAccount, status: str
) -> None:
    certificate = {"DomainName": NAME, "Status": status}
    account.answers["acm:ListCertificates"] = {"CertificateSummaryList": [certificate]}
    (row,) = domain.check_certificate(account.session, account.settings)
    assert (row.status, row.found) == (Status.MISSING, f"{status}, for {NAME}")


@pytest.mark.parametrize(
    ("status", "name", "expected"),
    [
        ("ISSUED", NAME, Status.OK),
        ("ISSUED", "*.spywatcher.dev", Status.OK),
        ("ISSUED", "spywatcher.dev", Status.MISSING),
        ("EXPIRED", NAME, Status.MISSING),
    ],
)
def test_a_certificate_of_the_settings_is_issued_for_the_name(
    account: SimulatedAccount, status: str, name: str, expected: Status
) -> None:
    account.answers["acm:DescribeCertificate"] = {
        "Certificate": {"DomainName": name, "Status": status}
    }
    chosen = account.settings.domain.model_copy(update={"certificate_arn": ARN})
    settings = account.settings.model_copy(update={"domain": chosen})
    (row,) = domain.check_certificate(account.session, settings)
    assert row.status == expected
