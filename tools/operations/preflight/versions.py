"""The versions that the stage deploys: Kubernetes, its add-ons, PostgreSQL and Redis."""

from typing import TYPE_CHECKING, Any

from settings import StageSettings
from settings.versions import ADD_ONS, add_on_version
from tools.operations.preflight.row import Row, missing, ok

if TYPE_CHECKING:
    from boto3 import Session


def check_kubernetes_version(session: "Session", settings: StageSettings) -> list[Row]:
    """Check that EKS creates clusters of the version."""
    version = settings.cluster.kubernetes_version
    pages = session.client("eks").get_paginator("describe_cluster_versions").paginate()
    offered = [
        entry["clusterVersion"]
        for page in pages
        for entry in page["clusterVersions"]
        if entry["versionStatus"] != "UNSUPPORTED"
    ]
    return [_row("Kubernetes", version, offered, settings, "cluster.kubernetes_version")]


def check_add_on_versions(session: "Session", settings: StageSettings) -> list[Row]:
    """Check that EKS offers the version of each add-on for the version of Kubernetes."""
    kubernetes = settings.cluster.kubernetes_version
    pages = session.client("eks").get_paginator("describe_addon_versions")
    rows = []
    for name in ADD_ONS.get(kubernetes, {}):
        offered = [
            version["addonVersion"]
            for page in pages.paginate(kubernetesVersion=kubernetes, addonName=name)
            for add_on in page["addons"]
            for version in add_on["addonVersions"]
        ]
        version = add_on_version(kubernetes, name, settings.cluster.add_on_versions) or ""
        rows.append(
            _row(f"Add-on {name}", version, offered, settings, f"cluster.add_on_versions.{name}")
        )
    return rows


def check_postgresql_version(session: "Session", settings: StageSettings) -> list[Row]:
    """Check that RDS creates instances of the version."""
    client, wanted = session.client("rds"), settings.database.engine_version
    version = find_postgresql_version(client, wanted)
    subject = "PostgreSQL"
    if version is not None:
        return [ok(subject, version)]
    pages = client.get_paginator("describe_db_engine_versions").paginate(Engine="postgres")
    offered = [
        entry["EngineVersion"]
        for page in pages
        for entry in page["DBEngineVersions"]
        if entry["EngineVersion"].partition(".")[0] == wanted.partition(".")[0]
    ]
    return [_row(subject, wanted, offered, settings, "database.engine_version")]


def find_postgresql_version(client: Any, wanted: str) -> str | None:  # noqa: ANN401 - a client
    """Return the version that RDS creates for a major or minor version; None if it creates none.

    Args:
        client: an RDS client.
        wanted: the version in the settings. For a major version, RDS creates the default minor one.
    """
    is_major = "." not in wanted
    response = client.describe_db_engine_versions(
        Engine="postgres", EngineVersion=wanted, DefaultOnly=is_major
    )
    versions = [str(entry["EngineVersion"]) for entry in response["DBEngineVersions"]]
    return versions[0] if versions else None


def check_redis_version(session: "Session", settings: StageSettings) -> list[Row]:
    """Check that ElastiCache creates replication groups of the version."""
    pages = session.client("elasticache").get_paginator("describe_cache_engine_versions")
    offered = [
        ".".join(entry["EngineVersion"].split(".")[:2])
        for page in pages.paginate(Engine="redis")
        for entry in page["CacheEngineVersions"]
    ]
    version = settings.cache.engine_version
    return [_row("Redis", version, offered, settings, "cache.engine_version")]


def check_cache_node_type(session: "Session", settings: StageSettings) -> list[Row]:
    """Check that ElastiCache has the node type in the Region.

    ElastiCache has no API that lists node types by zone. A type that can be reserved for Redis
    exists in the Region.
    """
    node_type = settings.cache.node_type
    pages = session.client("elasticache").get_paginator("describe_reserved_cache_nodes_offerings")
    offered = sorted(
        {
            offering["CacheNodeType"]
            for page in pages.paginate(CacheNodeType=node_type)
            for offering in page["ReservedCacheNodesOfferings"]
            if offering["ProductDescription"] == "redis"
        }
    )
    return [_row("ElastiCache node type", node_type, offered, settings, "cache.node_type")]


def _row(subject: str, version: str, offered: list[str], settings: StageSettings, key: str) -> Row:
    """Return the row about a version or a type, and the ones that AWS offers."""
    if version in offered:
        return ok(subject, version)
    return missing(
        subject,
        version,
        allowed=", ".join(dict.fromkeys(offered)) or "another one",
        fix=f"set {key} in settings/{settings.stage}.yaml",
    )
