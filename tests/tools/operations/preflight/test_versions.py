"""The versions of a stage, compared with those that AWS offers."""

from collections.abc import Mapping
from typing import Any

from tests.tools.operations.simulated_account import SimulatedAccount, stage_settings
from tools.operations.preflight import versions
from tools.operations.preflight.row import Row, Status


def test_a_version_of_kubernetes_that_eks_no_longer_creates_is_missing(
    account: SimulatedAccount,
) -> None:
    cluster = account.settings.cluster.model_copy(update={"kubernetes_version": "1.28"})
    settings = account.settings.model_copy(update={"cluster": cluster})
    assert versions.check_kubernetes_version(account.session, settings) == [
        Row(
            "Kubernetes",
            Status.MISSING,
            "1.28",
            "1.35",
            "set cluster.kubernetes_version in settings/production.yaml",
        )
    ]


def test_an_add_on_version_that_eks_does_not_offer_is_missing(account: SimulatedAccount) -> None:
    def answer(parameters: Mapping[str, Any]) -> Mapping[str, Any]:
        offered = ["v1.99.0-eksbuild.1", "v1.98.0-eksbuild.1"]
        return {"addons": [{"addonVersions": [{"addonVersion": each} for each in offered]}]}

    account.answers["eks:DescribeAddonVersions"] = answer
    rows = versions.check_add_on_versions(account.session, account.settings)
    assert {row.status for row in rows} == {Status.MISSING}
    assert rows[0].text == (
        "v1.23.0-eksbuild.1; allowed: v1.99.0-eksbuild.1, v1.98.0-eksbuild.1; fix: set "
        "cluster.add_on_versions.vpc-cni in settings/production.yaml"
    )


def test_each_add_on_of_the_cluster_is_checked(account: SimulatedAccount) -> None:
    rows = versions.check_add_on_versions(account.session, account.settings)
    assert [row.subject.removeprefix("Add-on ") for row in rows] == [
        "vpc-cni",
        "kube-proxy",
        "eks-pod-identity-agent",
        "coredns",
        "metrics-server",
        "amazon-cloudwatch-observability",
    ]


def test_a_version_of_postgresql_that_rds_does_not_create_is_missing(
    account: SimulatedAccount,
) -> None:
    def answer(parameters: Mapping[str, Any]) -> Mapping[str, Any]:
        found = [] if "EngineVersion" in parameters else ["14.9", "15.16", "15.17"]
        return {"DBEngineVersions": [{"EngineVersion": version} for version in found]}

    account.answers["rds:DescribeDBEngineVersions"] = answer
    (row,) = versions.check_postgresql_version(account.session, account.settings)
    assert row.text == (
        "15; allowed: 15.16, 15.17; fix: set database.engine_version in settings/production.yaml"
    )


def test_a_minor_version_of_postgresql_is_asked_for_as_it_is(account: SimulatedAccount) -> None:
    database = account.settings.database.model_copy(update={"engine_version": "15.17"})
    settings = account.settings.model_copy(update={"database": database})
    versions.check_postgresql_version(account.session, settings)
    assert account.calls[-1].parameters == {
        "Engine": "postgres",
        "EngineVersion": "15.17",
        "DefaultOnly": False,
    }


def test_redis_and_its_node_type_are_compared() -> None:
    account = SimulatedAccount(stage_settings())
    account.answers["elasticache:DescribeCacheEngineVersions"] = {
        "CacheEngineVersions": [{"EngineVersion": "7.1.0"}]
    }
    account.answers["elasticache:DescribeReservedCacheNodesOfferings"] = {
        "ReservedCacheNodesOfferings": [
            {"CacheNodeType": "cache.t3.medium", "ProductDescription": "memcached"}
        ]
    }
    (redis,) = versions.check_redis_version(account.session, account.settings)
    (node_type,) = versions.check_cache_node_type(account.session, account.settings)
    assert (redis.status, redis.allowed) == (Status.MISSING, "7.1")
    assert (node_type.status, node_type.found) == (Status.MISSING, "cache.t3.medium")
