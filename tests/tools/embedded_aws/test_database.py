"""Updates and deletions of the data stack: none of them loses data of PostgreSQL.

The tests deploy the resources of the database from the template of the data stack.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from typing import Any

import pytest

from settings import StageSettings, load_stage
from tests.synthesis import Template, synthesize
from tests.tools.embedded_aws.conftest import Stack

INSTANCE = "AWS::RDS::DBInstance"
RESTORED = {"restore_to_time": "latest", "restore_source_resource_id": "db-ABCDEFGHIJKLMNOPQRST"}
VALUE = json.dumps({"username": "spywatcher", "password": "written by the rotation"})
ADMIN_SECRET, APPLICATION_SECRET = "database/admin", "database/application"


class DataStack:
    """The data stack of a stage, with the resources of the database only."""

    def __init__(self, settings: StageSettings, aws: Callable[[str], Any]) -> None:
        self.name = settings.resource_name()
        self.stack = Stack(settings.resource_name("data"), aws("cloudformation"))
        self._rds, self._secrets, self._logs = aws("rds"), aws("secretsmanager"), aws("logs")
        self._network = Network(aws("ec2"))
        self.template = self._network.resolve(synthesize(settings).templates["data"])

    def deploy(self, settings: StageSettings | None = None, **more: dict[str, Any]) -> str:
        """Deploy the template of the settings, or the last one; add the resources in `more`."""
        if settings is not None:
            self.template = self._network.resolve(synthesize(settings).templates["data"])
        resources = self.template["Resources"] | more
        return self.stack.deploy_template(self.template | {"Resources": resources})

    def instances(self) -> dict[str, dict[str, Any]]:
        found = self._rds.describe_db_instances()["DBInstances"]
        instances = {instance["DBInstanceIdentifier"]: instance for instance in found}
        return {name: value for name, value in instances.items() if name.startswith(self.name)}

    def snapshots(self) -> list[str]:
        """Return the instance of each snapshot."""
        found = self._rds.describe_db_snapshots()["DBSnapshots"]
        names = [snapshot["DBInstanceIdentifier"] for snapshot in found]
        return [name for name in names if name.startswith(self.name)]

    def secret(self, name: str) -> dict[str, Any]:
        found = self._secrets.get_secret_value(SecretId=f"{self.name}/{name}")
        value: dict[str, Any] = json.loads(found["SecretString"])
        return value

    def write_secret(self, name: str, value: str) -> None:
        self._secrets.put_secret_value(SecretId=f"{self.name}/{name}", SecretString=value)

    def secrets(self) -> set[str]:
        found = self._secrets.list_secrets()["SecretList"]
        names = {secret["Name"] for secret in found}
        return {name for name in names if name.startswith(f"{self.name}/")}

    def log_groups(self) -> set[str]:
        prefix = f"/aws/rds/instance/{self.name}"
        found = self._logs.describe_log_groups(logGroupNamePrefix=prefix)["logGroups"]
        return {group["logGroupName"] for group in found}

    def remove(self) -> None:
        """Delete the stack and what a protected stage retains."""
        for name in self.instances():
            self._rds.modify_db_instance(DBInstanceIdentifier=name, DeletionProtection=False)
        self.stack.delete()
        for snapshot in self._rds.describe_db_snapshots()["DBSnapshots"]:
            self._rds.delete_db_snapshot(DBSnapshotIdentifier=snapshot["DBSnapshotIdentifier"])
        for name in self.secrets():
            self._secrets.delete_secret(SecretId=name, ForceDeleteWithoutRecovery=True)
        for name in self.log_groups():
            self._logs.delete_log_group(logGroupName=name)


class Network:
    """What the data stack imports from other stacks: subnets, security groups, keys."""

    def __init__(self, ec2: Any) -> None:
        vpc = ec2.create_vpc(CidrBlock="10.9.0.0/16")["Vpc"]["VpcId"]
        self._subnets = [
            ec2.create_subnet(
                VpcId=vpc, CidrBlock=f"10.9.{index}.0/24", AvailabilityZone=f"us-east-1{zone}"
            )["Subnet"]["SubnetId"]
            for index, zone in enumerate("abc")
        ]
        group = ec2.create_security_group(VpcId=vpc, GroupName="database", Description="test")
        self._group = group["GroupId"]

    def resolve(self, template: Template) -> Template:
        """Return the resources and outputs of the database, without imports."""
        return {
            section: {
                key: self._filled(value)
                for key, value in template[section].items()
                if "Database" in key
            }
            for section in ("Resources", "Outputs")
        }

    def _filled(self, value: Any) -> Any:
        if isinstance(value, list):
            return [self._filled(item) for item in value]
        if not isinstance(value, dict):
            return value
        if set(value) == {"Fn::ImportValue"}:
            return self._imported(str(value["Fn::ImportValue"]))
        return {key: self._filled(item) for key, item in value.items()}

    def _imported(self, name: str) -> str:
        for number, subnet in enumerate(self._subnets, start=1):
            if f"Subnet{number}Subnet" in name:
                return str(subnet)
        if "Group" in name:
            return str(self._group)
        return "arn:aws:kms:us-east-1:000000000000:key/12345678-1234-1234-1234-123456789012"


def changed(settings: StageSettings, **database: Any) -> StageSettings:
    merged = settings.database.model_dump() | database
    return StageSettings.model_validate(settings.model_dump() | {"database": merged})


@pytest.fixture(params=["production", "staging"])
def data_stack(request: pytest.FixtureRequest, aws: Callable[[str], Any]) -> Iterator[DataStack]:
    yield from deployed(load_stage(request.param), aws)


@pytest.fixture
def production(aws: Callable[[str], Any]) -> Iterator[DataStack]:
    yield from deployed(load_stage("production"), aws)


@pytest.fixture
def staging(aws: Callable[[str], Any]) -> Iterator[DataStack]:
    yield from deployed(load_stage("staging"), aws)


def deployed(settings: StageSettings, aws: Callable[[str], Any]) -> Iterator[DataStack]:
    data = DataStack(settings, aws)
    try:
        assert data.deploy() == "CREATE_COMPLETE", data.stack.failures()
        yield data
    finally:
        data.remove()


def test_the_secrets_contain_the_endpoint_of_the_database(data_stack: DataStack) -> None:
    (instance,) = data_stack.instances().values()
    for name, user in ((ADMIN_SECRET, "spywatcher_admin"), (APPLICATION_SECRET, "spywatcher")):
        secret = data_stack.secret(name)
        assert (secret["username"], secret["dbname"]) == (user, "spywatcher")
        assert secret["host"] == instance["Endpoint"]["Address"]
        assert (secret["port"], secret["engine"]) == (5432, "postgres")


def test_another_instance_class_is_an_update_in_place(data_stack: DataStack) -> None:
    (before,) = data_stack.instances().values()
    data_stack.write_secret(APPLICATION_SECRET, VALUE)
    settings = load_stage(data_stack.name.removeprefix("spywatcher-"))

    assert data_stack.deploy(changed(settings, instance_class="db.t3.xlarge")) == "UPDATE_COMPLETE"

    (after,) = data_stack.instances().values()
    assert after["DBInstanceClass"] == "db.t3.xlarge"
    assert after["DbiResourceId"] == before["DbiResourceId"]
    assert after["Endpoint"] == before["Endpoint"]
    assert data_stack.secret(APPLICATION_SECRET) == json.loads(VALUE)


def test_a_failed_update_is_rolled_back_without_loss_of_data(data_stack: DataStack) -> None:
    (before,) = data_stack.instances().values()
    data_stack.write_secret(APPLICATION_SECRET, VALUE)
    settings = load_stage(data_stack.name.removeprefix("spywatcher-"))
    (logical_id,) = (
        k for k, v in data_stack.template["Resources"].items() if v["Type"] == INSTANCE
    )
    failing = {"Type": "AWS::EC2::FlowLog", "Properties": {"Wrong": "x"}, "DependsOn": logical_id}

    status = data_stack.deploy(changed(settings, instance_class="db.t3.xlarge"), Failing=failing)

    assert status == "UPDATE_ROLLBACK_COMPLETE"
    (after,) = data_stack.instances().values()
    assert after["DBInstanceClass"] == before["DBInstanceClass"]
    assert after["DbiResourceId"] == before["DbiResourceId"]
    assert data_stack.snapshots() == []
    assert data_stack.secret(APPLICATION_SECRET) == json.loads(VALUE)


def test_a_recovery_step_by_step(production: DataStack) -> None:
    """The steps of docs/runbooks/restore-database.md. The emulator restores no data."""
    settings = load_stage("production")
    (first,) = production.instances().values()
    both: list[dict[str, Any]] = [{"number": 1}, {"number": 2, **RESTORED}]

    assert production.deploy(changed(settings, generations=both)) == "UPDATE_COMPLETE"
    found = production.instances()
    assert set(found) == {"spywatcher-production", "spywatcher-production-g2"}
    assert found["spywatcher-production"]["DbiResourceId"] == first["DbiResourceId"]
    assert production.secret(APPLICATION_SECRET)["host"] == first["Endpoint"]["Address"]

    both[1]["admin_password_from_secret"] = True
    switched = changed(settings, generations=both, active_generation=2)
    assert production.deploy(switched) == "UPDATE_COMPLETE", production.stack.failures()
    second = production.instances()["spywatcher-production-g2"]
    for name in (ADMIN_SECRET, APPLICATION_SECRET):
        assert production.secret(name)["host"] == second["Endpoint"]["Address"]

    only = changed(settings, generations=both[1:], active_generation=2)
    retiring = [{"number": 1, "retiring": True}, both[1]]
    assert production.deploy(
        changed(settings, generations=retiring, active_generation=2)
    ) == "UPDATE_COMPLETE"  # fmt: skip
    assert production.deploy(only) == "UPDATE_COMPLETE"
    assert set(production.instances()) == {"spywatcher-production-g2"}
    assert production.snapshots() == ["spywatcher-production"]
    assert (
        production.instances()["spywatcher-production-g2"]["DbiResourceId"]
        == (second["DbiResourceId"])
    )


def test_a_removed_generation_that_is_not_retiring_is_retained(production: DataStack) -> None:
    """CloudFormation completes the update with an event that says that the deletion failed."""
    settings = load_stage("production")
    both = [{"number": 1}, {"number": 2, **RESTORED}]
    production.deploy(changed(settings, generations=both, active_generation=2))
    only = changed(settings, generations=both[1:], active_generation=2)
    assert production.deploy(only) == "UPDATE_COMPLETE"
    assert set(production.instances()) == {"spywatcher-production", "spywatcher-production-g2"}
    assert any("protected" in reason for reason in production.stack.failures().values())


def test_destroying_production_retains_the_protected_resources_and_reports_it(
    production: DataStack,
) -> None:
    production.write_secret(APPLICATION_SECRET, VALUE)

    assert production.stack.delete() == "DELETE_FAILED"

    ((_, why),) = production.stack.failures().items()
    assert why.startswith("Cannot delete protected DB Instance, please disable deletion protection")
    assert set(production.instances()) == {"spywatcher-production"}
    assert production.secrets() == {
        f"spywatcher-production/{name}" for name in (ADMIN_SECRET, APPLICATION_SECRET)
    }
    assert production.secret(APPLICATION_SECRET) == json.loads(VALUE)
    assert production.log_groups() == {
        f"/aws/rds/instance/spywatcher-production/{log}" for log in ("postgresql", "upgrade")
    }


def test_a_second_stack_cannot_use_the_name_of_a_retained_instance(
    production: DataStack, stack: Stack
) -> None:
    (before,) = production.instances().values()
    same = {
        "DBInstanceIdentifier": before["DBInstanceIdentifier"],
        "DBInstanceClass": "db.t3.large",
        "Engine": "postgres",
    }
    assert stack.deploy({"Same": {"Type": INSTANCE, "Properties": same}}) == "ROLLBACK_COMPLETE"
    assert "DB instance already exists" in stack.failures()["Same"]
    assert production.instances()["spywatcher-production"] == before


def test_destroying_staging_leaves_nothing(staging: DataStack) -> None:
    assert staging.stack.delete() == "None"
    assert (staging.instances(), staging.secrets(), staging.log_groups()) == ({}, set(), set())
    assert staging.snapshots() == []
