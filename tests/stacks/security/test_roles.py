"""INFRASTRUCTURE.md: Access Control: MFA for admin access, IAM roles with least privilege."""

import re

import pytest

from tests.stacks.permissions import (
    attached_policies,
    bootstrap_roles,
    is_preflight_policy,
    permissions,
    preflight_permissions,
    role,
)
from tests.synthesis import ROOT, SynthesizedStage
from tools.templates.text import as_text

ROLES = ("admin", "reader", "on-call", "deployer")
MANAGED_POLICIES_PER_ROLE = 10
"""The default quota of IAM ("IAM and AWS STS quotas")."""


# People -------------------------------------------------------------------------------------


def test_administrators_prove_a_second_factor_within_the_session(stage: SynthesizedStage) -> None:
    admin = role(stage, "admin")
    (trust,) = admin["AssumeRolePolicyDocument"]["Statement"]
    assert trust["Condition"] == {
        "Bool": {"aws:MultiFactorAuthPresent": "true"},
        "NumericLessThan": {"aws:MultiFactorAuthAge": "3600"},
    }
    assert admin["MaxSessionDuration"] == 3600


@pytest.mark.parametrize("name", ["reader", "on-call"])
def test_readers_and_the_on_call_role_prove_a_second_factor_too(
    stage: SynthesizedStage, name: str
) -> None:
    (trust,) = role(stage, name)["AssumeRolePolicyDocument"]["Statement"]
    assert trust["Condition"]["Bool"] == {"aws:MultiFactorAuthPresent": "true"}


def test_administrators_may_do_what_the_runbooks_ask_for_and_no_more(
    stage: SynthesizedStage,
) -> None:
    name = stage.settings.resource_name()
    application = {f"secret:{name}/backend/application"}
    token = {f"secret:{name}/cache/token"}
    passwords = {f"secret:{name}/database/{user}" for user in ("admin", "application")}
    (topics_key,) = (
        id_ for id_ in stage.resources("security", "AWS::KMS::Key") if id_.startswith("KeysTopics")
    )
    instances_and_snapshot = {f"db:{name}", f"snapshot:{name}-manual"}
    machines = ("access-review", "node-patches", "patches-by-aws")
    expected = {
        "eks:AccessKubernetesApi": {f"cluster/{name}"},
        "eks:DescribeCluster": {f"cluster/{name}"},
        "elasticache:BatchApplyUpdateAction": {f"replicationgroup:{name}"},
        "elasticache:ModifyReplicationGroup": {f"replicationgroup:{name}"},
        "elasticache:TestFailover": {f"replicationgroup:{name}"},
        "kms:Decrypt": {topics_key},
        "kms:GenerateDataKey": {topics_key},
        "lambda:InvokeFunction": {f"function:{name}-rotate-cache-token"},
        "rds:ApplyPendingMaintenanceAction": {f"db:{name}"},
        "rds:CreateDBSnapshot": instances_and_snapshot,
        "rds:DeleteDBSnapshot": instances_and_snapshot,
        "rds:RebootDBInstance": instances_and_snapshot,
        "secretsmanager:DescribeSecret": application,
        "secretsmanager:GetSecretValue": application | token,
        "secretsmanager:PutSecretValue": application,
        "secretsmanager:RotateSecret": token | passwords,
        "secretsmanager:UpdateSecret": application,
        "secretsmanager:UpdateSecretVersionStage": application,
        "sns:Publish": {f"{name}-announcements"},
        "states:StartExecution": {f"stateMachine:{name}-{machine}" for machine in machines},
        "sts:AssumeRole": bootstrap_roles(stage),
    }
    if stage.settings.monitoring.account_wide:
        expected["cloudwatch:SetAlarmState"] = {f"alarm:{name}-root-use"}
    preflight = preflight_permissions(stage)
    granted = permissions(stage, "admin").items()
    assert {action: found for action, found in granted if action not in preflight} == expected


def test_preflight_only_reads_descriptions(stage: SynthesizedStage) -> None:
    """tests/tools/operations/preflight compares the permissions with the calls of preflight."""
    for action in preflight_permissions(stage):
        assert action.partition(":")[2].startswith(("Describe", "Get", "List"))
        assert action not in ("s3:GetObject", "secretsmanager:GetSecretValue")


def test_administrators_may_start_every_state_machine(stage: SynthesizedStage) -> None:
    machines = {
        f"stateMachine:{machine['Properties']['StateMachineName']}"
        for stack in stage.templates
        for machine in stage.resources(stack, "AWS::StepFunctions::StateMachine").values()
    }
    assert permissions(stage, "admin")["states:StartExecution"] == machines


@pytest.mark.parametrize(
    ("action", "runbook"),
    [
        ("lambda:InvokeFunction", "secrets.md"),
        ("cloudwatch:SetAlarmState", "security-audit.md"),
    ],
)
def test_the_runbook_names_what_administrators_may_use(
    production: SynthesizedStage, action: str, runbook: str
) -> None:
    (resource,) = permissions(production, "admin")[action]
    text = (ROOT / "docs/runbooks" / runbook).read_text()
    assert re.search(rf"\b{resource.rpartition(':')[2]}\b", text)


def test_readers_read_alarms_and_no_stored_data(stage: SynthesizedStage) -> None:
    """Readers get descriptions and metrics, but no object, secret, item or log line."""
    actions = set(permissions(stage, "reader"))
    assert "cloudwatch:DescribeAlarms" in actions
    assert {a for a in actions if not a.partition(":")[2].startswith(("Describe", "List"))} == {
        "cloudtrail:LookupEvents",
        "cloudwatch:GetDashboard",
        "cloudwatch:GetMetricData",
        "cloudwatch:GetMetricStatistics",
    }
    assert "ManagedPolicyArns" not in role(stage, "reader")


def test_readers_find_the_cluster_for_kubectl(stage: SynthesizedStage) -> None:
    cluster = f"cluster/{stage.settings.resource_name()}"
    assert permissions(stage, "reader")["eks:DescribeCluster"] == {cluster}


def test_the_on_call_role_finds_the_cluster_and_nothing_else(stage: SynthesizedStage) -> None:
    cluster = f"cluster/{stage.settings.resource_name()}"
    assert permissions(stage, "on-call") == {"eks:DescribeCluster": {cluster}}


# All of them --------------------------------------------------------------------------------


@pytest.mark.parametrize("name", ["admin", "on-call", "deployer"])
def test_no_permission_has_a_wildcard(stage: SynthesizedStage, name: str) -> None:
    """Many reads of preflight support no resource, and CloudFormation adds an ID to stacks."""
    preflight = preflight_permissions(stage) if name == "admin" else {}
    for action, resources in permissions(stage, name).items():
        assert "*" not in action
        assert action in preflight or "*" not in "".join(resources)


@pytest.mark.parametrize("name", ROLES)
def test_each_stack_grants_only_what_it_owns(stage: SynthesizedStage, name: str) -> None:
    """A name in the security stack would tie it to the stacks that come after it."""
    for stack, _, policy in attached_policies(stage, name):
        if stack == "security" and not is_preflight_policy(policy):
            for statement in policy["PolicyDocument"]["Statement"]:
                resource = statement["Resource"]
                for each in resource if isinstance(resource, list) else [resource]:
                    bootstrap = as_text(each).partition(":role/")[2].startswith("cdk-")
                    assert isinstance(each, dict) or bootstrap or each == "*", each


@pytest.mark.parametrize("name", ROLES)
def test_a_role_has_no_more_managed_policies_than_iam_allows(
    stage: SynthesizedStage, name: str
) -> None:
    attached = [type_ for _, type_, _ in attached_policies(stage, name)]
    assert attached.count("AWS::IAM::ManagedPolicy") <= MANAGED_POLICIES_PER_ROLE
