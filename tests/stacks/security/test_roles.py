"""INFRASTRUCTURE.md: Access Control: MFA for admin access, IAM roles with least privilege."""

import re
from typing import Any

import pytest

from settings import StageSettings, load_stage
from tests.role_policies import RolePolicies
from tests.stacks.permissions import (
    CLOUDSHELL,
    PREFLIGHT,
    READS,
    WATCH,
    bootstrap_roles,
    permissions,
    preflight_permissions,
    role,
)
from tests.synthesis import ACCOUNT, ROOT, SynthesizedStage, synthesize
from tests.template_values import TemplateValues
from tools.templates.text import as_text

PEOPLE = ("admin", "reader", "on-call")
ROLES = (*PEOPLE, "deployer", "reviewer")
MANAGED_POLICIES_PER_ROLE = 10
"""The default quota of IAM ("IAM and AWS STS quotas")."""
CHARACTERS_OF_A_MANAGED_POLICY = 6144
"""The quota of IAM, which counts no white space ("IAM and AWS STS quotas")."""


# Who may assume the roles -------------------------------------------------------------------


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


@pytest.fixture(scope="module")
def with_identity_center() -> SynthesizedStage:
    """Staging, with a permission set for each role."""
    settings = load_stage("staging")
    values = settings.model_dump()
    values["access"]["permission_sets"] = {
        "admin": ["SpyWatcherAdmin"],
        "reader": ["Engineers", "OnCall"],
        "on_call": ["OnCall"],
    }
    return synthesize(StageSettings.model_validate(values))


def permission_set_role(name: str, *, account: str = ACCOUNT, region: str = "eu-west-2/") -> str:
    """Return the ARN of the role that Identity Center creates for a permission set."""
    suffix = "1234567890abcdef"
    path = f"aws-reserved/sso.amazonaws.com/{region}"
    return f"arn:aws:iam::{account}:role/{path}AWSReservedSSO_{name}_{suffix}"


WITH_MFA = {"aws:MultiFactorAuthPresent": "true", "aws:MultiFactorAuthAge": "60"}


@pytest.mark.parametrize("region", ["", "eu-west-2/"])
def test_users_of_a_named_permission_set_assume_the_role_without_the_mfa_key_of_iam(
    with_identity_center: SynthesizedStage, region: str
) -> None:
    """Identity Center asks for the second factor; its sessions never carry the key of IAM."""
    admin = RolePolicies.of_people(with_identity_center, "admin")
    assert admin.trusts(permission_set_role("SpyWatcherAdmin", region=region))
    reader = RolePolicies.of_people(with_identity_center, "reader")
    assert reader.trusts(permission_set_role("OnCall", region=region))


@pytest.mark.parametrize(
    "principal",
    [
        permission_set_role("Engineers"),
        permission_set_role("SpyWatcherAdmins"),
        permission_set_role("XSpyWatcherAdmin"),
        permission_set_role("SpyWatcherAdmin", account="222222222222"),
        f"arn:aws:iam::{ACCOUNT}:role/AWSReservedSSO_SpyWatcherAdmin_1234567890abcdef",
        f"arn:aws:iam::{ACCOUNT}:role/other",
        f"arn:aws:iam::{ACCOUNT}:user/you",
    ],
)
def test_no_other_session_assumes_the_role_without_mfa(
    with_identity_center: SynthesizedStage, principal: str
) -> None:
    assert not RolePolicies.of_people(with_identity_center, "admin").trusts(principal)


@pytest.mark.parametrize("name", PEOPLE)
def test_an_iam_user_still_needs_mfa(with_identity_center: SynthesizedStage, name: str) -> None:
    user = f"arn:aws:iam::{ACCOUNT}:user/you"
    policies = RolePolicies.of_people(with_identity_center, name)
    assert policies.trusts(user, WITH_MFA)
    assert not policies.trusts(user, {"aws:MultiFactorAuthPresent": "false"})


def test_without_the_setting_no_permission_set_is_trusted(stage: SynthesizedStage) -> None:
    for name in PEOPLE:
        policies = RolePolicies.of_people(stage, name)
        assert not policies.trusts(permission_set_role("AdministratorAccess"))


# What they may do ---------------------------------------------------------------------------


def test_administrators_may_do_what_the_runbooks_ask_for_and_no_more(
    stage: SynthesizedStage,
) -> None:
    name = stage.settings.resource_name()
    application = {f"secret:{name}/backend/application-AbCdEf"}
    token = {f"secret:{name}/cache/token-AbCdEf"}
    passwords = {f"secret:{name}/database/{user}-AbCdEf" for user in ("admin", "application")}
    keys = {
        purpose: f"key/{key}"
        for key in stage.resources("security", "AWS::KMS::Key")
        for purpose in ("Topics", "Audit")
        if key.startswith(f"Keys{purpose}")
    }
    instances_and_snapshot = {f"db:{name}", f"snapshot:{name}-manual"}
    machines = ("access-review", "node-patches", "patches-by-aws", "release")
    rotations = ("cache-token", "admin-password", "application-password")
    (bucket,) = (
        key for key in stage.resources("security", "AWS::S3::Bucket") if key.startswith("Audit")
    )
    logs = log_groups_of(stage)
    groups = set(stage.resources("cluster", "AWS::EKS::Nodegroup"))
    expected = {
        "cloudtrail:StartLogging": {f"trail/{name}-trail"},
        "eks:AccessKubernetesApi": {f"cluster/{name}"},
        "eks:DescribeCluster": {f"cluster/{name}"},
        "eks:DescribeNodegroup": groups,
        "eks:DescribeUpdate": {f"cluster/{name}", *groups},
        "eks:ListInsights": {f"cluster/{name}"},
        "eks:ListNodegroups": {f"cluster/{name}"},
        "eks:ListUpdates": {f"cluster/{name}", *groups},
        "elasticache:BatchApplyUpdateAction": {f"replicationgroup:{name}"},
        "elasticache:ModifyReplicationGroup": {f"replicationgroup:{name}"},
        "elasticache:RebootCacheCluster": {
            f"cluster:{name}-{number:03}" for number in range(1, stage.settings.cache.nodes + 1)
        },
        "elasticache:TestFailover": {f"replicationgroup:{name}"},
        "kms:Decrypt": {keys["Topics"], keys["Audit"]},
        "kms:GenerateDataKey": {keys["Topics"]},
        "lambda:InvokeFunction": {f"function:{name}-rotate-{secret}" for secret in rotations},
        "logs:FilterLogEvents": logs,
        "logs:GetLogEvents": logs,
        "rds:ApplyPendingMaintenanceAction": {f"db:{name}"},
        "rds:CreateDBSnapshot": instances_and_snapshot,
        "rds:DeleteDBSnapshot": instances_and_snapshot,
        "rds:RebootDBInstance": instances_and_snapshot,
        "s3:GetObject": {f"{bucket}/*"},
        "s3:ListBucket": {bucket},
        "secretsmanager:DescribeSecret": application,
        "secretsmanager:GetSecretValue": application | token,
        "secretsmanager:PutSecretValue": application,
        "secretsmanager:RotateSecret": token | passwords,
        "secretsmanager:UpdateSecret": application,
        "secretsmanager:UpdateSecretVersionStage": application,
        "sns:Publish": {f"{name}-announcements"},
        "states:StartExecution": {f"stateMachine:{name}-{machine}" for machine in machines},
        "states:StopExecution": {f"execution:{name}-release:*"},
        "sts:AssumeRole": bootstrap_roles(stage),
    }
    alarms = ("certificate-expiring", *(["root-use"] * stage.settings.monitoring.account_wide))
    expected["cloudwatch:SetAlarmState"] = {f"alarm:{name}-{alarm}" for alarm in alarms}
    assert permissions(stage, "admin", without=[READS, CLOUDSHELL, PREFLIGHT, WATCH]) == expected


def test_preflight_only_reads_descriptions(stage: SynthesizedStage) -> None:
    """tests/tools/operations/preflight compares the permissions with the calls of preflight."""
    for action in preflight_permissions(stage):
        assert action.partition(":")[2].startswith(("Describe", "Get", "List"))
        assert action not in ("s3:GetObject", "secretsmanager:GetSecretValue")


def log_groups_of(stage: SynthesizedStage) -> set[str]:
    """Return the last parts of the ARNs of every log group of the stage."""
    values = TemplateValues(stage)
    return {
        values.arn(stack, key).split(":", maxsplit=5)[-1]
        for stack in stage.templates
        for key in stage.resources(stack, "AWS::Logs::LogGroup")
    }


def test_administrators_may_start_every_state_machine(stage: SynthesizedStage) -> None:
    machines = {
        f"stateMachine:{machine['Properties']['StateMachineName']}"
        for stack in stage.templates
        for machine in stage.resources(stack, "AWS::StepFunctions::StateMachine").values()
    }
    allowed = permissions(stage, "admin", without=[CLOUDSHELL])
    assert allowed["states:StartExecution"] == machines


@pytest.mark.parametrize(
    "secret, function",
    [
        ("cache/token", "rotate-cache-token"),
        ("database/admin", "rotate-admin-password"),
        ("database/application", "rotate-application-password"),
    ],
)
def test_administrators_may_invoke_the_function_of_each_secret_that_they_rotate(
    stage: SynthesizedStage, secret: str, function: str
) -> None:
    """RotateSecret needs it ("RotateSecret", AWS Secrets Manager API Reference)."""
    admin = RolePolicies.of_people(stage, "admin")
    name = f"{stage.settings.resource_name()}/{secret}"
    region = stage.settings.region
    arn = f"arn:aws:secretsmanager:{region}:{ACCOUNT}:secret:{name}-AbCdEf"
    function = stage.settings.resource_name(function)
    assert admin.allows("secretsmanager:RotateSecret", arn)
    assert admin.allows(
        "lambda:InvokeFunction", f"arn:aws:lambda:{region}:{ACCOUNT}:function:{function}"
    )


def test_the_functions_of_the_rotations_have_the_names_that_administrators_may_invoke(
    stage: SynthesizedStage,
) -> None:
    own = {
        function["Properties"]["FunctionName"]
        for function in stage.resources("data", "AWS::Lambda::Function").values()
    }
    allowed = permissions(stage, "admin", without=[CLOUDSHELL])["lambda:InvokeFunction"]
    assert allowed == {f"function:{name}" for name in own}


def test_administrators_may_run_what_the_preflight_calls(stage: SynthesizedStage) -> None:
    admin = RolePolicies.of_people(stage, "admin")
    region, name = stage.settings.region, stage.settings.resource_name()
    assert admin.allows(
        "cloudformation:DescribeStacks",
        f"arn:aws:cloudformation:{region}:{ACCOUNT}:stack/{name}-workloads/id",
    )
    assert admin.allows(
        "secretsmanager:GetSecretValue",
        f"arn:aws:secretsmanager:{region}:{ACCOUNT}:secret:{name}/backend/application-AbCdEf",
    )


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
    resources = permissions(production, "admin", without=[CLOUDSHELL])[action]
    text = (ROOT / "docs/runbooks" / runbook).read_text()
    assert any(re.search(rf"\b{name.rpartition(':')[2]}\b", text) for name in resources)


def test_readers_read_alarms_and_no_stored_data(stage: SynthesizedStage) -> None:
    """Readers get descriptions and metrics, but no object, secret, item or log line."""
    actions = set(permissions(stage, "reader", without=[CLOUDSHELL]))
    assert "cloudwatch:DescribeAlarms" in actions
    assert {a for a in actions if not a.partition(":")[2].startswith(("Describe", "List"))} == {
        "cloudtrail:GetEventSelectors",
        "cloudtrail:GetTrailStatus",
        "cloudtrail:LookupEvents",
        "cloudwatch:GetDashboard",
        "cloudwatch:GetMetricData",
        "cloudwatch:GetMetricStatistics",
        "config:GetConformancePackComplianceSummary",
        "sns:GetTopicAttributes",
        "states:GetExecutionHistory",
    }
    assert "ManagedPolicyArns" not in role(stage, "reader")


@pytest.mark.parametrize("name", ["reader", "on-call"])
@pytest.mark.parametrize(
    "action",
    [
        *("dynamodb:GetItem", "kms:Decrypt", "lambda:InvokeFunction", "logs:FilterLogEvents"),
        *("logs:GetLogEvents", "logs:StartQuery", "rds:DownloadDBLogFilePortion", "s3:GetObject"),
        *("s3:ListBucket", "secretsmanager:GetSecretValue", "ssm:StartSession", "sts:AssumeRole"),
    ],
)
def test_readers_and_on_call_engineers_read_no_data_no_secret_and_no_log_line(
    stage: SynthesizedStage, name: str, action: str
) -> None:
    policies = RolePolicies.of_people(stage, name)
    assert action not in {a for each in policies.statements() for a in each["Action"]}
    assert not policies.allows(action)


def test_readers_find_the_cluster_for_kubectl(stage: SynthesizedStage) -> None:
    cluster = f"cluster/{stage.settings.resource_name()}"
    allowed = permissions(stage, "reader", without=[CLOUDSHELL])
    assert allowed["eks:DescribeCluster"] == {cluster}


def test_the_on_call_role_may_do_in_aws_what_readers_may_and_return_releases(
    stage: SynthesizedStage,
) -> None:
    on_call, reader = (
        permissions(stage, name, without=[CLOUDSHELL]) for name in ("on-call", "reader")
    )
    release = stage.settings.resource_name("release")
    assert on_call == {
        **reader,
        "states:StartExecution": {f"stateMachine:{release}"},
        "states:StopExecution": {f"execution:{release}:*"},
    }


# All of them --------------------------------------------------------------------------------


@pytest.mark.parametrize("name", ["admin", "on-call", "deployer", "reviewer"])
def test_no_permission_has_a_wildcard(stage: SynthesizedStage, name: str) -> None:
    """Except descriptions, the ids that CloudShell chooses, and names of files with dates in them.

    `:*` at the end of an ARN stands for the streams of a log group, or for the executions of a
    state machine.
    """
    for action, resources in permissions(
        stage, name, without=[READS, CLOUDSHELL, PREFLIGHT, WATCH]
    ).items():
        for resource in resources:
            if action == "s3:GetObject":
                resource = resource.removesuffix("/*")
            assert "*" not in action + resource.removesuffix(":*")


@pytest.mark.parametrize("name", ROLES)
def test_each_stack_grants_only_what_it_owns(stage: SynthesizedStage, name: str) -> None:
    """A name in the security stack would tie it to the stacks that come after it."""
    for policy in RolePolicies.of_people(stage, name).attached:
        if policy.stack == "security" and not policy.logical_id.startswith(PREFLIGHT):
            resource = stage.templates["security"]["Resources"][policy.logical_id]
            for statement in resource["Properties"]["PolicyDocument"]["Statement"]:
                allowed: Any = statement["Resource"]
                for each in allowed if isinstance(allowed, list) else [allowed]:
                    bootstrap = as_text(each).partition(":role/")[2].startswith("cdk-")
                    assert isinstance(each, dict) or bootstrap or each == "*", each


@pytest.mark.parametrize("name", ROLES)
def test_a_role_has_no_more_managed_policies_than_iam_allows(
    stage: SynthesizedStage, name: str
) -> None:
    attached = [policy.type for policy in RolePolicies.of_people(stage, name).attached]
    assert attached.count("AWS::IAM::ManagedPolicy") <= MANAGED_POLICIES_PER_ROLE


@pytest.mark.parametrize("name", ROLES)
def test_no_managed_policy_is_longer_than_iam_allows(stage: SynthesizedStage, name: str) -> None:
    for policy in RolePolicies.of_people(stage, name).attached:
        length = len(re.sub(r"\s", "", str(policy.document)))
        assert length <= CHARACTERS_OF_A_MANAGED_POLICY, policy.logical_id
