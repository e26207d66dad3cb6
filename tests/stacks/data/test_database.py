"""PostgreSQL, as INFRASTRUCTURE.md and application.md describe it."""

import json

from tests.stacks.data.resources import DB_INSTANCE, find_instances
from tests.stacks.data.variants import synthesize_with
from tests.synthesis import ACCOUNT, SynthesizedStage

PARAMETER_GROUP = "AWS::RDS::DBParameterGroup"


def parameters(stage: SynthesizedStage) -> dict[str, str]:
    values: dict[str, str] = stage.only("data", PARAMETER_GROUP)["Parameters"]
    return values


# Data Storage


def test_rds_postgresql_15_gets_minor_versions_in_the_window_and_no_major_ones(
    stage: SynthesizedStage,
) -> None:
    instance = stage.only("data", DB_INSTANCE)
    assert (instance["Engine"], instance["EngineVersion"]) == ("postgres", "15")
    assert instance["AutoMinorVersionUpgrade"] is True
    assert instance["AllowMajorVersionUpgrade"] is False


def test_rds_upgrades_no_major_version_when_its_standard_support_ends(
    stage: SynthesizedStage,
) -> None:
    """Read replicas do not have the property (CreateDBInstanceReadReplica)."""
    replicated = synthesize_with(stage, database={"read_replicas": 1})
    lifecycles = {
        "SourceDBInstanceIdentifier" in instance["Properties"]: instance["Properties"].get(
            "EngineLifecycleSupport"
        )
        for instance in find_instances(replicated).values()
    }
    assert lifecycles == {False: "open-source-rds-extended-support", True: None}


def test_the_parameter_group_family_matches_the_engine_version(stage: SynthesizedStage) -> None:
    assert stage.only("data", PARAMETER_GROUP)["Family"] == "postgres15"


def test_the_parameter_group_family_of_a_pinned_version_is_its_major_version(
    staging: SynthesizedStage,
) -> None:
    pinned = synthesize_with(
        staging, database={"engine_version": "15.17", "auto_minor_version_upgrade": False}
    )
    assert pinned.only("data", DB_INSTANCE)["EngineVersion"] == "15.17"
    assert pinned.only("data", DB_INSTANCE)["AutoMinorVersionUpgrade"] is False
    assert pinned.only("data", PARAMETER_GROUP)["Family"] == "postgres15"


def test_multi_az_for_high_availability(production: SynthesizedStage) -> None:
    assert production.only("data", DB_INSTANCE)["MultiAZ"] is True


def test_the_standby_has_subnets_in_every_zone(stage: SynthesizedStage) -> None:
    subnets = stage.only("data", "AWS::RDS::DBSubnetGroup")["SubnetIds"]
    assert len(subnets) == 3
    assert all("databaseSubnet" in json.dumps(subnet) for subnet in subnets)
    assert stage.only("data", DB_INSTANCE)["PubliclyAccessible"] is False


def test_automated_backups_are_retained_for_seven_days(stage: SynthesizedStage) -> None:
    instance = stage.only("data", DB_INSTANCE)
    assert instance["BackupRetentionPeriod"] == 7
    assert instance["PreferredBackupWindow"] == "00:30-01:30"
    assert instance["CopyTagsToSnapshot"] is True


def test_encryption_at_rest_with_the_key_of_the_stage(stage: SynthesizedStage) -> None:
    instance = stage.only("data", DB_INSTANCE)
    assert instance["StorageEncrypted"] is True
    assert "KeysDatabase" in json.dumps(instance["KmsKeyId"])
    assert instance["PerformanceInsightsKMSKeyId"] == instance["KmsKeyId"]


def test_storage_is_gp3_and_grows_to_its_limit(
    production: SynthesizedStage, staging: SynthesizedStage
) -> None:
    instance = production.only("data", DB_INSTANCE)
    assert (instance["StorageType"], instance["AllocatedStorage"]) == ("gp3", "100")
    assert instance["MaxAllocatedStorage"] == 500
    assert staging.only("data", DB_INSTANCE)["AllocatedStorage"] == "50"


# Disaster Recovery, Backup Strategy


def test_automated_backups_lose_less_than_five_minutes(stage: SynthesizedStage) -> None:
    """RDS uploads the transaction logs every five minutes, unless the retention is 0."""
    assert stage.only("data", DB_INSTANCE)["BackupRetentionPeriod"] > 0


def test_production_refuses_deletion_and_keeps_a_final_snapshot(
    production: SynthesizedStage,
) -> None:
    (instance,) = production.resources("data", DB_INSTANCE).values()
    assert instance["Properties"]["DeletionProtection"] is True
    assert instance["Properties"]["DeleteAutomatedBackups"] is False
    assert (instance["DeletionPolicy"], instance["UpdateReplacePolicy"]) == ("Snapshot", "Snapshot")


def test_staging_can_be_deleted_completely(staging: SynthesizedStage) -> None:
    (instance,) = staging.resources("data", DB_INSTANCE).values()
    assert instance["Properties"]["DeletionProtection"] is False
    assert instance["Properties"]["DeleteAutomatedBackups"] is True
    assert instance["DeletionPolicy"] == "Delete"


def test_the_backup_command_of_the_design_names_the_instance(production: SynthesizedStage) -> None:
    """The command is `... create-db-snapshot --db-instance-identifier spywatcher-production`."""
    assert set(find_instances(production)) == {"spywatcher-production"}


# Data Security


def test_encryption_in_transit_is_tls_1_2_or_later(stage: SynthesizedStage) -> None:
    assert parameters(stage)["rds.force_ssl"] == "1"
    assert parameters(stage)["ssl_min_protocol_version"] == "TLSv1.2"
    assert stage.only("data", DB_INSTANCE)["CACertificateIdentifier"] == "rds-ca-rsa2048-g1"


def test_iam_authentication_is_available_for_people(stage: SynthesizedStage) -> None:
    assert stage.only("data", DB_INSTANCE)["EnableIAMDatabaseAuthentication"] is True


# Maintenance Windows, Monitoring Strategy


def test_maintenance_is_on_sundays_02_00_to_04_00_utc(stage: SynthesizedStage) -> None:
    assert stage.only("data", DB_INSTANCE)["PreferredMaintenanceWindow"] == "sun:02:00-sun:04:00"


def test_slow_queries_connections_and_lock_waits_are_logged_but_no_passwords(
    stage: SynthesizedStage,
) -> None:
    values = parameters(stage)
    assert values["log_min_duration_statement"] == "1000"
    for name in ("log_connections", "log_disconnections", "log_lock_waits"):
        assert values[name] == "1"
    assert "log_statement" not in values
    assert values["password_encryption"] == "scram-sha-256"  # noqa: S105  a method


def test_logs_are_exported_to_encrypted_log_groups_that_expire(stage: SynthesizedStage) -> None:
    (instance,) = stage.resources("data", DB_INSTANCE).values()
    assert instance["Properties"]["EnableCloudwatchLogsExports"] == ["postgresql", "upgrade"]
    log_groups = {
        resource["Properties"].get("LogGroupName"): (logical_id, resource["Properties"])
        for logical_id, resource in stage.resources("data", "AWS::Logs::LogGroup").items()
    }
    for log in ("postgresql", "upgrade"):
        name = f"/aws/rds/instance/{stage.settings.resource_name()}/{log}"
        logical_id, log_group = log_groups[name]
        assert log_group["RetentionInDays"] == 30
        assert "KeysLogs" in json.dumps(log_group["KmsKeyId"])
        assert logical_id in instance["DependsOn"], "RDS would create it first"


def test_database_insights_are_kept_for_the_seven_days_that_are_free(
    stage: SynthesizedStage,
) -> None:
    instance = stage.only("data", DB_INSTANCE)
    assert instance["EnablePerformanceInsights"] is True
    assert instance["PerformanceInsightsRetentionPeriod"] == 7
    assert instance["DatabaseInsightsMode"] == "standard"


def test_operating_system_metrics_are_recorded_every_minute(stage: SynthesizedStage) -> None:
    instance = stage.only("data", DB_INSTANCE)
    assert instance["MonitoringInterval"] == 60
    role_id = instance["MonitoringRoleArn"]["Fn::GetAtt"][0]
    role = stage.resources("data", "AWS::IAM::Role")[role_id]["Properties"]
    (statement,) = role["AssumeRolePolicyDocument"]["Statement"]
    assert statement["Principal"] == {"Service": "monitoring.rds.amazonaws.com"}
    assert statement["Condition"] == {"StringEquals": {"aws:SourceAccount": ACCOUNT}}


def test_insights_and_operating_system_metrics_are_optional(staging: SynthesizedStage) -> None:
    without = synthesize_with(
        staging, database={"enhanced_monitoring_seconds": 0, "performance_insights": False}
    )
    instance = without.only("data", DB_INSTANCE)
    assert instance.get("MonitoringInterval", 0) == 0
    assert "MonitoringRoleArn" not in instance
    assert instance["EnablePerformanceInsights"] is False
    assert "PerformanceInsightsKMSKeyId" not in instance


def test_the_endpoint_is_an_output_of_the_stack(stage: SynthesizedStage) -> None:
    outputs = stage.templates["data"]["Outputs"].values()
    assert "PostgreSQL" in [output.get("Description") for output in outputs]
