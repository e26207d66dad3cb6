"""The servers of the DB instances and replication groups that the emulator has.

ministack has the control plane of RDS and ElastiCache. Without a Docker engine, this module starts
a server of PostgreSQL for each DB instance, and one of Redis for each replication group. After each
operation that can change a record of ministack, it compares the records with the servers.

These have their control plane only: a read replica, a restored DB instance, another engine than
PostgreSQL, and a replication group with several shards or without TLS.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from ministack.services import elasticache, rds  # type: ignore[import-untyped]

from tools.embedded_aws.servers.packages import MissingPackageError, find_valkey
from tools.embedded_aws.servers.postgres import HOST, PostgresServer, PostgresServers
from tools.embedded_aws.servers.process import ServerError
from tools.embedded_aws.servers.redis import RedisServer

DB_INSTANCE = "AWS::RDS::DBInstance"
REPLICATION_GROUP = "AWS::ElastiCache::ReplicationGroup"

_COPY_PROPERTIES = (
    *("SourceDBInstanceIdentifier", "SourceDBClusterIdentifier", "DBSnapshotIdentifier"),
    *("SourceDbiResourceId", "SourceDBInstanceAutomatedBackupsArn"),
)
"""A DB instance with one of these properties begins with the data of another one."""
_CONTROL_PLANE_ONLY = "_control_plane_only"
"""The key that marks the record of such a DB instance."""

Record = dict[str, Any]
_Key = tuple[str, str, str]
"""Account, region and identifier."""


@dataclass
class _Database:
    server: PostgresServer
    password: str
    """The administrator's password that the server has."""


@dataclass
class _Cache:
    server: RedisServer
    tokens: list[str]
    """The AUTH tokens that the server has."""


class DataPlane:
    """The running servers. CloudFormation and API calls use it from several threads."""

    def __init__(self, folder: Path) -> None:
        """Find the packages of the servers.

        Args:
            folder: The folder of the servers' files, which `create_folder` has created.
        """
        # Imported here: it takes 0.2 s, which --control-plane-only does not need.
        import trustme

        self._folder = folder
        self._ca = trustme.CA()
        self.certificate = folder / "ca.pem"
        """The certificate of the authority that clients of the servers can trust."""
        self._ca.cert_pem.write_to_path(self.certificate)
        self._lock = threading.RLock()
        self._databases: dict[_Key, _Database] = {}
        self._caches: dict[_Key, _Cache] = {}
        self.missing: list[str] = []
        """What is not available on this platform, and why."""
        self._postgres: PostgresServers | None = None
        self._has_redis = False
        try:
            self._postgres = PostgresServers(folder)
            # While the stage is synthesized. The first DB instance reports an error.
            self._postgres.prepare()
        except (MissingPackageError, ServerError) as error:
            self.missing.append(str(error))
        try:
            find_valkey()
            self._has_redis = True
        except MissingPackageError as error:
            self.missing.append(str(error))

    def synchronize(self) -> None:
        """Start, change and stop servers as the records require.

        Raises:
            ServerError: A server did not start, or refused a change.
        """
        with self._lock:
            self._synchronize_databases(dict(rds._instances.all_items()))
            self._synchronize_caches(dict(elasticache._replication_groups.all_items()))

    def mark_failures(self) -> None:
        """Change the status in the record of each server that has ended."""
        with self._lock:
            for key, record in rds._instances.all_items():
                if key in self._databases and not self._databases[key].server.is_running():
                    record["DBInstanceStatus"] = "failed"
            for key, record in elasticache._replication_groups.all_items():
                if key in self._caches and not self._caches[key].server.is_running():
                    record["Status"] = "create-failed"

    def is_real(self, resource_type: str, physical_id: str) -> bool:
        """Return whether a server implements a resource."""
        with self._lock:
            identifiers = {
                DB_INSTANCE: [identifier for *_scope, identifier in self._databases],
                REPLICATION_GROUP: [identifier for *_scope, identifier in self._caches],
            }
            return physical_id in identifiers.get(resource_type, [])

    def database_at(self, port: int) -> str | None:
        """Return the identifier of the DB instance whose server has the port, if there is one."""
        with self._lock:
            for (*_scope, identifier), database in self._databases.items():
                if database.server.port == port:
                    return identifier
        return None

    def servers(self) -> list[dict[str, Any]]:
        """Return the servers. One that has ended has an error, with the last lines of its log."""
        with self._lock:
            return [
                {
                    "title": server.title,
                    "endpoint": f"{HOST}:{server.port}",
                    "pid": server.pid,
                    "error": _error(server.require_running),
                }
                for server in self._servers()
            ]

    def errors(self) -> list[str]:
        """Return the errors of the servers, and of one that cannot be created."""
        with self._lock:
            checks = [server.require_running for server in self._servers()]
            if self._postgres:
                checks.append(self._postgres.require_initialization)
            return [error for check in checks if (error := _error(check))]

    def stop(self) -> None:
        """Stop the servers."""
        with self._lock:
            for server in self._servers():
                server.stop()
            if self._postgres:
                self._postgres.stop()
            self._databases.clear()
            self._caches.clear()

    # The callers of these methods hold the lock --------------------------------------------

    def _servers(self) -> list[PostgresServer | RedisServer]:
        databases = [database.server for database in self._databases.values()]
        return [*databases, *(cache.server for cache in self._caches.values())]

    def _synchronize_databases(self, records: Mapping[_Key, Record]) -> None:
        for key in self._databases.keys() - records.keys():
            self._databases.pop(key).server.stop()
        for key, record in records.items():
            if self._postgres is None or not _is_postgres(record):
                continue
            if key not in self._databases:
                self._databases[key] = self._start_database(self._postgres, record)
            database = self._databases[key]
            record["Endpoint"] |= {"Address": HOST, "Port": database.server.port}
            password = record["_MasterUserPassword"]
            if database.password != password:
                database.server.set_password(record["MasterUsername"], password)
                database.password = password

    def _start_database(self, postgres: PostgresServers, record: Record) -> _Database:
        identifier, password = record["DBInstanceIdentifier"], record["_MasterUserPassword"]
        server = postgres.start(identifier, self._ca, [pod_hostname(identifier)])
        server.create_administrator(record["MasterUsername"], password)
        server.create_database(record["DBName"], record["MasterUsername"])
        return _Database(server, password)

    def _synchronize_caches(self, records: Mapping[_Key, Record]) -> None:
        for key in self._caches.keys() - records.keys():
            self._caches.pop(key).server.stop()
        for key, record in records.items():
            if not self._has_redis or not _is_single_shard_with_tls(record):
                continue
            tokens = record["_auth_tokens"]
            if key not in self._caches:
                server = RedisServer(self._folder, record["ReplicationGroupId"], self._ca)
                self._caches[key] = _Cache(server, [])
            cache = self._caches[key]
            _set_endpoints(key, record, cache.server.port)
            if cache.tokens != tokens:
                cache.server.set_tokens(tokens)
                cache.tokens = list(tokens)


def mark_copy(record: Record, properties: Mapping[str, Any]) -> None:
    """Mark the record of a DB instance that begins with the data of another one."""
    if any(properties.get(name) for name in _COPY_PROPERTIES):
        record[_CONTROL_PLANE_ONLY] = True


def pod_hostname(identifier: str) -> str:
    """Return the host name of a DB instance for Jobs, which compare it with the identifier."""
    return f"{identifier}.localhost"


def _is_postgres(record: Record) -> bool:
    return record["Engine"] == "postgres" and _CONTROL_PLANE_ONLY not in record


def _is_single_shard_with_tls(record: Record) -> bool:
    return record["_num_node_groups"] == 1 and bool(record["TransitEncryptionEnabled"])


def _set_endpoints(key: _Key, group: Record, port: int) -> None:
    """Set the endpoints of a replication group. Its nodes share one server."""
    account, region, _identifier = key
    endpoint = {"Address": HOST, "Port": port}
    for shard in group["NodeGroups"]:
        shard |= {"PrimaryEndpoint": endpoint, "ReaderEndpoint": endpoint}
        for member in shard["NodeGroupMembers"]:
            member["ReadEndpoint"] = endpoint
            node = elasticache._clusters.get_scoped(account, region, member["CacheClusterId"])
            if node:
                node["_endpoint"] = node["CacheNodes"][0]["Endpoint"] = endpoint


def _error(check: Callable[[], None]) -> str:
    try:
        check()
    except ServerError as error:
        return str(error)
    return ""
