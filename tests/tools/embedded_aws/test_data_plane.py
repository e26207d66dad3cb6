"""The servers of DB instances and replication groups, and the Jobs that connect to them."""

from __future__ import annotations

import json
import os
import signal
import ssl
import time
import urllib.request
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import psycopg
import pytest

from k8s.charts import database_bootstrap_chart
from spywatcher_constructs.functions.redis_rotation import redis
from tests.servers import require_package
from tests.tools.embedded_aws.conftest import RunningServer, Stack, client_of
from tools.embedded_aws.emulator import Emulator, StateFile
from tools.embedded_aws.processes import descendants, is_running
from tools.embedded_aws.servers.packages import find_postgres, find_valkey

INSTANCE, GROUP, CLUSTER = "spywatcher-test", "cache-test", "cluster-test"
PASSWORD, TOKEN = "the admin's password", "a-token-of-the-group"
DATABASE: dict[str, Any] = {
    "Type": "AWS::RDS::DBInstance",
    "Properties": {
        "DBInstanceIdentifier": INSTANCE,
        "DBInstanceClass": "db.t3.micro",
        "Engine": "postgres",
        "AllocatedStorage": "20",
        "DBName": "spywatcher",
        "MasterUsername": "spywatcher_admin",
        "MasterUserPassword": PASSWORD,
    },
}
CACHE: dict[str, Any] = {
    "Type": "AWS::ElastiCache::ReplicationGroup",
    "Properties": {
        "ReplicationGroupId": GROUP,
        "ReplicationGroupDescription": "test",
        "CacheNodeType": "cache.t3.micro",
        "NumCacheClusters": 2,
        "TransitEncryptionEnabled": True,
        "AuthToken": TOKEN,
    },
}
EKS: dict[str, Any] = {
    "Type": "AWS::EKS::Cluster",
    "Properties": {
        "Name": CLUSTER,
        "RoleArn": "arn:aws:iam::000000000000:role/cluster",
        "ResourcesVpcConfig": {"SubnetIds": ["subnet-1", "subnet-2"]},
    },
}


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("with-servers")


@pytest.fixture(scope="module")
def own_server(folder: Path) -> Iterator[RunningServer]:
    with require_package():
        find_postgres()
        find_valkey()
    running = RunningServer(folder)
    running.wait_until_ready()
    yield running
    if running.process.poll() is None:
        running.stop()


@pytest.fixture
def client(own_server: RunningServer) -> Callable[[str], Any]:
    endpoint = own_server.wait_until_ready()
    return lambda service: client_of(endpoint, service)


@pytest.fixture
def stack(client: Callable[[str], Any]) -> Iterator[Stack]:
    stack = Stack("servers", client("cloudformation"))
    yield stack
    stack.delete()


@pytest.fixture
def ask(own_server: RunningServer) -> Callable[[str], Any]:
    endpoint = own_server.wait_until_ready()

    def get(path: str) -> Any:
        with urllib.request.urlopen(f"{endpoint}/_local/{path}") as response:  # noqa: S310
            return json.load(response)

    return get


def connect(client: Callable[[str], Any], password: str = PASSWORD) -> psycopg.Connection[Any]:
    """Connect to the endpoint that RDS describes."""
    (instance,) = client("rds").describe_db_instances()["DBInstances"]
    endpoint = instance["Endpoint"]
    return psycopg.connect(
        host=endpoint["Address"],
        port=endpoint["Port"],
        user="spywatcher_admin",
        password=password,
        dbname="spywatcher",
        sslmode="require",
    )


def node(client: Callable[[str], Any]) -> redis.Node:
    """Return the primary that ElastiCache describes."""
    (group,) = client("elasticache").describe_replication_groups()["ReplicationGroups"]
    endpoint = group["NodeGroups"][0]["PrimaryEndpoint"]
    return redis.Node(endpoint["Address"], endpoint["Port"])


def tls(ask: Callable[[str], Any]) -> ssl.SSLContext:
    return ssl.create_default_context(cafile=ask("mode")["certificate"])


# DB instances


def test_a_db_instance_has_a_server_at_its_endpoint(
    stack: Stack, client: Callable[[str], Any], ask: Callable[[str], Any]
) -> None:
    outputs = {"Port": {"Fn::GetAtt": ["Database", "Endpoint.Port"]}}
    assert stack.deploy({"Database": DATABASE}, outputs) == "CREATE_COMPLETE", stack.failures()

    with connect(client) as connection:
        assert connection.execute("SELECT current_user").fetchone() == ("spywatcher_admin",)
        assert stack.outputs()["Port"] == str(connection.info.port)
    [listed] = ask("resources?stack=servers")
    assert listed["fidelity"] == "real"


def test_data_outlives_an_update_and_a_changed_password(
    stack: Stack, client: Callable[[str], Any]
) -> None:
    stack.deploy({"Database": DATABASE})
    with connect(client) as connection:
        connection.execute("CREATE TABLE kept AS SELECT 1 AS number")
    changed = {**DATABASE["Properties"], "MasterUserPassword": "another"}

    assert stack.deploy({"Database": DATABASE | {"Properties": changed}}) == "UPDATE_COMPLETE"

    with connect(client, "another") as connection:
        assert connection.execute("SELECT number FROM kept").fetchone() == (1,)
    with pytest.raises(psycopg.OperationalError, match="password authentication failed"):
        connect(client)


def test_a_deleted_db_instance_leaves_no_process(
    own_server: RunningServer, stack: Stack, client: Callable[[str], Any]
) -> None:
    stack.deploy({"Database": DATABASE})
    assert descendants(own_server.process.pid)

    stack.delete()

    assert not descendants(own_server.process.pid)


@pytest.mark.parametrize(
    "changed", [{"Engine": "mysql"}, {"DBSnapshotIdentifier": "snapshot", "DBName": None}]
)
def test_another_engine_and_a_restored_instance_have_their_control_plane_only(
    stack: Stack, ask: Callable[[str], Any], changed: dict[str, str]
) -> None:
    properties = {**DATABASE["Properties"], **changed}
    properties = {name: value for name, value in properties.items() if value is not None}

    assert stack.deploy({"Database": DATABASE | {"Properties": properties}}) == "CREATE_COMPLETE"

    [listed] = ask("resources?stack=servers")
    assert listed["fidelity"] == "emulated"
    assert ask("servers") == []


def test_a_killed_server_of_postgresql_is_noticed(
    stack: Stack, client: Callable[[str], Any], ask: Callable[[str], Any]
) -> None:
    stack.deploy({"Database": DATABASE})
    [server] = ask("servers")
    assert server["error"] == ""

    os.kill(server["pid"], signal.SIGKILL)
    while not server["error"]:
        time.sleep(0.02)
        [server] = ask("servers")

    assert server["error"].startswith(f"PostgreSQL {INSTANCE} has ended; the last lines of its log")
    (instance,) = client("rds").describe_db_instances()["DBInstances"]
    assert instance["DBInstanceStatus"] == "failed"


# Replication groups


def test_a_replication_group_accepts_its_token_only(
    stack: Stack, client: Callable[[str], Any], ask: Callable[[str], Any]
) -> None:
    assert stack.deploy({"Cache": CACHE}) == "CREATE_COMPLETE", stack.failures()

    assert redis.accepts_token(node(client), TOKEN, tls(ask))
    assert not redis.accepts_token(node(client), "wrong", tls(ask))


def test_a_killed_server_of_redis_is_noticed(
    stack: Stack, client: Callable[[str], Any], ask: Callable[[str], Any]
) -> None:
    stack.deploy({"Cache": CACHE})
    [server] = ask("servers")

    os.kill(server["pid"], signal.SIGKILL)
    while not server["error"]:
        time.sleep(0.02)
        [server] = ask("servers")

    (group,) = client("elasticache").describe_replication_groups()["ReplicationGroups"]
    assert group["Status"] == "create-failed"


def test_a_rotated_token_is_accepted_beside_the_old_one_until_it_is_set(
    stack: Stack, client: Callable[[str], Any], ask: Callable[[str], Any]
) -> None:
    stack.deploy({"Cache": CACHE})
    new = "the-second-token-of-the-group"

    def modify(strategy: str) -> list[bool]:
        client("elasticache").modify_replication_group(
            ReplicationGroupId=GROUP, AuthToken=new, AuthTokenUpdateStrategy=strategy
        )
        return [redis.accepts_token(node(client), token, tls(ask)) for token in (TOKEN, new)]

    assert modify("ROTATE") == [True, True]
    assert modify("SET") == [False, True]


# Jobs


def manifests(instance: str = INSTANCE) -> dict[str, Any]:
    """Return the resources of a cluster with the bootstrap Job, and of the wait for it."""
    config, job = database_bootstrap_chart(instance=instance, region="us-east-1", release="1")
    namespace = {
        "apiVersion": "v1",
        "kind": "Namespace",
        "metadata": {"name": job["metadata"]["namespace"]},
    }
    keys = ("host", "port", "dbname", "username", "password")
    documents = [
        namespace,
        _external_secret(namespace, "spywatcher-database-admin", "admin", keys),
        _external_secret(namespace, "spywatcher-database-application", "application", keys[3:]),
        config,
        job,
    ]
    waited = {
        "ObjectType": "job",
        "ObjectName": job["metadata"]["name"],
        "ObjectNamespace": job["metadata"]["namespace"],
        "JsonPath": ".status.succeeded",
        "TimeoutSeconds": 720,
    }
    manifest = {"Manifest": json.dumps(documents)}
    return {
        "Cluster": EKS,
        "Admin": _secret("admin", "spywatcher_admin", PASSWORD),
        "Application": _secret("application", "spywatcher", "the application's password"),
        "Manifest": _custom("KubernetesResource", ["Cluster", "Admin", "Application"], manifest),
        "Wait": _custom("KubernetesObjectValue", ["Manifest"], waited),
    }


def _secret(name: str, user: str, password: str) -> dict[str, Any]:
    value = {
        "host": {"Fn::GetAtt": ["Database", "Endpoint.Address"]},
        "port": {"Fn::GetAtt": ["Database", "Endpoint.Port"]},
        "dbname": "spywatcher",
        "username": user,
        "password": password,
    }
    return {
        "Type": "AWS::SecretsManager::Secret",
        "Properties": {"Name": name, "SecretString": {"Fn::ToJsonString": value}},
    }


def _external_secret(
    namespace: dict[str, Any], name: str, secret: str, keys: tuple[str, ...]
) -> dict[str, Any]:
    data = [{"secretKey": key, "remoteRef": {"key": secret, "property": key}} for key in keys]
    return {
        "apiVersion": "external-secrets.io/v1",
        "kind": "ExternalSecret",
        "metadata": {"name": name, "namespace": namespace["metadata"]["name"]},
        "spec": {"target": {"name": name}, "data": data},
    }


def _custom(kind: str, needs: list[str], properties: dict[str, Any]) -> dict[str, Any]:
    return {
        "Type": f"Custom::AWSCDK-EKS-{kind}",
        "Properties": {"ServiceToken": "unused", "ClusterName": {"Ref": "Cluster"}, **properties},
        "DependsOn": needs,
    }


def test_the_bootstrap_job_runs_when_its_manifest_is_applied(
    stack: Stack, client: Callable[[str], Any], ask: Callable[[str], Any]
) -> None:
    template = {
        "Transform": "AWS::LanguageExtensions",
        "Resources": {"Database": DATABASE, **manifests()},
    }
    assert stack.deploy_template(template) == "CREATE_COMPLETE", stack.failures()

    with connect(client) as connection:
        found = connection.execute("SELECT rolname FROM pg_roles WHERE rolname ~ '^spywatcher'")
        assert {name for (name,) in found} == {
            *("spywatcher", "spywatcher_clone"),
            *("spywatcher_admin", "spywatcher_application", "spywatcher_owner"),
        }
    fidelities = {r["logical_id"]: r["fidelity"] for r in ask("resources?stack=servers")}
    assert (fidelities["Manifest"], fidelities["Wait"]) == ("real", "checked")


def test_a_failed_bootstrap_job_fails_the_deploy_with_its_output(stack: Stack) -> None:
    template = {
        "Transform": "AWS::LanguageExtensions",
        "Resources": {"Database": DATABASE, **manifests(instance="another-instance")},
    }
    assert stack.deploy_template(template) == "ROLLBACK_COMPLETE"
    assert stack.failures()["Wait"].endswith(
        f"The Job has failed:\nThe secrets name {INSTANCE}.localhost, not another-instance yet."
    )


# The end


@pytest.fixture
def last_server(tmp_path: Path) -> Iterator[RunningServer]:
    """A server of one test, with a DB instance and a replication group."""
    running = RunningServer(tmp_path)
    stack = Stack("last", client_of(running.wait_until_ready(), "cloudformation"))
    stack.deploy({"Database": DATABASE, "Cache": CACHE})
    yield running
    if running.process.poll() is None:
        running.stop()


@pytest.mark.skipif(not Path("/proc").exists(), reason="reads Linux's /proc")
def test_stopping_leaves_no_process_and_no_folder(last_server: RunningServer) -> None:
    folder = Path(json.loads(last_server.ready_file.read_text())["folder"])
    children = descendants(last_server.process.pid)
    assert len(children) > 2
    assert folder.exists()

    last_server.stop()

    assert not [pid for pid in children if is_running(pid)]
    assert not folder.exists()


@pytest.mark.skipif(not Path("/proc").exists(), reason="reads Linux's /proc")
def test_the_next_command_stops_the_servers_of_a_killed_embedded_aws(
    last_server: RunningServer, tmp_path: Path
) -> None:
    ready = json.loads(last_server.ready_file.read_text())
    state = StateFile(tmp_path / "aws.json")
    state.write(Emulator(**ready))
    children = descendants(last_server.process.pid)
    last_server.process.kill()
    last_server.process.wait()

    assert state.running() is None

    wait_until_ended(children)
    assert not Path(ready["folder"]).exists()


def wait_until_ended(pids: list[int]) -> None:
    deadline = time.monotonic() + 10
    while any(is_running(pid) for pid in pids):
        assert time.monotonic() < deadline, "a process is still running"
        time.sleep(0.02)
