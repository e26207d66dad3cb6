"""A stage's life on the embedded AWS, with the real CDK CLI: deployed, changed, destroyed.

The steps run once, in their order; each test proves a sentence about what they left behind.
"""

import json
import os
import re
import shutil
import subprocess
import sys
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from http.client import HTTPConnection
from pathlib import Path
from typing import Any

import boto3
import pytest
import yaml

from settings import StageSettings, load_stage

ROOT = Path(__file__).resolve().parents[1]
TREE = (
    *("app.py", "cdk.json"),
    *("settings", "stacks", "constructs", "k8s", "tools"),
)
STAGE = "staging"
HELD = {"emulated", "recorded", "checked"}
CHANGED_RETENTION_DAYS = 13


@dataclass
class Contents:
    """What the embedded AWS holds at one moment."""

    stacks: dict[str, str]
    """Name to status; without the CDK's own bootstrap stack."""
    resources: list[dict[str, str]]
    vpcs: list[dict[str, Any]]
    subnets: list[dict[str, Any]]
    load_balancers: list[dict[str, Any]]
    databases: list[dict[str, Any]]
    replication_groups: list[dict[str, Any]]
    clusters: list[dict[str, Any]]
    alarms: list[str]


@dataclass
class Life:
    """What was seen of the stage, step by step."""

    settings: StageSettings
    templates: dict[str, dict[str, Any]]
    deploy_output: str
    deployed: Contents
    diff: str
    updated: Contents
    guarded: str
    refusal: str
    refused: Contents
    destroyed: Contents
    manifests: str = field(repr=False)


class Copy:
    """A copy of the project, whose settings can be changed, with an embedded AWS of its own."""

    def __init__(self, root: Path) -> None:
        self.root = root
        for name in TREE:
            source = ROOT / name
            ignored = shutil.ignore_patterns("__pycache__", "*.egg-info")
            if source.is_dir():
                shutil.copytree(source, root / name, ignore=ignored)
            else:
                shutil.copy(source, root / name)

    def run(self, *arguments: str, exit_code: int = 0) -> str:
        """Run a local command as `dev.py` does, and return all that it says."""
        return self._run("tools.embedded_aws", arguments, {}, exit_code)

    def guard(self) -> str:
        """Run the guard as on AWS, with the assembly that is deployed."""
        keys = {"AWS_ACCESS_KEY_ID": "test", "AWS_SECRET_ACCESS_KEY": "test"}
        arguments = (STAGE, "--assembly", str(self._assembly))
        return self._run(
            "tools.guard", arguments, {"AWS_ENDPOINT_URL": self._state["endpoint"], **keys}
        )

    def _run(
        self, module: str, arguments: Sequence[str], extra: Mapping[str, str], exit_code: int = 0
    ) -> str:
        path = [Path(sys.executable).parent, ROOT / "node_modules" / ".bin", os.environ["PATH"]]
        env = {**os.environ, "PATH": os.pathsep.join(map(str, path)), "NO_COLOR": "1", **extra}
        result = subprocess.run(  # noqa: S603
            [sys.executable, "-m", module, *arguments],
            cwd=self.root,
            env=env,
            text=True,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
        )
        ended = f"{arguments} ended with {result.returncode}:\n{result.stdout[-6000:]}"
        assert result.returncode == exit_code, ended
        return result.stdout

    def change(self, section: str, key: str, value: object) -> None:
        """Change one value of the copy's settings."""
        file = self.root / "settings" / f"{STAGE}.yaml"
        values = yaml.safe_load(file.read_text())
        values[section][key] = value
        file.write_text(yaml.safe_dump(values))

    def templates(self) -> dict[str, dict[str, Any]]:
        """Return the template of each stack of the stage, as it was deployed."""
        folder = self._assembly / f"assembly-{STAGE}"
        artifacts = json.loads((folder / "manifest.json").read_text())["artifacts"]
        return {
            stack["properties"]["stackName"]: json.loads(
                (folder / stack["properties"]["templateFile"]).read_text()
            )
            for stack in artifacts.values()
            if stack["type"] == "aws:cloudformation:stack"
        }

    def local(self, path: str) -> str:
        """Ask the embedded AWS what AWS has no call for."""
        connection = HTTPConnection("127.0.0.1", self._state["port"], timeout=30)
        connection.request("GET", f"/_local/{path}")
        return connection.getresponse().read().decode()

    def contents(self, settings: StageSettings) -> Contents:
        """Read back what the embedded AWS holds."""
        ec2, elbv2, rds = self._client("ec2"), self._client("elbv2"), self._client("rds")
        eks, cache, alarms = (self._client(name) for name in ("eks", "elasticache", "cloudwatch"))
        stacks = self._client("cloudformation").describe_stacks()["Stacks"]
        vpcs = ec2.describe_vpcs(Filters=[_filter("cidr", settings.network.cidr)])["Vpcs"]
        ids = [vpc["VpcId"] for vpc in vpcs]
        subnets = ec2.describe_subnets()["Subnets"]
        names = eks.list_clusters()["clusters"]
        resources = json.loads(self.local("resources"))
        return Contents(
            stacks={
                stack["StackName"]: stack["StackStatus"]
                for stack in stacks
                if stack["StackName"] != "CDKToolkit"
            },
            resources=[r for r in resources if r["stack"] != "CDKToolkit"],
            vpcs=vpcs,
            subnets=[subnet for subnet in subnets if subnet["VpcId"] in ids],
            load_balancers=elbv2.describe_load_balancers()["LoadBalancers"],
            databases=rds.describe_db_instances()["DBInstances"],
            replication_groups=cache.describe_replication_groups()["ReplicationGroups"],
            clusters=[eks.describe_cluster(name=name)["cluster"] for name in names],
            alarms=[alarm["AlarmName"] for alarm in alarms.describe_alarms()["MetricAlarms"]],
        )

    @property
    def _assembly(self) -> Path:
        return self.root / ".local" / "cdk.out" / f"{STAGE}-deploy"

    @property
    def _state(self) -> dict[str, Any]:
        state: dict[str, Any] = json.loads((self.root / ".local" / "aws.json").read_text())
        return state

    def _client(self, service: str) -> Any:
        session = boto3.Session("test", "test", region_name="us-east-1")
        return session.client(service, endpoint_url=self._state["endpoint"])


def _filter(name: str, value: str) -> dict[str, Any]:
    return {"Name": name, "Values": [value]}


@pytest.fixture(scope="module")
def life(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Life]:
    """Live through a stage's life once."""
    copy = Copy(tmp_path_factory.mktemp("copy"))
    settings = load_stage(STAGE)
    with pytest.MonkeyPatch.context() as patch:
        for name in [name for name in os.environ if name.startswith("AWS_")]:
            patch.delenv(name)
        patch.setenv("AWS_CONFIG_FILE", os.devnull)
        patch.setenv("AWS_SHARED_CREDENTIALS_FILE", os.devnull)
        try:
            deploy_output = copy.run("deploy", STAGE, "--keep")
            templates, deployed = copy.templates(), copy.contents(settings)
            manifests = copy.local(f"manifests?cluster={deployed.clusters[0]['name']}")
            copy.change("database", "backup_retention_days", CHANGED_RETENTION_DAYS)
            diff = copy.run("diff", STAGE)
            copy.run("deploy", STAGE)
            updated = copy.contents(settings)
            guarded = copy.guard()
            copy.change("database", "performance_insights", False)
            refusal = copy.run("deploy", STAGE, exit_code=1)
            refused = copy.contents(settings)
            copy.run("destroy", STAGE)
            destroyed = copy.contents(settings)
        finally:
            copy.run("stop")
    yield Life(
        settings=settings,
        templates=templates,
        deploy_output=deploy_output,
        deployed=deployed,
        diff=diff,
        updated=updated,
        guarded=guarded,
        refusal=refusal,
        refused=refused,
        destroyed=destroyed,
        manifests=manifests,
    )


def differences(output: str) -> tuple[list[str], list[str]]:
    """Return the resource types and the properties that `cdk diff` shows as different."""
    resources = re.findall(r"^\[[~+-]\] (\S+)", output, re.MULTILINE)
    properties = re.findall(r"^ [├└]─ \[[~+-]\] (\S+)", output, re.MULTILINE)
    return resources, properties


# Deployed


def test_every_stack_of_the_stage_is_complete(life: Life) -> None:
    names = ("security", "network", "data", "cluster", "workloads", "monitoring")
    wanted = {life.settings.resource_name(name) for name in names}
    assert wanted <= set(life.deployed.stacks)
    assert set(life.deployed.stacks.values()) == {"CREATE_COMPLETE"}


def test_every_resource_of_every_template_is_emulated_recorded_or_checked(life: Life) -> None:
    for stack, template in life.templates.items():
        wanted = {
            name
            for name, resource in template["Resources"].items()
            if resource["Type"] != "AWS::CDK::Metadata" and "Condition" not in resource
        }
        held = {
            resource["logical_id"]
            for resource in life.deployed.resources
            if resource["stack"] == stack and resource["how"] in HELD
        }
        assert wanted - held == set(), stack


def test_the_vpc_has_three_tiers_of_subnets_in_three_zones(life: Life) -> None:
    assert len(life.deployed.vpcs) == 1
    assert len(life.deployed.subnets) == 9
    zones = [subnet["AvailabilityZone"] for subnet in life.deployed.subnets]
    assert {zone: zones.count(zone) for zone in zones} == dict.fromkeys(
        life.settings.availability_zones, 3
    )


def test_the_load_balancer_faces_the_internet(life: Life) -> None:
    (load_balancer,) = life.deployed.load_balancers
    assert load_balancer["Scheme"] == "internet-facing"
    assert load_balancer["DNSName"] in life.deploy_output


def test_the_database_is_of_the_settings_class_and_encrypted(life: Life) -> None:
    (database,) = life.deployed.databases
    assert database["DBInstanceClass"] == life.settings.database.instance_class
    assert database["StorageEncrypted"] is True
    assert database["Endpoint"]["Address"] in life.deploy_output


def test_the_cache_is_one_encrypted_replication_group(life: Life) -> None:
    (group,) = life.deployed.replication_groups
    assert group["TransitEncryptionEnabled"] is True
    assert group["AtRestEncryptionEnabled"] is True


def test_the_cluster_runs_the_settings_version(life: Life) -> None:
    (cluster,) = life.deployed.clusters
    assert cluster["version"] == life.settings.cluster.kubernetes_version
    assert cluster["name"] in life.deploy_output


def test_the_cluster_keeps_the_objects_of_both_services(life: Life) -> None:
    objects = [each for each in yaml.safe_load_all(life.manifests) if each]
    deployments = [each["metadata"]["name"] for each in objects if each["kind"] == "Deployment"]
    assert any("backend" in name for name in deployments)
    assert any("frontend" in name for name in deployments)


def test_alarms_watch_the_stage(life: Life) -> None:
    assert life.deployed.alarms


# Changed


def test_one_changed_setting_shows_as_one_property_of_one_resource(life: Life) -> None:
    assert differences(life.diff) == (["AWS::RDS::DBInstance"], ["BackupRetentionPeriod"])
    assert "Number of stacks with differences: 1" in life.diff


def test_a_diff_begins_without_warnings(life: Life) -> None:
    """Those of a version's ending support aside: one that is always there hides the next."""
    warned = set(re.findall("Acknowledge with '(.+)'", life.diff))
    assert warned <= {"Annotation::spywatcher:retiring-version"}


def test_the_change_is_deployed_to_the_same_database(life: Life) -> None:
    (before,), (after,) = life.deployed.databases, life.updated.databases
    assert before["BackupRetentionPeriod"] == life.settings.database.backup_retention_days
    assert after["BackupRetentionPeriod"] == CHANGED_RETENTION_DAYS
    assert after["DBInstanceArn"] == before["DBInstanceArn"]
    assert after["DbiResourceId"] == before["DbiResourceId"]


def test_only_the_changed_stack_is_updated(life: Life) -> None:
    updated = [name for name, status in life.updated.stacks.items() if status == "UPDATE_COMPLETE"]
    assert updated == [life.settings.resource_name("data")]


# Refused


def test_the_guard_reads_what_is_deployed(life: Life) -> None:
    assert life.guarded == f"{STAGE}: nothing that holds data is replaced or deleted.\n"


def test_a_change_that_would_replace_the_database_is_refused(life: Life) -> None:
    assert "1 change stops the deploy" in life.refusal
    assert "would be replaced by a new, empty one" in life.refusal
    assert "PerformanceInsightsKMSKeyId changes from" in life.refusal
    assert f"--allow-replacement {life.settings.resource_name('data')}/" in life.refusal


def test_a_refused_deploy_touches_nothing(life: Life) -> None:
    assert life.refused == life.updated


# Destroyed


def test_destroying_leaves_nothing_of_the_stage(life: Life) -> None:
    left = life.destroyed
    assert left.stacks == {}
    assert left.resources == []
    assert (left.vpcs, left.subnets, left.load_balancers) == ([], [], [])
    assert (left.databases, left.replication_groups, left.clusters) == ([], [], [])
    assert left.alarms == []
