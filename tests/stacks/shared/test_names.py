"""INFRASTRUCTURE.md: Resource Naming, `{project}-{environment}-{resource}`."""

import re
from collections.abc import Iterator

import pytest

from tests.synthesis import SynthesizedAccount, SynthesizedStage

OTHER_NAMES = {
    ("AWS::CertificateManager::Certificate", "DomainName"): "a name of the DNS",
    ("AWS::CloudWatch::Alarm", "MetricName"): "what AWS or a log filter calls the metric",
    ("AWS::EKS::Addon", "AddonName"): "EKS's name of the software",
    ("AWS::IAM::Policy", "PolicyName"): "an inline policy's, within its role",
    ("AWS::RDS::DBInstance", "DBName"): "a database's, within its instance",
    ("AWS::Route53::RecordSet", "Name"): "a name of the DNS",
    ("AWS::SNS::Topic", "DisplayName"): "the sender that a mail shows",
}
"""Properties that end in Name but do not name the resource, with what they name."""
IDENTIFIERS = ("ReplicationGroupId", "DBInstanceIdentifier")
REQUIRED_PREFIXES = (
    r"alias/",  # KMS
    r"aws-waf-logs-",  # WAF accepts only log groups with this prefix
    r"/aws/[a-z]+(/[a-z]+)?/",  # services use log groups with these names
)


def names(stage: SynthesizedStage | SynthesizedAccount) -> Iterator[tuple[str, str, str]]:
    """Yield (type, property, name) of each fixed name, except for custom resources.

    The properties of a custom resource are arguments of its function.
    """
    for template in stage.templates.values():
        for resource in template["Resources"].values():
            if resource["Type"].startswith("Custom::"):
                continue
            for key, value in resource.get("Properties", {}).items():
                if (resource["Type"], key) in OTHER_NAMES or not isinstance(value, str):
                    continue
                if key.endswith("Name") or key in IDENTIFIERS:
                    yield resource["Type"], key, value


def test_every_fixed_name_follows_the_pattern(stage: SynthesizedStage) -> None:
    found = list(names(stage))
    assert len(found) > 40
    check_names(found, stage.settings.stage)


def test_the_names_in_the_account_stack_follow_the_pattern(account: SynthesizedAccount) -> None:
    found = list(names(account))
    assert len(found) == 2, "an analyzer and a conformance pack"
    check_names(found, "account")


def check_names(found: list[tuple[str, str, str]], environment: str) -> None:
    pattern = re.compile(
        rf"({'|'.join(REQUIRED_PREFIXES)})?spywatcher-{environment}([-/][a-z0-9/-]+)?"
    )
    assert not [(type_, key, name) for type_, key, name in found if not pattern.fullmatch(name)]


def test_every_exception_is_needed(staging: SynthesizedStage, production: SynthesizedStage) -> None:
    present = {
        (resource["Type"], key)
        for stage in (staging, production)
        for template in stage.templates.values()
        for resource in template["Resources"].values()
        for key in resource.get("Properties", {})
    }
    assert set(OTHER_NAMES) <= present


@pytest.mark.parametrize(
    ("resource_type", "key"),
    [
        # A replacement creates the new resource while the old one still has the name.
        ("AWS::ElasticLoadBalancingV2::TargetGroup", "Name"),
        ("AWS::EC2::LaunchTemplate", "LaunchTemplateName"),
        ("AWS::S3::Bucket", "BucketName"),
    ],
)
def test_a_resource_whose_replacement_would_collide_has_no_fixed_name(
    stage: SynthesizedStage, resource_type: str, key: str
) -> None:
    for stack in stage.templates:
        for resource in stage.resources(stack, resource_type).values():
            assert key not in resource["Properties"]


def test_the_budget_has_no_fixed_name_because_a_change_replaces_it(
    stage: SynthesizedStage,
) -> None:
    assert "BudgetName" not in stage.only("monitoring", "AWS::Budgets::Budget")["Budget"]
