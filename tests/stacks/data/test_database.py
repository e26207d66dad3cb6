"""PostgreSQL, by the sentences of INFRASTRUCTURE.md that concern it, and what they leave open."""

import json
import re
from pathlib import Path
from typing import Any

import aws_cdk as cdk
import pytest
from cdk_nag import AwsSolutionsChecks

from settings import StageSettings, load_stage
from settings.database import GenerationSettings, SecondRegionSettings
from stacks.stage import SpyWatcherStage
from tests.simulators.alarm_simulator import StageAlarms
from tests.synthesis import ACCOUNT, ROOT, SynthesizedStage, synthesize
from tools.templates.text import as_text

INSTANCE = "AWS::RDS::DBInstance"
SECRET = "AWS::SecretsManager::Secret"  # noqa: S105  a type
ATTACHMENT = "AWS::SecretsManager::SecretTargetAttachment"
ROTATION = "AWS::SecretsManager::RotationSchedule"
SOURCE = "db-ABCDEFGHIJKLMNOPQRSTUVWXYZ"
SECOND_REGION_KEY = "arn:aws:kms:us-west-2:111111111111:key/1"


def changed(settings: StageSettings, **database: Any) -> StageSettings:
    """Return the settings with another database section, validated."""
    merged = {**settings.database.model_dump(), **database}
    return StageSettings.model_validate({**settings.model_dump(), "database": merged})


def instances(stage: SynthesizedStage) -> dict[str, dict[str, Any]]:
    """Return every instance by its name, replicas too, with its policies."""
    found = stage.resources("data", INSTANCE).values()
    return {each["Properties"]["DBInstanceIdentifier"]: each for each in found}


def parameters(stage: SynthesizedStage) -> dict[str, str]:
    values: dict[str, str] = stage.only("data", "AWS::RDS::DBParameterGroup")["Parameters"]
    return values


def database_secret(stage: SynthesizedStage, name: str) -> tuple[str, dict[str, Any]]:
    """Return the logical id and the properties of a secret."""
    (found,) = (
        (key, each["Properties"])
        for key, each in stage.resources("data", SECRET).items()
        if each["Properties"]["Name"].endswith(f"/database/{name}")
    )
    return found


def rotation(stage: SynthesizedStage, name: str) -> dict[str, Any]:
    secret, _ = database_secret(stage, name)
    (attachment,) = (
        key
        for key, each in stage.resources("data", ATTACHMENT).items()
        if each["Properties"]["SecretId"] == {"Ref": secret}
    )
    (found,) = (
        each["Properties"]
        for each in stage.resources("data", ROTATION).values()
        if each["Properties"]["SecretId"] == {"Ref": attachment}
    )
    properties: dict[str, Any] = found
    return properties


# Data Storage


def test_rds_postgresql_15_is_patched_in_the_window_and_never_upgraded_by_major_version(
    stage: SynthesizedStage,
) -> None:
    instance = stage.only("data", INSTANCE)
    assert (instance["Engine"], instance["EngineVersion"]) == ("postgres", "15")
    assert instance["AutoMinorVersionUpgrade"] is True
    assert instance["AllowMajorVersionUpgrade"] is False


def test_the_parameter_family_is_the_engines(stage: SynthesizedStage) -> None:
    group = stage.only("data", "AWS::RDS::DBParameterGroup")
    assert group["Family"] == "postgres15"


def test_a_pinned_version_has_the_family_of_its_major_version(staging: SynthesizedStage) -> None:
    pinned = changed(staging.settings, engine_version="15.17", auto_minor_version_upgrade=False)
    made = synthesize(pinned)
    assert made.only("data", INSTANCE)["EngineVersion"] == "15.17"
    assert made.only("data", INSTANCE)["AutoMinorVersionUpgrade"] is False
    assert made.only("data", "AWS::RDS::DBParameterGroup")["Family"] == "postgres15"


def test_multi_az_for_high_availability(production: SynthesizedStage) -> None:
    assert production.only("data", INSTANCE)["MultiAZ"] is True


def test_the_standby_finds_subnets_in_every_zone(stage: SynthesizedStage) -> None:
    subnets = stage.only("data", "AWS::RDS::DBSubnetGroup")["SubnetIds"]
    assert len(subnets) == 3
    assert all("databaseSubnet" in json.dumps(subnet) for subnet in subnets)
    assert stage.only("data", INSTANCE)["PubliclyAccessible"] is False


def test_automated_backups_are_retained_seven_days(stage: SynthesizedStage) -> None:
    instance = stage.only("data", INSTANCE)
    assert instance["BackupRetentionPeriod"] == 7
    assert instance["PreferredBackupWindow"] == "00:30-01:30"
    assert instance["CopyTagsToSnapshot"] is True


def test_encryption_at_rest_with_the_stages_key(stage: SynthesizedStage) -> None:
    instance = stage.only("data", INSTANCE)
    assert instance["StorageEncrypted"] is True
    assert "KeysDatabase" in json.dumps(instance["KmsKeyId"])
    assert instance["PerformanceInsightsKMSKeyId"] == instance["KmsKeyId"]


def test_storage_is_gp3_and_grows_to_its_limit(
    production: SynthesizedStage, staging: SynthesizedStage
) -> None:
    instance = production.only("data", INSTANCE)
    assert (instance["StorageType"], instance["AllocatedStorage"]) == ("gp3", "100")
    assert instance["MaxAllocatedStorage"] == 500
    assert staging.only("data", INSTANCE)["AllocatedStorage"] == "50"


# Database Layer


def test_read_replicas_are_optional(stage: SynthesizedStage) -> None:
    assert stage.settings.database.read_replicas == 0
    assert len(instances(stage)) == 1


@pytest.fixture(scope="module")
def full() -> SynthesizedStage:
    """Production with everything that is optional, after a recovery that it was switched to."""
    return synthesize(full_settings())


def full_settings() -> StageSettings:
    return changed(
        load_stage("production"),
        read_replicas=2,
        second_region=SecondRegionSettings(
            region="us-west-2", kms_key_arn=SECOND_REGION_KEY, retention_days=14
        ),
        generations=(
            GenerationSettings(number=1, retiring=True),
            GenerationSettings(
                number=2,
                restore_to_time="2026-11-20T08:30:00+01:00",
                restore_source_resource_id=SOURCE,
                admin_password_from_secret=True,
            ),
            GenerationSettings(number=3, restore_from_snapshot="before-the-upgrade"),
            GenerationSettings(
                number=4, restore_to_time="latest", restore_source_resource_id=SOURCE
            ),
        ),
        active_generation=2,
    )


def test_each_read_replica_has_a_name_an_endpoint_and_logs_of_its_own(
    full: SynthesizedStage,
) -> None:
    names = {name for name in instances(full) if "replica" in name}
    assert names == {
        "spywatcher-production-g2-replica-1",
        "spywatcher-production-g2-replica-2",
    }
    outputs = full.templates["data"]["Outputs"].values()
    endpoints = [each["Value"] for each in outputs if "read replica" in each.get("Description", "")]
    assert len({json.dumps(endpoint) for endpoint in endpoints}) == 2
    groups = full.resources("data", "AWS::Logs::LogGroup").values()
    logs = {each["Properties"].get("LogGroupName") for each in groups}
    assert {f"/aws/rds/instance/{name}/postgresql" for name in names} <= logs


def test_a_read_replica_copies_the_active_generation_with_its_parameters(
    full: SynthesizedStage,
) -> None:
    found = instances(full)
    replica = found["spywatcher-production-g2-replica-1"]["Properties"]
    source = found["spywatcher-production-g2"]["Properties"]
    assert "Generation2Instance" in json.dumps(replica["SourceDBInstanceIdentifier"])
    for same in ("DBParameterGroupName", "VPCSecurityGroups", "CACertificateIdentifier"):
        assert replica[same] == source[same]
    assert replica["DeletionProtection"] is False
    assert "KmsKeyId" not in replica


def test_point_in_time_recovery_makes_a_second_instance(full: SynthesizedStage) -> None:
    restored = instances(full)["spywatcher-production-g2"]["Properties"]
    assert restored["SourceDbiResourceId"] == SOURCE
    assert restored["RestoreTime"] == "2026-11-20T07:30:00Z"
    latest = instances(full)["spywatcher-production-g4"]["Properties"]
    assert latest["UseLatestRestorableTime"] is True
    assert "RestoreTime" not in latest
    # CloudFormation would take the one with this for a read replica.
    assert "SourceDBInstanceIdentifier" not in restored.keys() | latest.keys()


def test_a_snapshot_is_restored_into_a_second_instance(full: SynthesizedStage) -> None:
    restored = instances(full)["spywatcher-production-g3"]["Properties"]
    assert restored["DBSnapshotIdentifier"] == "before-the-upgrade"
    assert "SourceDbiResourceId" not in restored


@pytest.mark.parametrize("number", [2, 3, 4])
def test_a_restored_instance_leaves_out_what_its_backups_bring(
    full: SynthesizedStage, number: int
) -> None:
    """CloudFormation refuses these beside an origin; the rest is as the settings say."""
    restored = instances(full)[f"spywatcher-production-g{number}"]["Properties"]
    brought = {
        *("DBName", "MasterUsername", "MasterUserPassword"),
        *("KmsKeyId", "StorageEncrypted", "AllocatedStorage"),
    }
    password = {"MasterUserPassword"} if number == 2 else set()
    assert brought & restored.keys() == password
    fresh = instances(full)["spywatcher-production"]["Properties"]
    own = {
        "DBInstanceIdentifier",
        "DBParameterGroupName",
        "DBSubnetGroupName",
        "DeletionProtection",
    }
    own |= {"MonitoringRoleArn"}
    for name in fresh.keys() - brought - own:
        assert restored[name] == fresh[name], name


def test_a_recovery_leaves_the_instance_in_place_as_it_is(production: SynthesizedStage) -> None:
    """Adding a generation adds resources, and changes the policy of administrators alone."""
    restored = changed(
        production.settings,
        generations=(
            GenerationSettings(number=1),
            GenerationSettings(
                number=2, restore_to_time="latest", restore_source_resource_id=SOURCE
            ),
        ),
    )
    before = production.templates["data"]["Resources"]
    after = synthesize(restored).templates["data"]["Resources"]
    changes = [key for key in before if after[key] != before[key]]
    assert [key.rstrip("0123456789ABCDEF") for key in changes] == ["AdministratorPolicy"]
    added = [each["Type"] for key, each in after.items() if key not in before]
    assert added.count(INSTANCE) == 1
    first, second = restored.database.generations
    known = second.model_copy(update={"admin_password_from_secret": True})
    switched = changed(restored, active_generation=2, generations=(first, known))
    moved = synthesize(switched).templates["data"]["Resources"]
    different = [key for key in after if moved[key] != after[key]]
    kinds = sorted(after[key]["Type"] for key in different)
    assert kinds == [INSTANCE, ATTACHMENT, ATTACHMENT]
    (restoring,) = (after[key] for key in different if after[key]["Type"] == INSTANCE)
    assert restoring["Properties"]["DBInstanceIdentifier"] == "spywatcher-production-g2"
    assert moved.keys() == after.keys()


def test_the_application_uses_the_active_generation(full: SynthesizedStage) -> None:
    attachments = full.resources("data", ATTACHMENT).values()
    targets = [json.dumps(each["Properties"]["TargetId"]) for each in attachments]
    assert len(targets) == 2
    assert all("Generation2Instance" in target for target in targets)
    (dimension,) = StageAlarms(full).metric_alarms["database-cpu"]["Dimensions"]
    assert dimension["Value"] == "spywatcher-production-g2"


def test_a_switch_takes_no_export_from_a_stack_that_still_reads_it(full: SynthesizedStage) -> None:
    exported = {
        json.dumps(each["Value"])
        for each in full.templates["data"]["Outputs"].values()
        if "Export" in each
    }
    for number in (1, 2, 3, 4):
        assert any(f"Generation{number}Instance" in value for value in exported)


def test_only_a_retiring_generation_can_be_removed(full: SynthesizedStage) -> None:
    found = instances(full)
    assert found["spywatcher-production"]["Properties"]["DeletionProtection"] is False
    assert found["spywatcher-production-g2"]["Properties"]["DeletionProtection"] is True
    assert found["spywatcher-production"]["DeletionPolicy"] == "Snapshot"
    assert found["spywatcher-production"]["Properties"]["DeleteAutomatedBackups"] is False


# Disaster Recovery, Backup Strategy


def test_the_log_of_the_last_minutes_is_restorable_as_automated_backups_are_on(
    stage: SynthesizedStage,
) -> None:
    """RPO under 5 minutes: RDS uploads the log every 5 minutes while the retention is not 0."""
    assert stage.only("data", INSTANCE)["BackupRetentionPeriod"] > 0


def test_production_refuses_deletion_and_leaves_a_final_snapshot(
    production: SynthesizedStage,
) -> None:
    (instance,) = production.resources("data", INSTANCE).values()
    assert instance["Properties"]["DeletionProtection"] is True
    assert instance["Properties"]["DeleteAutomatedBackups"] is False
    assert (instance["DeletionPolicy"], instance["UpdateReplacePolicy"]) == ("Snapshot", "Snapshot")


def test_staging_can_be_deleted_whole(staging: SynthesizedStage) -> None:
    (instance,) = staging.resources("data", INSTANCE).values()
    assert instance["Properties"]["DeletionProtection"] is False
    assert instance["Properties"]["DeleteAutomatedBackups"] is True
    assert instance["DeletionPolicy"] == "Delete"


def test_copies_in_a_second_region_are_optional(
    production: SynthesizedStage, full: SynthesizedStage
) -> None:
    names = ("Region", "KmsKeyId", "RetentionPeriod")
    found = production.only("data", INSTANCE)
    assert not [name for name in names if f"AutomaticBackupReplication{name}" in found]
    copied = instances(full)["spywatcher-production-g2"]["Properties"]
    assert [copied[f"AutomaticBackupReplication{name}"] for name in names] == [
        "us-west-2",
        SECOND_REGION_KEY,
        14,
    ]


def test_the_database_is_backed_up_by_the_designs_command(production: SynthesizedStage) -> None:
    """It names the instance: `--db-instance-identifier spywatcher-production`."""
    assert set(instances(production)) == {"spywatcher-production"}


# Data Security


def test_encryption_in_transit_is_tls_1_2_or_later(stage: SynthesizedStage) -> None:
    assert parameters(stage)["rds.force_ssl"] == "1"
    assert parameters(stage)["ssl_min_protocol_version"] == "TLSv1.2"
    assert stage.only("data", INSTANCE)["CACertificateIdentifier"] == "rds-ca-rsa2048-g1"


@pytest.mark.parametrize("name", ["admin", "application"])
def test_credentials_are_generated_and_stored_in_secrets_manager(
    stage: SynthesizedStage, name: str
) -> None:
    _, secret = database_secret(stage, name)
    assert secret["Name"] == f"{stage.settings.resource_name()}/database/{name}"
    assert "KeysSecrets" in json.dumps(secret["KmsKeyId"])
    generated = secret["GenerateSecretString"]
    assert (generated["GenerateStringKey"], generated["PasswordLength"]) == ("password", 32)
    assert set('/"@ ') <= set(generated["ExcludeCharacters"])


def test_the_applications_secret_names_its_user_and_the_administrators_secret(
    stage: SynthesizedStage,
) -> None:
    admin, secret = database_secret(stage, "admin")
    template = json.loads(as_text(secret["GenerateSecretString"]["SecretStringTemplate"]))
    assert template == {"username": "spywatcher_admin", "dbname": "spywatcher"}
    _, secret = database_secret(stage, "application")
    template = json.loads(as_text(secret["GenerateSecretString"]["SecretStringTemplate"]))
    assert template == {
        "username": "spywatcher",
        "dbname": "spywatcher",
        "masterarn": f"${{{admin}}}",
    }


def test_the_secrets_of_a_protected_stage_stay(production: SynthesizedStage) -> None:
    policies = {each["DeletionPolicy"] for each in production.resources("data", SECRET).values()}
    assert policies == {"RetainExceptOnCreate"}


def test_the_instance_gets_its_password_by_reference(stage: SynthesizedStage) -> None:
    admin, _ = database_secret(stage, "admin")
    password = as_text(stage.only("data", INSTANCE)["MasterUserPassword"])
    assert password == f"{{{{resolve:secretsmanager:${{{admin}}}:SecretString:password::}}}}"


def test_database_credentials_are_rotated_by_hosted_functions(stage: SynthesizedStage) -> None:
    kinds = {
        name: rotation(stage, name)["HostedRotationLambda"]["RotationType"]
        for name in ("admin", "application")
    }
    assert kinds == {"admin": "PostgreSQLSingleUser", "application": "PostgreSQLMultiUser"}
    assert stage.templates["data"]["Transform"] == ["AWS::SecretsManager-2024-09-16"]


def test_the_applications_user_alternates_so_that_no_password_is_wrong(
    stage: SynthesizedStage,
) -> None:
    """The function needs the administrator's secret to set the other user's password."""
    hosted = rotation(stage, "application")["HostedRotationLambda"]
    assert "Admin" in hosted["MasterSecretArn"]["Ref"]
    assert hosted["MasterSecretKmsKeyArn"] == hosted["KmsKeyArn"]


@pytest.mark.parametrize("name, hour", [("admin", 2), ("application", 3)])
def test_credentials_are_rotated_every_sunday_in_the_window_one_after_the_other(
    stage: SynthesizedStage, name: str, hour: int
) -> None:
    found = rotation(stage, name)
    assert found["RotationRules"] == {
        "ScheduleExpression": f"cron(0 {hour} ? * SUN *)",
        "Duration": "1h",
    }


@pytest.mark.parametrize("name", ["admin", "application"])
def test_nothing_is_rotated_before_the_application_has_its_user(
    stage: SynthesizedStage, name: str
) -> None:
    assert rotation(stage, name)["RotateImmediatelyOnUpdate"] is False


@pytest.mark.parametrize("name", ["admin", "application"])
def test_a_rotated_password_leaves_out_what_the_first_one_does(
    stage: SynthesizedStage, name: str
) -> None:
    _, secret = database_secret(stage, name)
    hosted = rotation(stage, name)["HostedRotationLambda"]
    assert hosted["ExcludeCharacters"] == secret["GenerateSecretString"]["ExcludeCharacters"]


@pytest.mark.parametrize("name", ["admin", "application"])
def test_the_rotation_reaches_the_database_from_the_private_subnets(
    stage: SynthesizedStage, name: str
) -> None:
    hosted = rotation(stage, name)["HostedRotationLambda"]
    assert len(re.findall(r"privateSubnet\dSubnet", as_text(hosted["VpcSubnetIds"]))) == 3
    assert "RotationGroup" in as_text(hosted["VpcSecurityGroupIds"])


def test_the_functions_names_are_unique_and_short_enough_for_the_longest_stage(
    stage: SynthesizedStage,
) -> None:
    names = [
        each["Properties"]["HostedRotationLambda"]["RotationLambdaName"]
        for each in stage.resources("data", ROTATION).values()
        if "HostedRotationLambda" in each["Properties"]
    ]
    assert len(set(names)) == 2
    longest = 16 - len(stage.settings.stage)
    assert max(map(len, names)) + longest <= 64


# Maintenance, and what the sections leave open


def test_maintenance_is_on_sundays_02_00_to_04_00_utc(stage: SynthesizedStage) -> None:
    assert stage.only("data", INSTANCE)["PreferredMaintenanceWindow"] == "sun:02:00-sun:04:00"


def test_slow_queries_connections_and_waits_are_logged_but_no_statement_with_a_password(
    stage: SynthesizedStage,
) -> None:
    found = parameters(stage)
    assert found["log_min_duration_statement"] == "1000"
    for name in ("log_connections", "log_disconnections", "log_lock_waits"):
        assert found[name] == "1"
    assert "log_statement" not in found
    assert found["password_encryption"] == "scram-sha-256"  # noqa: S105  a method


def test_logs_are_exported_to_groups_that_expire_and_are_encrypted(stage: SynthesizedStage) -> None:
    (instance,) = stage.resources("data", INSTANCE).values()
    assert instance["Properties"]["EnableCloudwatchLogsExports"] == ["postgresql", "upgrade"]
    groups = {
        each["Properties"].get("LogGroupName"): (key, each["Properties"])
        for key, each in stage.resources("data", "AWS::Logs::LogGroup").items()
    }
    for log in ("postgresql", "upgrade"):
        key, group = groups[f"/aws/rds/instance/{stage.settings.resource_name()}/{log}"]
        assert group["RetentionInDays"] == 30
        assert "KeysLogs" in json.dumps(group["KmsKeyId"])
        assert key in instance["DependsOn"], "RDS would make it first"


def test_insights_are_kept_for_the_seven_days_that_cost_nothing(stage: SynthesizedStage) -> None:
    instance = stage.only("data", INSTANCE)
    assert instance["EnablePerformanceInsights"] is True
    assert instance["PerformanceInsightsRetentionPeriod"] == 7
    assert instance["DatabaseInsightsMode"] == "standard"


def test_the_operating_system_is_measured_every_minute(stage: SynthesizedStage) -> None:
    instance = stage.only("data", INSTANCE)
    assert instance["MonitoringInterval"] == 60
    role = instance["MonitoringRoleArn"]["Fn::GetAtt"][0]
    document = stage.resources("data", "AWS::IAM::Role")[role]["Properties"]
    (statement,) = document["AssumeRolePolicyDocument"]["Statement"]
    assert statement["Principal"] == {"Service": "monitoring.rds.amazonaws.com"}
    assert statement["Condition"] == {"StringEquals": {"aws:SourceAccount": ACCOUNT}}


def test_measurements_can_be_left_out(staging: SynthesizedStage) -> None:
    bare = changed(staging.settings, enhanced_monitoring_seconds=0, performance_insights=False)
    instance = synthesize(bare).only("data", INSTANCE)
    assert instance.get("MonitoringInterval", 0) == 0
    assert "MonitoringRoleArn" not in instance
    assert instance["EnablePerformanceInsights"] is False
    assert "PerformanceInsightsKMSKeyId" not in instance


def test_a_person_can_be_given_a_login_of_fifteen_minutes(stage: SynthesizedStage) -> None:
    assert stage.only("data", INSTANCE)["EnableIAMDatabaseAuthentication"] is True


def test_the_endpoint_is_shown_after_a_deployment(stage: SynthesizedStage) -> None:
    outputs = stage.templates["data"]["Outputs"].values()
    assert "PostgreSQL" in [each.get("Description") for each in outputs]


def test_a_recovery_is_not_stopped_by_a_security_finding() -> None:
    """The checks run at every synthesis; a restored instance shows them no key of its own."""
    context = json.loads((ROOT / "cdk.json").read_text())["context"]
    app = cdk.App(context=context, analytics_reporting=False)
    environment = cdk.Environment(account=ACCOUNT, region="us-east-1")
    made = SpyWatcherStage(app, settings=full_settings(), environment=environment)
    cdk.Validations.of(made).add_plugins(AwsSolutionsChecks())
    try:
        app.synth()
    except RuntimeError as error:  # of other stacks, which tests/gates shows
        print(error)
    report = json.loads((Path(app.outdir) / "validation-report.json").read_text())
    found = [
        (violation["ruleName"], construct["constructPath"])
        for plugin in report["pluginReports"]
        for violation in plugin["violations"]
        for construct in violation["violatingConstructs"]
        if "/data/Database" in construct.get("constructPath", "")
    ]
    assert found == []
