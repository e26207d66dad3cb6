"""INFRASTRUCTURE.md: Security, Data Security, Access Control, Access Audit."""

from typing import Any

import pytest

from settings import load_stage
from settings.security import FirewallRuleSettings
from tests.synthesis import ACCOUNT, ROOT, SynthesizedStage, joined, synthesize

ROLE = "AWS::IAM::Role"


def role(stage: SynthesizedStage, name: str) -> dict[str, Any]:
    full = stage.settings.resource_name(name)
    roles = stage.resources("security", ROLE).values()
    return next(r["Properties"] for r in roles if r["Properties"].get("RoleName") == full)


def statements(stage: SynthesizedStage, construct: str) -> list[dict[str, Any]]:
    """Return the statements of the policy of a role of this construct id."""
    policies = stage.resources("security", "AWS::IAM::Policy")
    (policy,) = [p for name, p in policies.items() if name.startswith(f"Roles{construct}Default")]
    found: list[dict[str, Any]] = policy["Properties"]["PolicyDocument"]["Statement"]
    return found


def rules(stage: SynthesizedStage) -> dict[str, dict[str, Any]]:
    return {rule["Name"]: rule for rule in stage.only("security", "AWS::WAFv2::WebACL")["Rules"]}


# Encryption at rest (KMS) -------------------------------------------------------------------


def test_every_purpose_has_a_key_of_its_own_that_rotates(stage: SynthesizedStage) -> None:
    keys = stage.resources("security", "AWS::KMS::Key").values()
    assert all(key["Properties"]["EnableKeyRotation"] is True for key in keys)
    aliases = stage.resources("security", "AWS::KMS::Alias").values()
    prefix = f"alias/{stage.settings.resource_name()}-"
    assert {a["Properties"]["AliasName"].removeprefix(prefix) for a in aliases} == {
        *("database", "cache", "secrets", "cluster", "volumes", "logs", "audit", "topics"),
    }


def test_a_key_policy_names_services_and_this_account_only(stage: SynthesizedStage) -> None:
    roles = stage.resources("security", ROLE)
    own = {f"arn:aws:iam::{ACCOUNT}:root", *(f"${{{name}.Arn}}" for name in roles)}
    for key in stage.resources("security", "AWS::KMS::Key").values():
        for statement in key["Properties"]["KeyPolicy"]["Statement"]:
            principal = statement["Principal"]
            assert principal != "*"
            if "AWS" in principal:
                assert joined(principal["AWS"]) in own, "another account"
            elif principal != {"Service": "events.amazonaws.com"}:
                # EventBridge takes no condition where it publishes to an encrypted topic.
                assert statement["Condition"], "a service without a condition acts for anyone"


def test_a_protected_stage_keeps_its_keys(production: SynthesizedStage) -> None:
    for key in production.resources("security", "AWS::KMS::Key").values():
        assert key["DeletionPolicy"] == "RetainExceptOnCreate"
        assert key["UpdateReplacePolicy"] == "Retain"


# WAF: Web Application Firewall with rate limiting -------------------------------------------


def test_an_address_may_send_2000_requests_in_5_minutes(stage: SynthesizedStage) -> None:
    rule = rules(stage)["RateLimitPerAddress"]
    limit = rule["Statement"]["RateBasedStatement"]
    assert (limit["Limit"], limit["EvaluationWindowSec"]) == (2000, 300)
    assert limit["AggregateKeyType"] == "IP"
    assert rule["Action"] == {"Block": {}}


@pytest.mark.parametrize(
    "group",
    [
        "AWSManagedRulesAmazonIpReputationList",
        "AWSManagedRulesCommonRuleSet",
        "AWSManagedRulesKnownBadInputsRuleSet",
        "AWSManagedRulesSQLiRuleSet",
    ],
)
def test_the_managed_rule_group_blocks(stage: SynthesizedStage, group: str) -> None:
    assert rules(stage)[group]["OverrideAction"] == {"None": {}}


def test_uploads_of_10_mb_pass_while_other_large_bodies_do_not(stage: SynthesizedStage) -> None:
    common = rules(stage)["AWSManagedRulesCommonRuleSet"]["Statement"]
    assert common["ManagedRuleGroupStatement"]["RuleActionOverrides"] == [
        {"Name": "SizeRestrictions_BODY", "ActionToUse": {"Count": {}}}
    ]
    own = rules(stage)["OversizedBody"]
    assert own["Priority"] > rules(stage)["AWSManagedRulesCommonRuleSet"]["Priority"]
    labelled, not_allowed = own["Statement"]["AndStatement"]["Statements"]
    assert labelled["LabelMatchStatement"]["Key"].endswith(":SizeRestrictions_Body")
    paths = not_allowed["NotStatement"]["Statement"]["OrStatement"]["Statements"]
    assert [p["ByteMatchStatement"]["SearchString"] for p in paths] == ["/api/", "/socket.io/"]


def test_each_rule_can_be_counted_instead_of_blocking() -> None:
    counting = FirewallRuleSettings(**dict.fromkeys(FirewallRuleSettings.model_fields, "count"))
    settings = load_stage("staging")
    firewall = settings.firewall.model_copy(update={"rules": counting})
    stage = synthesize(settings.model_copy(update={"firewall": firewall}))
    for rule in rules(stage).values():
        assert rule.get("Action", rule.get("OverrideAction")) == {"Count": {}}, rule["Name"]


def test_the_firewall_log_redacts_cookies_and_authorization(stage: SynthesizedStage) -> None:
    logging = stage.only("security", "AWS::WAFv2::LoggingConfiguration")
    redacted = [field["SingleHeader"]["Name"] for field in logging["RedactedFields"]]
    assert sorted(redacted) == ["authorization", "cookie"]
    (destination,) = logging["LogDestinationConfigs"]
    assert not joined(destination).endswith(":*")
    groups = stage.resources("security", "AWS::Logs::LogGroup").values()
    assert f"aws-waf-logs-{stage.settings.resource_name()}" in [
        group["Properties"]["LogGroupName"] for group in groups
    ]


def test_the_firewall_stands_before_the_load_balancer(stage: SynthesizedStage) -> None:
    association = stage.only("network", "AWS::WAFv2::WebACLAssociation")
    assert "FirewallWebAcl" in str(association["WebACLArn"])
    (load_balancer,) = stage.resources("network", "AWS::ElasticLoadBalancingV2::LoadBalancer")
    assert association["ResourceArn"] == {"Ref": load_balancer}


# CloudTrail enabled, audit logging enabled --------------------------------------------------


def test_the_trail_covers_all_regions_and_proves_its_files(stage: SynthesizedStage) -> None:
    trail = stage.only("security", "AWS::CloudTrail::Trail")
    assert trail["IsLogging"] and trail["IsMultiRegionTrail"]
    assert trail["IncludeGlobalServiceEvents"] and trail["EnableLogFileValidation"]
    assert trail["KMSKeyId"] and trail["CloudWatchLogsLogGroupArn"]


def test_no_bucket_is_public_unencrypted_unversioned_or_read_without_tls(
    stage: SynthesizedStage,
) -> None:
    buckets = stage.resources("security", "AWS::S3::Bucket")
    policies = {
        each["Properties"]["Bucket"]["Ref"]: each["Properties"]["PolicyDocument"]["Statement"]
        for each in stage.resources("security", "AWS::S3::BucketPolicy").values()
    }
    for name, bucket in buckets.items():
        properties = bucket["Properties"]
        assert all(properties["PublicAccessBlockConfiguration"].values())
        assert properties["BucketEncryption"] and properties["LifecycleConfiguration"]
        assert properties["VersioningConfiguration"] == {"Status": "Enabled"}
        conditions = [s["Condition"] for s in policies[name] if s["Effect"] == "Deny"]
        assert {"Bool": {"aws:SecureTransport": "false"}} in conditions
        assert {"NumericLessThan": {"s3:TlsVersion": 1.2}} in conditions


def test_the_trails_files_are_kept_a_year_and_survive_the_stack(
    production: SynthesizedStage,
) -> None:
    buckets = production.resources("security", "AWS::S3::Bucket")
    (audit,) = [b for name, b in buckets.items() if name.startswith("AuditBucket")]
    assert audit["DeletionPolicy"] == "RetainExceptOnCreate"
    (lifecycle,) = audit["Properties"]["LifecycleConfiguration"]["Rules"]
    assert lifecycle["ExpirationInDays"] == 365
    assert audit["Properties"]["LoggingConfiguration"]["DestinationBucketName"]


# MFA for admin access; IAM roles with least privilege ---------------------------------------


def test_administrators_prove_a_second_factor_within_the_session(stage: SynthesizedStage) -> None:
    admin = role(stage, "admin")
    (trust,) = admin["AssumeRolePolicyDocument"]["Statement"]
    assert trust["Condition"] == {
        "Bool": {"aws:MultiFactorAuthPresent": "true"},
        "NumericLessThan": {"aws:MultiFactorAuthAge": "3600"},
    }
    assert admin["MaxSessionDuration"] == 3600


def test_readers_prove_a_second_factor_too(stage: SynthesizedStage) -> None:
    (trust,) = role(stage, "reader")["AssumeRolePolicyDocument"]["Statement"]
    assert trust["Condition"]["Bool"] == {"aws:MultiFactorAuthPresent": "true"}


@pytest.mark.parametrize("construct", ["Admin", "Deployer"])
def test_no_role_of_ours_has_a_wildcard(stage: SynthesizedStage, construct: str) -> None:
    for statement in statements(stage, construct):
        resources = statement["Resource"]
        for resource in resources if isinstance(resources, list) else [resources]:
            assert "*" not in joined(resource), statement["Sid"]
        actions = statement["Action"]
        for action in actions if isinstance(actions, list) else [actions]:
            assert "*" not in action.replace("kms:ReEncrypt*", "").replace(
                "kms:GenerateDataKey*", ""
            ), action


def test_readers_read_alarms_and_no_stored_data(stage: SynthesizedStage) -> None:
    """No object, secret, item or log line; what is left are descriptions and metrics."""
    policies = stage.resources("security", "AWS::IAM::ManagedPolicy")
    (reads,) = [
        p["Properties"] for id_, p in policies.items() if id_.startswith("RolesReaderReads")
    ]
    (statement,) = reads["PolicyDocument"]["Statement"]
    actions = {tuple(action.split(":")) for action in statement["Action"]}
    assert ("cloudwatch", "DescribeAlarms") in actions
    gets = {action for action in actions if not action[1].startswith(("Describe", "List"))}
    assert gets == {
        ("cloudtrail", "LookupEvents"),
        ("cloudwatch", "GetDashboard"),
        ("cloudwatch", "GetMetricData"),
        ("cloudwatch", "GetMetricStatistics"),
    }
    assert "ManagedPolicyArns" not in role(stage, "reader")


def test_administrators_may_do_what_the_runbook_of_secrets_asks_for(
    stage: SynthesizedStage,
) -> None:
    allowed = {s["Sid"]: s for s in statements(stage, "Admin") if "Sid" in s}
    name = stage.settings.resource_name()
    rotated = [joined(arn).partition(":secret:")[2] for arn in allowed["RotateNow"]["Resource"]]
    assert rotated == [
        f"{name}/{secret}-??????"
        for secret in ("cache/token", "database/admin", "database/application")
    ]
    function = joined(allowed["RetireTheOldToken"]["Resource"]).rpartition(":")[2]
    names = {f["FunctionName"] for f in _functions(stage) if "FunctionName" in f}
    assert function in names
    runbook = (ROOT / "docs/runbooks/secrets.md").read_text()
    assert function.replace(stage.settings.stage, "production") in runbook


def test_administrators_may_maintain_by_hand_what_the_schedules_maintain(
    stage: SynthesizedStage,
) -> None:
    allowed = {s["Sid"]: s for s in statements(stage, "Admin") if "Sid" in s}
    started = {joined(arn).rpartition(":")[2] for arn in allowed["StartMaintenance"]["Resource"]}
    machines = {
        machine["Properties"]["StateMachineName"]
        for stack in ("cluster", "monitoring")
        for machine in stage.resources(stack, "AWS::StepFunctions::StateMachine").values()
    }
    assert started == machines
    topics = stage.resources("monitoring", "AWS::SNS::Topic").values()
    announced = joined(allowed["Announce"]["Resource"]).rpartition(":")[2]
    assert announced == stage.settings.resource_name("announcements")
    assert announced in {topic["Properties"]["TopicName"] for topic in topics}
    assert "KeysTopics" in joined(allowed["EncryptAnnouncements"]["Resource"])
    instance = stage.only("data", "AWS::RDS::DBInstance")["DBInstanceIdentifier"]
    assert joined(allowed["PatchTheDatabaseNow"]["Resource"]).endswith(f":db:{instance}")
    group = stage.only("data", "AWS::ElastiCache::ReplicationGroup")["ReplicationGroupId"]
    patched = joined(allowed["PatchTheCacheNow"]["Resource"])
    assert patched.endswith(f":replicationgroup:{group}")


def test_the_security_audit_may_set_off_the_alarm_that_it_names(
    production: SynthesizedStage,
) -> None:
    allowed = {s["Sid"]: s for s in statements(production, "Admin") if "Sid" in s}
    alarm = joined(allowed["TryAnAlarm"]["Resource"]).rpartition(":")[2]
    alarms = production.resources("monitoring", "AWS::CloudWatch::Alarm").values()
    assert alarm in {each["Properties"]["AlarmName"] for each in alarms}
    assert alarm in (ROOT / "docs/runbooks/security-audit.md").read_text()


def _functions(stage: SynthesizedStage) -> list[dict[str, Any]]:
    found = stage.resources("data", "AWS::Lambda::Function").values()
    return [function["Properties"] for function in found]


def test_the_deployer_assumes_the_bootstrap_roles_and_no_more(stage: SynthesizedStage) -> None:
    (statement,) = statements(stage, "Deployer")
    assert statement["Action"] == "sts:AssumeRole"
    names = [joined(resource).partition(":role/")[2] for resource in statement["Resource"]]
    region = stage.settings.region
    assert names == [
        f"cdk-hnb659fds-{name}-{ACCOUNT}-{region}"
        for name in ("deploy-role", "file-publishing-role", "lookup-role")
    ]


def test_the_deployer_is_bound_to_the_repository_and_the_environment(
    stage: SynthesizedStage,
) -> None:
    (trust,) = role(stage, "deployer")["AssumeRolePolicyDocument"]["Statement"]
    assert trust["Action"] == "sts:AssumeRoleWithWebIdentity"
    repository = "subculture-collective/spywatcher-infrastructure"
    assert trust["Condition"] == {
        "StringEquals": {
            "token.actions.githubusercontent.com:aud": "sts.amazonaws.com",
            "token.actions.githubusercontent.com:sub": (
                f"repo:{repository}:environment:{stage.settings.stage}"
            ),
        }
    }


# What an account has once -------------------------------------------------------------------

ONCE = (
    "AWS::IAM::OIDCProvider",
    "AWS::AccessAnalyzer::Analyzer",
    "AWS::GuardDuty::Detector",
    "AWS::Config::ConfigurationRecorder",
)


@pytest.mark.parametrize("resource_type", ONCE)
def test_an_account_has_it_once(
    production: SynthesizedStage, staging: SynthesizedStage, resource_type: str
) -> None:
    assert len(production.resources("security", resource_type)) == 1
    assert len(staging.resources("security", resource_type)) == 0


def test_config_watches_what_the_design_promises(production: SynthesizedStage) -> None:
    pack = production.only("security", "AWS::Config::ConformancePack")
    for promise in ("RDS_STORAGE_ENCRYPTED", "VPC_FLOW_LOGS_ENABLED", "CLOUD_TRAIL_ENABLED"):
        assert promise in pack["TemplateBody"]


# Secrets Manager: secure credential storage -------------------------------------------------


def test_the_signing_key_is_generated_and_long_enough_for_two(stage: SynthesizedStage) -> None:
    secret = stage.only("security", "AWS::SecretsManager::Secret")
    assert secret["Name"] == f"{stage.settings.resource_name()}/backend/application"
    generated = secret["GenerateSecretString"]
    assert generated["GenerateStringKey"] == "SIGNING_KEY"
    assert generated["PasswordLength"] == 128
    assert secret["KmsKeyId"]


def test_no_template_holds_a_secret(stage: SynthesizedStage) -> None:
    """A secret appears by reference alone: generated, or resolved while deploying."""
    for template in stage.templates.values():
        for resource in template["Resources"].values():
            properties = resource.get("Properties", {})
            assert "SecretString" not in properties
            for key in ("AuthToken", "MasterUserPassword"):
                if key in properties:
                    assert joined(properties[key]).startswith("{{resolve:secretsmanager:")
