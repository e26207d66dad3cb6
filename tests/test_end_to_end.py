"""A stage on the embedded AWS, with the real CDK CLI: deployed, changed, refused, destroyed.

The fixture runs the commands once, in this order. The tests read what each command left.
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
from tests.local_servers import LocalServers, ServerResults
from tools.embedded_aws.fidelity import FIDELITIES
from tools.operations.preflight.stacks import STACKS

ROOT = Path(__file__).resolve().parents[1]
TREE = (
    *("app.py", "cdk.json"),
    *("settings", "stacks", "constructs", "k8s", "tools"),
)
STAGE = "staging"
CHANGED_RETENTION_DAYS = 13


@dataclass
class Contents:
    """The content of the embedded AWS at one moment."""

    stacks: dict[str, str]
    """The status by stack name, without the CDK's bootstrap stack."""
    resources: list[dict[str, str]]
    vpcs: list[dict[str, Any]]
    subnets: list[dict[str, Any]]
    load_balancers: list[dict[str, Any]]
    databases: list[dict[str, Any]]
    replication_groups: list[dict[str, Any]]
    clusters: list[dict[str, Any]]
    alarms: list[str]


@dataclass
class Results:
    """What each command left."""

    settings: StageSettings
    templates: dict[str, dict[str, Any]]
    deploy_output: str
    deployed: Contents
    missing: list[str]
    """The servers that have no package for this platform, with the reason."""
    servers: ServerResults | None
    """None if a server is missing."""
    shell: str
    diff: str
    updated: Contents
    guard: str
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
            # The byte code is copied too. A file *.pyc.<number> is one that is being written.
            ignored = shutil.ignore_patterns("*.pyc.*", "*.egg-info")
            if source.is_dir():
                shutil.copytree(source, root / name, ignore=ignored)
            else:
                shutil.copy(source, root / name)

    def run(self, *arguments: str, exit_code: int = 0, **environment: str) -> str:
        """Run a local command as `dev.py` does, and return its output."""
        return self._run("tools.embedded_aws", arguments, environment, exit_code)

    def servers(self, prefix: str) -> LocalServers:
        """Return the servers of PostgreSQL and Redis."""
        certificate = json.loads(self.local("mode"))["certificate"]
        return LocalServers(self._client, prefix, certificate)

    def guard(self) -> str:
        """Run the replacement guard on the deployed assembly, as on AWS."""
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
        """Return the deployed template of each stack of the stage."""
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
        """Return the response of the embedded AWS to a path under /_local/."""
        connection = HTTPConnection("127.0.0.1", self._state["port"], timeout=30)
        connection.request("GET", f"/_local/{path}")
        return connection.getresponse().read().decode()

    def contents(self, settings: StageSettings) -> Contents:
        """Read the content of the embedded AWS."""
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
def results(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Results]:
    """Run the commands."""
    copy = Copy(tmp_path_factory.mktemp("copy"))
    settings = load_stage(STAGE)
    with pytest.MonkeyPatch.context() as patch:
        for name in [name for name in os.environ if name.startswith("AWS_")]:
            patch.delenv(name)
        patch.setenv("AWS_CONFIG_FILE", os.devnull)
        patch.setenv("AWS_SHARED_CREDENTIALS_FILE", os.devnull)
        try:
            deploy_output = copy.run("deploy-local", STAGE, "--keep")
            templates, deployed = copy.templates(), copy.contents(settings)
            manifests = copy.local(f"manifests?cluster={deployed.clusters[0]['name']}")
            missing = json.loads(copy.local("mode"))["missing"]
            servers = None if missing else copy.servers(settings.resource_name()).read()
            shell = copy.run("shell-local", SHELL="/bin/true")
            copy.change("database", "backup_retention_days", CHANGED_RETENTION_DAYS)
            diff = copy.run("diff-local", STAGE)
            copy.run("deploy-local", STAGE)
            updated = copy.contents(settings)
            guard = copy.guard()
            copy.change("database", "performance_insights", False)
            refusal = copy.run("deploy-local", STAGE, exit_code=1)
            refused = copy.contents(settings)
            copy.run("destroy-local", STAGE)
            destroyed = copy.contents(settings)
        finally:
            copy.run("stop-local")
    yield Results(
        settings=settings,
        templates=templates,
        deploy_output=deploy_output,
        deployed=deployed,
        missing=missing,
        servers=servers,
        shell=shell,
        diff=diff,
        updated=updated,
        guard=guard,
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


def test_every_stack_of_the_stage_is_complete(results: Results) -> None:
    wanted = {results.settings.resource_name(name) for name in STACKS}
    assert wanted <= set(results.deployed.stacks)
    assert set(results.deployed.stacks.values()) == {"CREATE_COMPLETE"}


def test_every_resource_of_every_template_has_a_fidelity(results: Results) -> None:
    for stack, template in results.templates.items():
        wanted = {
            name
            for name, resource in template["Resources"].items()
            if resource["Type"] != "AWS::CDK::Metadata" and "Condition" not in resource
        }
        held = {
            resource["logical_id"]
            for resource in results.deployed.resources
            if resource["stack"] == stack and resource["fidelity"] in FIDELITIES
        }
        assert wanted - held == set(), stack


def test_the_vpc_has_three_tiers_of_subnets_in_three_zones(results: Results) -> None:
    assert len(results.deployed.vpcs) == 1
    assert len(results.deployed.subnets) == 9
    zones = [subnet["AvailabilityZone"] for subnet in results.deployed.subnets]
    assert {zone: zones.count(zone) for zone in zones} == dict.fromkeys(
        results.settings.availability_zones, 3
    )


def test_the_load_balancer_faces_the_internet(results: Results) -> None:
    (load_balancer,) = results.deployed.load_balancers
    assert load_balancer["Scheme"] == "internet-facing"
    assert load_balancer["DNSName"] in results.deploy_output


def test_the_database_is_of_the_settings_class_and_encrypted(results: Results) -> None:
    (database,) = results.deployed.databases
    assert database["DBInstanceClass"] == results.settings.database.instance_class
    assert database["StorageEncrypted"] is True
    assert database["Endpoint"]["Address"] in results.deploy_output


def test_the_cache_is_one_encrypted_replication_group(results: Results) -> None:
    (group,) = results.deployed.replication_groups
    assert group["TransitEncryptionEnabled"] is True
    assert group["AtRestEncryptionEnabled"] is True


def test_the_cluster_runs_the_settings_version(results: Results) -> None:
    (cluster,) = results.deployed.clusters
    assert cluster["version"] == results.settings.cluster.kubernetes_version
    assert cluster["name"] in results.deploy_output


def test_the_cluster_keeps_the_objects_of_both_services(results: Results) -> None:
    objects = [document for document in yaml.safe_load_all(results.manifests) if document]
    deployments = [o["metadata"]["name"] for o in objects if o["kind"] == "Deployment"]
    assert any("backend" in name for name in deployments)
    assert any("frontend" in name for name in deployments)


def test_alarms_watch_the_stage(results: Results) -> None:
    assert results.deployed.alarms


# The servers


@pytest.fixture
def servers(results: Results) -> ServerResults:
    """What the clients of the servers found."""
    if results.servers is None:
        pytest.skip("; ".join(results.missing))
    return results.servers


def test_the_application_can_log_in_but_create_nothing(servers: ServerResults) -> None:
    login, creation = servers.application_statements.values()
    assert login == ""
    assert "permission denied for schema public" in creation


def test_the_administrator_can_create_roles(servers: ServerResults) -> None:
    assert set(servers.administrator_statements.values()) == {""}


def test_the_owner_role_cannot_log_in(servers: ServerResults) -> None:
    assert "password authentication failed" in servers.owner_login


def test_a_replaced_password_is_accepted_until_the_second_rotation(servers: ServerResults) -> None:
    assert servers.accepted_after_one_rotation == [True, True]
    assert servers.accepted_after_two_rotations == [False, True, True]


def test_redis_accepts_the_current_and_the_previous_token_only(servers: ServerResults) -> None:
    assert servers.accepted_tokens == [True, False]
    assert servers.accepted_tokens_after_rotation == [True, True]


@pytest.mark.usefixtures("servers")
def test_the_shell_prints_the_urls_of_both_servers(results: Results) -> None:
    assert re.search(r"^DATABASE_URL=postgresql://spywatcher\S+@127\.0\.0\.1:\d+/", results.shell)
    assert re.search(r"^REDIS_URL=rediss://:\w+@127\.0\.0\.1:\d+$", results.shell, re.MULTILINE)


@pytest.mark.usefixtures("servers")
def test_the_report_counts_the_real_resources(results: Results) -> None:
    real = {
        resource["type"]
        for resource in results.deployed.resources
        if resource["fidelity"] == "real"
    }
    assert real == {
        "AWS::ElastiCache::ReplicationGroup",
        "AWS::RDS::DBInstance",
        "Custom::AWSCDK-EKS-KubernetesResource",
    }
    assert "Real, with a server or a Job on this machine: " in results.deploy_output


# Changed


def test_one_changed_setting_shows_as_one_property_of_one_resource(results: Results) -> None:
    assert differences(results.diff) == (["AWS::RDS::DBInstance"], ["BackupRetentionPeriod"])
    assert "Number of stacks with differences: 1" in results.diff


def test_a_diff_begins_without_warnings(results: Results) -> None:
    """A warning that every diff repeats hides a new one. The support of a version may end."""
    warned = set(re.findall("Acknowledge with '(.+)'", results.diff))
    assert warned <= {"Annotation::spywatcher:retiring-version"}


def test_the_change_is_deployed_to_the_same_database(results: Results) -> None:
    (before,), (after,) = results.deployed.databases, results.updated.databases
    assert before["BackupRetentionPeriod"] == results.settings.database.backup_retention_days
    assert after["BackupRetentionPeriod"] == CHANGED_RETENTION_DAYS
    assert after["DBInstanceArn"] == before["DBInstanceArn"]
    assert after["DbiResourceId"] == before["DbiResourceId"]


def test_only_the_changed_stack_is_updated(results: Results) -> None:
    updated = [
        name for name, status in results.updated.stacks.items() if status == "UPDATE_COMPLETE"
    ]
    assert updated == [results.settings.resource_name("data")]


# Refused


def test_the_guard_reads_the_deployed_stage(results: Results) -> None:
    assert results.guard == (
        f"{STAGE}: nothing that holds data is replaced or deleted, and no change was found that "
        "AWS refuses.\n"
    )


def test_a_change_that_would_replace_the_database_is_refused(results: Results) -> None:
    assert "1 change stops the deploy" in results.refusal
    assert "would be replaced by a new, empty one" in results.refusal
    assert "PerformanceInsightsKMSKeyId changes from" in results.refusal
    assert f"--allow-replacement {results.settings.resource_name('data')}/" in results.refusal


def test_a_refused_deploy_changes_nothing(results: Results) -> None:
    assert results.refused == results.updated


# Destroyed


def test_destroying_leaves_only_the_stack_of_the_account(results: Results) -> None:
    left = results.destroyed
    assert left.stacks == {"spywatcher-account": "CREATE_COMPLETE"}
    assert {resource["stack"] for resource in left.resources} <= {"spywatcher-account"}
    assert (left.vpcs, left.subnets, left.load_balancers) == ([], [], [])
    assert (left.databases, left.replication_groups, left.clusters) == ([], [], [])
    assert left.alarms == []
