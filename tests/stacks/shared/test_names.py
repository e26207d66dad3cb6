"""INFRASTRUCTURE.md: Resource Naming, `{project}-{environment}-{resource}`."""

import re
from collections.abc import Iterator

import pytest

from tests.synthesis import SynthesizedStage

OTHER_NAMES = {
    ("AWS::CertificateManager::Certificate", "DomainName"): "a name of the DNS",
    ("AWS::CloudWatch::Alarm", "MetricName"): "what AWS or a log filter calls the metric",
    ("AWS::EKS::Addon", "AddonName"): "EKS's name of the software",
    ("AWS::IAM::Policy", "PolicyName"): "an inline policy's, within its role",
    ("AWS::IAM::ServiceLinkedRole", "AWSServiceName"): "the service's",
    ("AWS::RDS::DBInstance", "DBName"): "a database's, within its instance",
    ("AWS::Route53::RecordSet", "Name"): "a name of the DNS",
    ("AWS::SNS::Topic", "DisplayName"): "the sender that a mail shows",
}
"""Properties that end like a name, and are no name of ours for the resource."""
DEMANDED = (
    r"alias/",  # KMS
    r"aws-waf-logs-",  # WAF logs to groups of this prefix alone
    r"/aws/[a-z]+(/[a-z]+)?/",  # where the service looks for its log group
)


def names(stage: SynthesizedStage) -> Iterator[tuple[str, str, str]]:
    """Return (type, property, name) of each name that a template fixes.

    What a custom resource is given are arguments of a function's.
    """
    for template in stage.templates.values():
        for resource in template["Resources"].values():
            if resource["Type"].startswith("Custom::"):
                continue
            for key, value in resource.get("Properties", {}).items():
                own = key.endswith("Name") or key in ("ReplicationGroupId", "DBInstanceIdentifier")
                if own and isinstance(value, str) and (resource["Type"], key) not in OTHER_NAMES:
                    yield resource["Type"], key, value


def test_every_fixed_name_follows_the_pattern(stage: SynthesizedStage) -> None:
    pattern = re.compile(
        rf"({'|'.join(DEMANDED)})?spywatcher-{stage.settings.stage}([-/][a-z0-9/-]+)?"
    )
    found = list(names(stage))
    assert len(found) > 40
    assert not [each for each in found if not pattern.fullmatch(each[2])]


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
        # A change of what only a creation sets makes a second one while the first still has it.
        ("AWS::ElasticLoadBalancingV2::TargetGroup", "Name"),
        ("AWS::EKS::Nodegroup", "NodegroupName"),
        ("AWS::EC2::LaunchTemplate", "LaunchTemplateName"),
        ("AWS::S3::Bucket", "BucketName"),
    ],
)
def test_a_resource_that_a_fixed_name_would_block_has_none(
    stage: SynthesizedStage, resource_type: str, key: str
) -> None:
    for stack in stage.templates:
        for resource in stage.resources(stack, resource_type).values():
            assert key not in resource["Properties"]


def test_a_change_of_the_alerts_is_not_blocked_by_the_budgets_name(
    stage: SynthesizedStage,
) -> None:
    assert "BudgetName" not in stage.only("monitoring", "AWS::Budgets::Budget")["Budget"]
