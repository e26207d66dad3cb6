"""Read replicas, restored instances and copied backups, all of which are optional."""

import json

import pytest

from settings.database import GenerationSettings
from tests.simulators.alarm_simulator import StageAlarms
from tests.stacks.data.resources import DB_INSTANCE, TARGET_ATTACHMENT, find_instances
from tests.stacks.data.variants import (
    SECOND_REGION_KEY,
    SOURCE_RESOURCE_ID,
    recovered_production,
    synthesize_with,
)
from tests.synthesis import SynthesizedStage, Template, synthesize

FIRST = GenerationSettings(number=1)
SECOND = GenerationSettings(
    number=2, restore_to_time="latest", restore_source_resource_id=SOURCE_RESOURCE_ID
)


@pytest.fixture(scope="module")
def recovered() -> SynthesizedStage:
    return synthesize(recovered_production())


# Database Layer


def test_read_replicas_are_optional(stage: SynthesizedStage) -> None:
    assert stage.settings.database.read_replicas == 0
    assert len(find_instances(stage)) == 1


def test_each_read_replica_has_its_own_name_endpoint_and_logs(recovered: SynthesizedStage) -> None:
    names = {name for name in find_instances(recovered) if "replica" in name}
    assert names == {
        "spywatcher-production-g2-replica-1",
        "spywatcher-production-g2-replica-2",
    }
    endpoints = {
        json.dumps(output["Value"])
        for output in recovered.templates["data"]["Outputs"].values()
        if "read replica" in output.get("Description", "")
    }
    assert len(endpoints) == 2
    log_groups = {
        resource["Properties"].get("LogGroupName")
        for resource in recovered.resources("data", "AWS::Logs::LogGroup").values()
    }
    assert {f"/aws/rds/instance/{name}/postgresql" for name in names} <= log_groups


def test_a_read_replica_has_the_data_and_the_parameters_of_the_active_generation(
    recovered: SynthesizedStage,
) -> None:
    instances = find_instances(recovered)
    replica = instances["spywatcher-production-g2-replica-1"]["Properties"]
    source = instances["spywatcher-production-g2"]["Properties"]
    assert "Generation2Instance" in json.dumps(replica["SourceDBInstanceIdentifier"])
    for name in ("DBParameterGroupName", "VPCSecurityGroups", "CACertificateIdentifier"):
        assert replica[name] == source[name]
    assert replica["DeletionProtection"] is False
    assert "KmsKeyId" not in replica


def test_point_in_time_recovery_creates_a_second_instance(recovered: SynthesizedStage) -> None:
    instances = find_instances(recovered)
    restored = instances["spywatcher-production-g2"]["Properties"]
    assert restored["SourceDbiResourceId"] == SOURCE_RESOURCE_ID
    assert restored["RestoreTime"] == "2026-11-20T07:30:00Z"
    latest = instances["spywatcher-production-g4"]["Properties"]
    assert latest["UseLatestRestorableTime"] is True
    assert "RestoreTime" not in latest
    # With this property, CloudFormation would create a read replica.
    assert "SourceDBInstanceIdentifier" not in restored.keys() | latest.keys()


def test_a_snapshot_is_restored_into_a_second_instance(recovered: SynthesizedStage) -> None:
    restored = find_instances(recovered)["spywatcher-production-g3"]["Properties"]
    assert restored["DBSnapshotIdentifier"] == "before-the-upgrade"
    assert "SourceDbiResourceId" not in restored


@pytest.mark.parametrize("number", [2, 3, 4])
def test_a_restored_instance_omits_only_the_properties_of_its_backup(
    recovered: SynthesizedStage, number: int
) -> None:
    """CloudFormation refuses them for a restored instance."""
    instances = find_instances(recovered)
    restored = instances[f"spywatcher-production-g{number}"]["Properties"]
    from_backup = {
        *("DBName", "MasterUsername", "MasterUserPassword"),
        *("KmsKeyId", "StorageEncrypted", "AllocatedStorage"),
    }
    # Only generation 2 has admin_password_from_secret.
    password = {"MasterUserPassword"} if number == 2 else set()
    assert from_backup & restored.keys() == password
    empty = instances["spywatcher-production"]["Properties"]
    own = {
        *("DBInstanceIdentifier", "DBParameterGroupName", "DBSubnetGroupName"),
        *("DeletionProtection", "MonitoringRoleArn"),
    }
    for name in empty.keys() - from_backup - own:
        assert restored[name] == empty[name], name


def changed_types(before: Template, after: Template) -> list[str]:
    """Return the types of the resources that both templates have and that differ."""
    old, new = before["Resources"], after["Resources"]
    common = old.keys() & new.keys()
    return sorted(new[name]["Type"] for name in common if new[name] != old[name])


def test_a_recovery_changes_no_resource_but_the_policy_of_administrators(
    production: SynthesizedStage,
) -> None:
    restoring = synthesize_with(production, database={"generations": (FIRST, SECOND)})
    before, after = production.templates["data"], restoring.templates["data"]
    assert before["Resources"].keys() < after["Resources"].keys()
    assert changed_types(before, after) == ["AWS::IAM::ManagedPolicy"]
    assert len(find_instances(restoring)) == len(find_instances(production)) + 1


def test_a_switch_of_generations_changes_the_secrets_and_the_restored_password(
    production: SynthesizedStage,
) -> None:
    restoring = synthesize_with(production, database={"generations": (FIRST, SECOND)})
    with_password = SECOND.model_copy(update={"admin_password_from_secret": True})
    switched = synthesize_with(
        restoring, database={"active_generation": 2, "generations": (FIRST, with_password)}
    )
    before, after = restoring.templates["data"], switched.templates["data"]
    assert before["Resources"].keys() == after["Resources"].keys()
    assert changed_types(before, after) == [DB_INSTANCE, TARGET_ATTACHMENT, TARGET_ATTACHMENT]
    old, new = find_instances(restoring), find_instances(switched)
    assert [name for name in new if new[name] != old[name]] == ["spywatcher-production-g2"]


def test_the_application_uses_the_active_generation(recovered: SynthesizedStage) -> None:
    attachments = recovered.resources("data", TARGET_ATTACHMENT).values()
    targets = [json.dumps(attachment["Properties"]["TargetId"]) for attachment in attachments]
    assert len(targets) == 2
    assert all("Generation2Instance" in target for target in targets)
    (dimension,) = StageAlarms(recovered).metric_alarms["database-cpu"]["Dimensions"]
    assert dimension["Value"] == "spywatcher-production-g2"


def test_every_generation_is_exported_for_stacks_that_still_import_it(
    recovered: SynthesizedStage,
) -> None:
    exported = {
        json.dumps(output["Value"])
        for output in recovered.templates["data"]["Outputs"].values()
        if "Export" in output
    }
    for number in (1, 2, 3, 4):
        assert any(f"Generation{number}Instance" in value for value in exported)


def test_only_a_retiring_generation_can_be_deleted(recovered: SynthesizedStage) -> None:
    instances = find_instances(recovered)
    retiring, active = instances["spywatcher-production"], instances["spywatcher-production-g2"]
    assert retiring["Properties"]["DeletionProtection"] is False
    assert active["Properties"]["DeletionProtection"] is True
    assert retiring["DeletionPolicy"] == "Snapshot"
    assert retiring["Properties"]["DeleteAutomatedBackups"] is False


# Backup Strategy


def test_copies_of_the_backups_in_a_second_region_are_optional(
    production: SynthesizedStage, recovered: SynthesizedStage
) -> None:
    names = ("Region", "KmsKeyId", "RetentionPeriod")
    instance = production.only("data", DB_INSTANCE)
    assert not [name for name in names if f"AutomaticBackupReplication{name}" in instance]
    copied = find_instances(recovered)["spywatcher-production-g2"]["Properties"]
    assert [copied[f"AutomaticBackupReplication{name}"] for name in names] == [
        "us-west-2",
        SECOND_REGION_KEY,
        14,
    ]
