"""Redis, as INFRASTRUCTURE.md and application.md describe it."""

import re

from tests.stacks.data.resources import REPLICATION_GROUP, ROTATION_SCHEDULE, find_secret
from tests.stacks.data.variants import synthesize_with
from tests.synthesis import SynthesizedStage
from tools.templates.text import as_text

PARAMETER_GROUP = "AWS::ElastiCache::ParameterGroup"

# Data Storage


def test_elasticache_redis_7_0(stage: SynthesizedStage) -> None:
    group = stage.only("data", REPLICATION_GROUP)
    assert (group["Engine"], group["EngineVersion"]) == ("redis", "7.0")


def test_only_a_changed_setting_upgrades_the_minor_version_of_redis(
    stage: SynthesizedStage,
) -> None:
    """The template pins the minor version, and ElastiCache does not lower a version again."""
    group = stage.only("data", REPLICATION_GROUP)
    assert "." in group["EngineVersion"]
    assert group["AutoMinorVersionUpgrade"] is False


def test_the_parameter_group_family_matches_the_engine_version(stage: SynthesizedStage) -> None:
    parameters = stage.only("data", PARAMETER_GROUP)
    assert parameters["CacheParameterGroupFamily"] == "redis7"
    group = stage.only("data", REPLICATION_GROUP)
    (logical_id,) = stage.resources("data", PARAMETER_GROUP)
    assert group["CacheParameterGroupName"] == {"Ref": logical_id}


def test_redis_evicts_the_least_recently_used_keys_and_closes_idle_connections(
    stage: SynthesizedStage,
) -> None:
    parameters = stage.only("data", PARAMETER_GROUP)
    assert parameters["Properties"] == {"maxmemory-policy": "allkeys-lru", "timeout": "300"}


def test_authentication_token(stage: SynthesizedStage) -> None:
    logical_id, secret = find_secret(stage, "cache/token")
    reference = stage.only("data", REPLICATION_GROUP)["AuthToken"]
    assert as_text(reference) == f"{{{{resolve:secretsmanager:${{{logical_id}}}:SecretString:::}}}}"
    generator = secret["Properties"]["GenerateSecretString"]
    assert generator == {"ExcludePunctuation": True, "PasswordLength": 64}


def test_encryption_in_transit(stage: SynthesizedStage) -> None:
    group = stage.only("data", REPLICATION_GROUP)
    assert group["TransitEncryptionEnabled"] is True
    assert group["TransitEncryptionMode"] == "required"


def test_encryption_at_rest_with_the_key_of_the_stage(stage: SynthesizedStage) -> None:
    group = stage.only("data", REPLICATION_GROUP)
    assert group["AtRestEncryptionEnabled"] is True
    assert re.search("KeysCache", as_text(group["KmsKeyId"]))


def test_automatic_failover_between_zones_in_production(production: SynthesizedStage) -> None:
    group = production.only("data", REPLICATION_GROUP)
    assert group["NumCacheClusters"] == 2
    assert group["AutomaticFailoverEnabled"] is True
    assert group["MultiAZEnabled"] is True


def test_one_node_without_failover_in_staging(staging: SynthesizedStage) -> None:
    group = staging.only("data", REPLICATION_GROUP)
    assert group["NumCacheClusters"] == 1
    assert group["AutomaticFailoverEnabled"] is False
    assert group["MultiAZEnabled"] is False


def test_a_replica_enables_failover_in_any_stage(staging: SynthesizedStage) -> None:
    group = synthesize_with(staging, cache={"nodes": 2}).only("data", REPLICATION_GROUP)
    assert group["AutomaticFailoverEnabled"] is True
    assert group["MultiAZEnabled"] is True


def test_a_replica_without_failover_on_the_way_between_one_node_and_two(
    staging: SynthesizedStage,
) -> None:
    """The number of nodes may be "between 2 and 6" without it (CreateReplicationGroup)."""
    cache = {"nodes": 2, "automatic_failover": False}
    (resource,) = (
        synthesize_with(staging, cache=cache).resources("data", REPLICATION_GROUP).values()
    )
    group = resource["Properties"]
    assert group["NumCacheClusters"] == 2
    assert group["AutomaticFailoverEnabled"] is False
    assert group["MultiAZEnabled"] is False
    assert "E3026" in resource["Metadata"]["cfn-lint"]["config"]["ignore_checks"]


def test_the_nodes_have_the_database_subnets_and_their_own_security_group(
    stage: SynthesizedStage,
) -> None:
    subnets = stage.only("data", "AWS::ElastiCache::SubnetGroup")["SubnetIds"]
    assert len(subnets) == 3
    assert all("databaseSubnet" in as_text(subnet) for subnet in subnets)
    (security_group,) = stage.only("data", REPLICATION_GROUP)["SecurityGroupIds"]
    assert "CacheGroup" in as_text(security_group)


def test_the_slow_log_and_the_engine_log_are_encrypted_and_kept_for_a_month(
    stage: SynthesizedStage,
) -> None:
    deliveries = stage.only("data", REPLICATION_GROUP)["LogDeliveryConfigurations"]
    log_groups = stage.resources("data", "AWS::Logs::LogGroup")
    destinations = {
        delivery["LogType"]: log_groups[
            delivery["DestinationDetails"]["CloudWatchLogsDetails"]["LogGroup"]["Ref"]
        ]["Properties"]
        for delivery in deliveries
    }
    assert set(destinations) == {"slow-log", "engine-log"}
    for log_group in destinations.values():
        assert log_group["RetentionInDays"] == 30
        assert "KeysLogs" in as_text(log_group["KmsKeyId"])


# Backup Strategy, Maintenance Windows


def test_snapshots_are_kept_for_five_days(stage: SynthesizedStage) -> None:
    assert stage.only("data", REPLICATION_GROUP)["SnapshotRetentionLimit"] == 5


def test_maintenance_is_on_sundays_and_snapshots_are_taken_outside(stage: SynthesizedStage) -> None:
    group = stage.only("data", REPLICATION_GROUP)
    assert group["PreferredMaintenanceWindow"] == "sun:02:00-sun:04:00"
    assert group["SnapshotWindow"] == "00:30-01:30"


def test_a_protected_stage_retains_redis_and_its_token(production: SynthesizedStage) -> None:
    (group,) = production.resources("data", REPLICATION_GROUP).values()
    _, token = find_secret(production, "cache/token")
    for resource in (group, token):
        assert resource["DeletionPolicy"] == "RetainExceptOnCreate"
        assert resource["UpdateReplacePolicy"] == "Retain"


def test_the_rotation_of_the_token_waits_for_the_replication_group(
    stage: SynthesizedStage,
) -> None:
    """Secrets Manager runs the step testSecret when the schedule is created (RotateSecret)."""
    (group,) = stage.resources("data", REPLICATION_GROUP)
    token_id, _ = find_secret(stage, "cache/token")
    (schedule,) = (
        schedule
        for schedule in stage.resources("data", ROTATION_SCHEDULE).values()
        if schedule["Properties"]["SecretId"] == {"Ref": token_id}
    )
    assert group in schedule["DependsOn"]
