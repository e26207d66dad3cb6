"""Every use of a key, bucket, topic or function is permitted, and every principal exists."""

from collections.abc import Callable
from typing import Any

import pytest

from tests.rules.graphs import ACCOUNT_STACK, graph, graph_names, graph_with_fault
from tests.rules.permissions import Permissions
from tests.rules.policy_principals import find_unknown_principals
from tests.rules.use_rules import USE_RULES
from tests.synthesis import ACCOUNT, Template

ROOT = {"AWS": f"arn:aws:iam::{ACCOUNT}:root"}


@pytest.mark.parametrize("name", graph_names())
def test_every_use_of_a_resource_is_permitted(name: str) -> None:
    assert Permissions(graph(name), USE_RULES).findings() == []


def test_each_rule_is_about_a_use_in_a_template() -> None:
    used = set()
    for name in graph_names():
        permissions = Permissions(graph(name), USE_RULES)
        used |= {rule for use in permissions.uses() if (rule := permissions.rule(use))}
    assert [(rule.user, rule.property) for rule in USE_RULES if rule not in used] == []


def test_each_rule_says_who_acts_or_why_nobody_does() -> None:
    assert [rule for rule in USE_RULES if bool(rule.accesses) == bool(rule.why_none)] == []


Change = Callable[[dict[str, Any]], dict[str, Any] | None]


def change_statements(
    stack: str, prefix: str, document: str, change: Change
) -> Callable[[dict[str, Template]], None]:
    """Return a function that replaces statements of a policy, or removes them for None."""

    def put_back(templates: dict[str, Template]) -> None:
        (policy,) = (
            resource["Properties"][document]
            for name, resource in templates[stack]["Resources"].items()
            if name.startswith(prefix) and document in resource["Properties"]
        )
        changed = map(change, policy["Statement"])
        policy["Statement"] = [statement for statement in changed if statement is not None]

    return put_back


def name_the_account(statement: dict[str, Any]) -> dict[str, Any]:
    return statement | {"Principal": ROOT}


def remove_allowance(statement: dict[str, Any]) -> dict[str, Any] | None:
    return statement if statement["Effect"] == "Deny" else None


def remove_permissions(templates: dict[str, Template]) -> None:
    resources = templates["data"]["Resources"]
    for name in [n for n, each in resources.items() if each["Type"] == "AWS::Lambda::Permission"]:
        del resources[name]


@pytest.mark.parametrize(
    ("name", "put_back", "finding"),
    [
        (
            "production",
            change_statements("security", "KeysVolumes", "KeyPolicy", name_the_account),
            "the service-linked role autoscaling.amazonaws.com/AWSServiceRoleForAutoScaling may "
            "not kms:CreateGrant on security/KeysVolumes",
        ),
        (
            "production",
            change_statements("security", "KeysLogs", "KeyPolicy", name_the_account),
            "logs.us-east-1.amazonaws.com may not kms:Decrypt on security/KeysLogs",
        ),
        (
            "production",
            change_statements(
                "monitoring", "TopicsCriticalPolicy", "PolicyDocument", remove_allowance
            ),
            "cloudwatch.amazonaws.com may not sns:Publish on monitoring/TopicsCritical",
        ),
        (
            "account",
            change_statements("account", "ConfigRecordsPolicy", "PolicyDocument", remove_allowance),
            "config.amazonaws.com may not s3:PutObject on account/ConfigRecords",
        ),
        (
            "production",
            remove_permissions,
            "secretsmanager.amazonaws.com may not lambda:InvokeFunction on data/CacheTokenRotation",
        ),
    ],
    ids=["volumes key", "logs key", "topic", "bucket", "functions"],
)
def test_a_missing_permission_is_found_by_name(
    name: str, put_back: Callable[[dict[str, Template]], None], finding: str
) -> None:
    found = Permissions(graph_with_fault(name, put_back), USE_RULES).findings()
    assert [each for each in found if finding in each], found[:5]


def test_a_use_without_a_rule_is_refused_with_what_to_add() -> None:
    rules = [rule for rule in USE_RULES if rule.user != "AWS::Config::DeliveryChannel"]
    (finding,) = Permissions(graph(ACCOUNT_STACK), rules).findings()
    _, _, message = finding.partition(": ")
    assert message == (
        "no rule for AWS::S3::Bucket in AWS::Config::DeliveryChannel S3BucketName; add one to "
        "USE_RULES in tests/rules/use_rules.py: who acts on it, with which actions and condition "
        "keys, and which page of AWS says so"
    )


@pytest.mark.parametrize("name", graph_names())
def test_every_principal_of_a_policy_exists(name: str) -> None:
    assert list(find_unknown_principals(graph(name), graph(ACCOUNT_STACK))) == []


@pytest.mark.parametrize(
    "principal",
    [
        f"arn:aws:iam::{ACCOUNT}:role/aws-service-role/autoscaling.amazonaws.com/"
        "AWSServiceRoleForAutoScaling",
        f"arn:aws:iam::{ACCOUNT}:role/administrators",
        "arn:aws:iam::222222222222:root",
    ],
)
def test_a_principal_that_nothing_makes_is_refused(principal: str) -> None:
    """An account without an Auto Scaling group has no such service-linked role, for example."""
    put_back = change_statements(
        "security",
        "KeysVolumes",
        "KeyPolicy",
        lambda statement: statement | {"Principal": {"AWS": principal}},
    )
    checked = graph_with_fault("production", put_back)
    (finding,) = find_unknown_principals(checked, graph(ACCOUNT_STACK))
    assert "security/KeysVolumes" in finding
    assert principal in finding
