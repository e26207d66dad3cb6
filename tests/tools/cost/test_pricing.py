"""The price of each resource type, in templates without other resources."""

import datetime as dt
import json
from decimal import Decimal
from typing import Any

import pytest

from tests.tools.cost.templates import Resources, price
from tools.cost import components as c
from tools.cost.components import Component
from tools.cost.errors import UnpricedError

DATABASE: dict[str, Any] = {
    "Engine": "postgres",
    "EngineVersion": "15",
    "DBInstanceClass": "db.t3.large",
    "AllocatedStorage": "100",
    "StorageType": "gp3",
}
CACHE = {"CacheNodeType": "cache.t3.medium", "NumCacheClusters": 2, "SnapshotRetentionLimit": 5}
BALANCER = {"Type": "application", "Scheme": "internet-facing", "Subnets": ["a", "b", "c"]}
VOLUME = {"Ebs": {"VolumeSize": 50, "VolumeType": "gp3"}}
TEMPLATE = ("AWS::EC2::LaunchTemplate", {"LaunchTemplateData": {"BlockDeviceMappings": [VOLUME]}})


def nodes(count: int, *types: str, capacity: str = "ON_DEMAND") -> tuple[str, dict[str, Any]]:
    return (
        "AWS::EKS::Nodegroup",
        {
            "InstanceTypes": list(types),
            "CapacityType": capacity,
            "ScalingConfig": {"DesiredSize": count, "MinSize": 1, "MaxSize": 10},
            "LaunchTemplate": {"Id": {"Ref": "Template"}},
        },
    )


def agent(**features: bool) -> tuple[str, dict[str, Any]]:
    values = json.dumps({name: {"enabled": value} for name, value in features.items()})
    name = "amazon-cloudwatch-observability"
    return ("AWS::EKS::Addon", {"AddonName": name, "ConfigurationValues": values})


def detector(*enabled: str) -> dict[str, Any]:
    features = ("S3_DATA_EVENTS", "EKS_AUDIT_LOGS", "EBS_MALWARE_PROTECTION", "RDS_LOGIN_EVENTS")
    return {
        "Features": [
            {"Name": name, "Status": "ENABLED" if name in enabled else "DISABLED"}
            for name in (*features, "LAMBDA_NETWORK_LOGS")
        ]
    }


def metric(identity: str, period: int = 60) -> dict[str, Any]:
    return {"Id": identity, "MetricStat": {"Metric": {}, "Period": period, "Stat": "Sum"}}


METRIC_MATH = {"Metrics": [{"Id": "e", "Expression": "a / b"}, metric("a"), metric("b")]}
ANOMALY_DETECTION = {
    "ThresholdMetricId": "band",
    "Metrics": [{"Id": "band", "Expression": "..."}, metric("a")],
}

CASES: dict[str, tuple[Component, str, Resources, dict[str, float]]] = {
    "a cluster costs 0.10 an hour": (
        c.CLUSTER, "73.00", {"C": ("AWS::EKS::Cluster", {"Version": "1.35"})}, {},
    ),
    "a node group costs its desired nodes": (
        c.NODES, "182.21", {"N": nodes(3, "t3.large"), "Template": TEMPLATE}, {},
    ),
    "a node group of several instance types costs the most expensive one": (
        c.NODES, "121.47",  # 2 x 730 h x 0.0832
        {"N": nodes(2, "t3.medium", "t3.large"), "Template": TEMPLATE}, {},
    ),
    "each node has the launch template's volumes": (
        c.NODE_VOLUMES, "12.00", {"N": nodes(3, "t3.large"), "Template": TEMPLATE}, {},
    ),
    "a database in one zone costs its class and its storage": (
        c.DATABASE, "117.35", {"D": ("AWS::RDS::DBInstance", DATABASE)}, {},
    ),
    "a database in two zones costs both twice": (
        c.DATABASE, "234.70", {"D": ("AWS::RDS::DBInstance", DATABASE | {"MultiAZ": True})}, {},
    ),
    "a read replica has the storage of its source": (
        c.DATABASE, "234.70",
        {
            "D": ("AWS::RDS::DBInstance", DATABASE),
            "R": (
                "AWS::RDS::DBInstance",
                {
                    "DBInstanceClass": "db.t3.large",
                    "SourceDBInstanceIdentifier": {"Fn::Join": ["", ["arn:", {"Ref": "D"}]]},
                },
            ),
        },
        {},
    ),
    "Enhanced Monitoring costs its logs, and more with a shorter interval": (
        c.BACKUPS_AND_MONITORING, "0.50",
        {"D": ("AWS::RDS::DBInstance", DATABASE | {"MonitoringInterval": 30})}, {},
    ),
    "backups beyond the storage cost": (
        c.BACKUPS_AND_MONITORING, "9.50", {"D": ("AWS::RDS::DBInstance", DATABASE)},
        {"backup_gib_beyond_storage": 100},
    ),
    "backups in a second region cost storage of the same size": (
        c.BACKUPS_AND_MONITORING, "9.50",
        {"D": ("AWS::RDS::DBInstance", DATABASE | {"AutomaticBackupReplicationRegion": "x"})}, {},
    ),
    "Redis costs its nodes": (
        c.CACHE, "99.28", {"R": ("AWS::ElastiCache::ReplicationGroup", CACHE)}, {},
    ),
    "Redis in shards costs the nodes of all shards": (
        c.CACHE, "297.84",
        {
            "R": (
                "AWS::ElastiCache::ReplicationGroup",
                {
                    "CacheNodeType": "cache.t3.medium",
                    "NumNodeGroups": 3,
                    "ReplicasPerNodeGroup": 1,
                },
            )
        },
        {},
    ),
    "each snapshot of Redis costs, except the first": (
        c.BACKUPS_AND_MONITORING, "3.40",  # 4 x 10 GiB x 0.085
        {"R": ("AWS::ElastiCache::ReplicationGroup", CACHE)}, {"cache_snapshot_gib": 10},
    ),
    "a load balancer costs its hours and its capacity units": (
        c.LOAD_BALANCER, "28.11",  # 730 x (0.0225 + 2 x 0.008)
        {"L": ("AWS::ElasticLoadBalancingV2::LoadBalancer", BALANCER)},
        {"load_balancer_capacity_units": 2},
    ),
    "a public load balancer has an address in each zone": (
        c.PUBLIC_ADDRESSES, "10.95",
        {"L": ("AWS::ElasticLoadBalancingV2::LoadBalancer", BALANCER)}, {},
    ),
    "an internal load balancer has no public address": (
        c.PUBLIC_ADDRESSES, "0",
        {"L": ("AWS::ElasticLoadBalancingV2::LoadBalancer", BALANCER | {"Scheme": "internal"})},
        {},
    ),
    "NAT gateways cost their hours and the data that they process": (
        c.NAT, "74.70",  # 2 x 32.85 + 200 x 0.045
        {"A": ("AWS::EC2::NatGateway", {}), "B": ("AWS::EC2::NatGateway", {})},
        {"nat_processed_gib": 200},
    ),
    "an Elastic IP address costs its hours": (
        c.PUBLIC_ADDRESSES, "3.65", {"E": ("AWS::EC2::EIP", {})}, {},
    ),
    "traffic costs to the internet, and in both directions between zones": (
        c.DATA_TRANSFER, "11.00", {"V": ("AWS::EC2::VPC", {})},
        {"data_out_gib": 100, "cross_zone_gib": 100},
    ),
    "an interface endpoint costs for each subnet": (
        c.ENDPOINTS, "22.40",  # 3 x 7.30 + 50 x 0.01
        {
            "I": (
                "AWS::EC2::VPCEndpoint",
                {"VpcEndpointType": "Interface", "SubnetIds": ["a", "b", "c"]},
            )
        },
        {"endpoint_processed_gib": 50},
    ),
    "a gateway endpoint costs nothing": (
        c.ENDPOINTS, "0", {"G": ("AWS::EC2::VPCEndpoint", {"VpcEndpointType": "Gateway"})},
        {"endpoint_processed_gib": 50},
    ),
    "keys cost, and their first two rotations cost as much each": (
        c.KMS_KEYS, "4.30",
        {
            "A": ("AWS::KMS::Key", {"EnableKeyRotation": True}),
            "B": ("AWS::KMS::Key", {}),
        },
        {"key_rotations": 2, "key_requests_thousands": 100},
    ),
    "secrets cost, and so do requests": (
        c.SECRETS, "1.80",
        {"A": ("AWS::SecretsManager::Secret", {}), "B": ("AWS::SecretsManager::Secret", {})},
        {"secret_requests_thousands": 200},
    ),
    "a web ACL costs, and so do its rules and requests": (
        c.WAF, "13.00", {"W": ("AWS::WAFv2::WebACL", {"Rules": [{}, {}]})},
        {"requests_millions": 10},
    ),
    "the logs of a web ACL cost": (
        c.WAF, "5.00", {"L": ("AWS::WAFv2::LoggingConfiguration", {})},
        {"firewall_log_gib": 10},
    ),
    "flow logs cost their log data": (
        c.FLOW_LOGS, "5.00", {"F": ("AWS::EC2::FlowLog", {})}, {"flow_log_gib": 10},
    ),
    "control plane logs cost if they are enabled": (
        c.BACKUPS_AND_MONITORING, "5.00",
        {"C": ("AWS::EKS::Cluster", {"Version": "1.35", "Logging": {"ClusterLogging": {}}})},
        {"control_plane_log_gib": 10},
    ),
    "a cluster without control plane logs has no cost for logs": (
        c.BACKUPS_AND_MONITORING, "0", {"C": ("AWS::EKS::Cluster", {"Version": "1.35"})},
        {"control_plane_log_gib": 10},
    ),
    "pod logs cost": (
        c.BACKUPS_AND_MONITORING, "5.00", {"A": agent(containerLogs=True)}, {"pod_log_gib": 10},
    ),
    "Container Insights costs for each node": (
        c.CONTAINER_INSIGHTS, "8.40",  # 2 x 20 million x 0.21
        {
            "A": agent(containerLogs=False, containerInsights=True),
            "N": nodes(2, "t3.large"),
            "Template": TEMPLATE,
        },
        {"insights_observations_millions_per_node": 20},
    ),
    "Container Insights costs nothing if it is disabled": (
        c.CONTAINER_INSIGHTS, "0",
        {"A": agent(containerInsights=False), "N": nodes(2, "t3.large"), "Template": TEMPLATE},
        {"insights_observations_millions_per_node": 20},
    ),
    "an alarm costs 0.10": (
        c.BACKUPS_AND_MONITORING, "0.10", {"A": ("AWS::CloudWatch::Alarm", {"Period": 60})}, {},
    ),
    "an alarm on metric math costs for each metric": (
        c.BACKUPS_AND_MONITORING, "0.20", {"A": ("AWS::CloudWatch::Alarm", METRIC_MATH)}, {},
    ),
    "a high-resolution alarm costs three times as much": (
        c.BACKUPS_AND_MONITORING, "0.30", {"A": ("AWS::CloudWatch::Alarm", {"Period": 10})}, {},
    ),
    "an anomaly detection alarm costs as much as three metrics": (
        c.BACKUPS_AND_MONITORING, "0.30", {"A": ("AWS::CloudWatch::Alarm", ANOMALY_DETECTION)}, {},
    ),
    "a composite alarm costs 0.50": (
        c.BACKUPS_AND_MONITORING, "0.50", {"A": ("AWS::CloudWatch::CompositeAlarm", {})}, {},
    ),
    "a dashboard costs 3": (
        c.BACKUPS_AND_MONITORING, "3.00", {"D": ("AWS::CloudWatch::Dashboard", {})}, {},
    ),
    "a metric filter costs 0.30 for each metric": (
        c.BACKUPS_AND_MONITORING, "0.60",
        {"M": ("AWS::Logs::MetricFilter", {"MetricTransformations": [{}, {}]})}, {},
    ),
    "log groups cost ingestion and storage": (
        c.BACKUPS_AND_MONITORING, "5.30",
        {"A": ("AWS::Logs::LogGroup", {}), "B": ("AWS::Logs::LogGroup", {})},
        {"other_log_gib": 10, "stored_log_gib": 10},
    ),
    "the second trail of an account costs its events": (
        c.AUDITING, "10.00", {"T": ("AWS::CloudTrail::Trail", {})}, {"audit_events_thousands": 500},
    ),
    "GuardDuty costs events and flow logs": (
        c.AUDITING, "12.00", {"G": ("AWS::GuardDuty::Detector", detector())},
        {"audit_events_thousands": 500, "flow_log_gib": 10, "kubernetes_audit_events_millions": 7},
    ),
    "GuardDuty costs Kubernetes audit events": (
        c.AUDITING, "11.20", {"G": ("AWS::GuardDuty::Detector", detector("EKS_AUDIT_LOGS"))},
        {"kubernetes_audit_events_millions": 7, "object_events_millions": 5},
    ),
    "GuardDuty costs requests for objects": (
        c.AUDITING, "4.00", {"G": ("AWS::GuardDuty::Detector", detector("S3_DATA_EVENTS"))},
        {"kubernetes_audit_events_millions": 7, "object_events_millions": 5},
    ),
    "GuardDuty costs scanned volumes": (
        c.AUDITING, "3.00", {"G": ("AWS::GuardDuty::Detector", detector("EBS_MALWARE_PROTECTION"))},
        {"malware_scanned_gib": 100},
    ),
    "GuardDuty costs the network activity of functions": (
        c.AUDITING, "2.00", {"G": ("AWS::GuardDuty::Detector", detector("LAMBDA_NETWORK_LOGS"))},
        {"function_network_gib": 2},
    ),
    "GuardDuty costs each vCPU of a database": (
        c.AUDITING, "2.00",
        {
            "G": ("AWS::GuardDuty::Detector", detector("RDS_LOGIN_EVENTS")),
            "D": ("AWS::RDS::DBInstance", DATABASE),
        }, {},
    ),
    "GuardDuty has each feature that its detector does not name": (
        c.AUDITING, "15.20", {"G": ("AWS::GuardDuty::Detector", {})},
        {"kubernetes_audit_events_millions": 7, "object_events_millions": 5},
    ),
    "AWS Config costs for each configuration item": (
        c.AUDITING, "3.00", {"R": ("AWS::Config::ConfigurationRecorder", {})},
        {"config_items": 1000},
    ),
    "a conformance pack costs for each evaluation": (
        c.AUDITING, "2.00", {"P": ("AWS::Config::ConformancePack", {})},
        {"config_evaluations": 2000},
    ),
    "Shield Advanced costs its subscription": (
        c.SHIELD, "3000.00", {"S": ("AWS::Shield::Protection", {})}, {},
    ),
    "buckets cost storage and PUT requests": (
        c.S3_AND_LAMBDA, "7.30", {"B": ("AWS::S3::Bucket", {})},
        {"bucket_gib": 100, "bucket_requests_thousands": 1000},
    ),
    "functions cost their duration": (
        c.S3_AND_LAMBDA, "1.67", {"F": ("AWS::Lambda::Function", {})},
        {"function_gib_seconds": 100_000},
    ),
    "an advanced parameter costs 0.05": (
        c.S3_AND_LAMBDA, "0.05", {"P": ("AWS::SSM::Parameter", {"Tier": "Advanced"})}, {},
    ),
}  # fmt: skip


@pytest.mark.parametrize("sentence", CASES)
def test_price_of_a_resource(sentence: str) -> None:
    component, usd, resources, assumptions = CASES[sentence]
    assert price(resources, assumptions).cost_of(component) == Decimal(usd)


def test_a_cluster_costs_six_times_as_much_after_the_end_of_standard_support() -> None:
    cluster: Resources = {"C": ("AWS::EKS::Cluster", {"Version": "1.35"})}
    last = dt.date(2027, 3, 27)
    assert price(cluster, today=last).usd == Decimal("73.00")
    assert price(cluster, today=last + dt.timedelta(days=1)).usd == Decimal("438.00")


def test_a_database_in_extended_support_costs_for_each_vcpu_in_both_zones() -> None:
    database: Resources = {"D": ("AWS::RDS::DBInstance", DATABASE | {"MultiAZ": True})}
    last = dt.date(2028, 2, 29)
    added = price(database, today=last + dt.timedelta(days=1)).usd - price(database, today=last).usd
    assert added == Decimal("292.00")  # 2 zones x 2 vCPU x 730 h x 0.10


FREE_TIER: dict[str, tuple[Resources, dict[str, float], str, str]] = {
    "three dashboards": (
        {name: ("AWS::CloudWatch::Dashboard", {}) for name in "ABCD"}, {}, "12.00", "3.00",
    ),
    "ten alarm metrics": (
        {name: ("AWS::CloudWatch::Alarm", {}) for name in "ABCDEFGHIJKL"}, {}, "1.20", "0.20",
    ),
    "5 GiB of logs": ({"L": ("AWS::Logs::LogGroup", {})}, {"other_log_gib": 7}, "3.50", "1.00"),
    "100 GiB to the internet": (
        {"V": ("AWS::EC2::VPC", {})}, {"data_out_gib": 150}, "13.50", "4.50",
    ),
    "one trail": (
        {"T": ("AWS::CloudTrail::Trail", {})}, {"audit_events_thousands": 100}, "2.00", "0",
    ),
}  # fmt: skip


@pytest.mark.parametrize("allowance", FREE_TIER)
def test_the_free_tier_counts_for_the_stage_that_monitors_the_account(
    allowance: str,
) -> None:
    resources, assumptions, usd, usd_with_free_tier = FREE_TIER[allowance]
    assert price(resources, assumptions).usd == Decimal(usd)
    assert price(resources, assumptions, uses_free_tier=True).usd == Decimal(usd_with_free_tier)


UNPRICED: dict[str, tuple[Resources, str]] = {
    "a database class": (
        {"D": ("AWS::RDS::DBInstance", DATABASE | {"DBInstanceClass": "db.x9.huge"})},
        "D (AWS::RDS::DBInstance): DBInstanceClass: found 'db.x9.huge'; allowed: db.t3.medium,",
    ),
    "a storage type": (
        {"D": ("AWS::RDS::DBInstance", DATABASE | {"StorageType": "io2"})},
        "D (AWS::RDS::DBInstance): StorageType: found 'io2'; allowed: gp3, gp2",
    ),
    "a database engine": (
        {"D": ("AWS::RDS::DBInstance", DATABASE | {"Engine": "mysql"})},
        "Engine: found 'mysql'; allowed: postgres",
    ),
    "a database without a storage size": (
        {"D": ("AWS::RDS::DBInstance", DATABASE | {"AllocatedStorage": None})},
        "AllocatedStorage: not in the template",
    ),
    "paid Database Insights": (
        {"D": ("AWS::RDS::DBInstance", DATABASE | {"PerformanceInsightsRetentionPeriod": 31})},
        "Database Insights: found standard, 31 days; allowed: standard, 7 days",
    ),
    "a cache node type": (
        {"R": ("AWS::ElastiCache::ReplicationGroup", CACHE | {"CacheNodeType": "cache.x9"})},
        "CacheNodeType: found 'cache.x9'; allowed: cache.t3.medium,",
    ),
    "an instance type": (
        {"N": nodes(1, "p9.large"), "Template": TEMPLATE},
        "N (AWS::EKS::Nodegroup): InstanceTypes: found 'p9.large'; allowed: t3.medium,",
    ),
    "spot nodes": (
        {"N": nodes(1, "t3.large", capacity="SPOT"), "Template": TEMPLATE},
        "N (AWS::EKS::Nodegroup): CapacityType: found 'SPOT'; allowed: ON_DEMAND",
    ),
    "nodes whose volumes are not in the stack": (
        {"N": nodes(1, "t3.large")},
        "N (AWS::EKS::Nodegroup): LaunchTemplate: its volumes cannot be read",
    ),
    "a Kubernetes version": (
        {"C": ("AWS::EKS::Cluster", {"Version": "9.9"})}, "Version: found '9.9'; allowed: 1.28,",
    ),
    "a Network Load Balancer": (
        {"L": ("AWS::ElasticLoadBalancingV2::LoadBalancer", BALANCER | {"Type": "network"})},
        "Type: found 'network'; allowed: application",
    ),
    "flow logs in S3": (
        {"F": ("AWS::EC2::FlowLog", {"LogDestinationType": "s3"})},
        "LogDestinationType: found 's3'; allowed: cloud-watch-logs",
    ),
    "another class of log group": (
        {"L": ("AWS::Logs::LogGroup", {"LogGroupClass": "INFREQUENT_ACCESS"})},
        "LogGroupClass: found 'INFREQUENT_ACCESS'; allowed: STANDARD",
    ),
    "a feature of the CloudWatch agent": (
        {"A": agent(containerLogs=True, applicationSignals=True)},
        "A (AWS::EKS::Addon): ConfigurationValues: found applicationSignals enabled; allowed:",
    ),
    "data events": (
        {"T": ("AWS::CloudTrail::Trail", {"EventSelectors": [{"DataResources": [{}]}]})},
        "T (AWS::CloudTrail::Trail): EventSelectors: data events",
    ),
    "an analyzer of unused access": (
        {"A": ("AWS::AccessAnalyzer::Analyzer", {"Type": "ACCOUNT_UNUSED_ACCESS"})},
        "Type: found 'ACCOUNT_UNUSED_ACCESS'; allowed: ACCOUNT, ORGANIZATION",
    ),
}  # fmt: skip


@pytest.mark.parametrize("case", UNPRICED)
def test_a_resource_without_a_price_is_refused_with_its_logical_id(case: str) -> None:
    resources, message = UNPRICED[case]
    with pytest.raises(UnpricedError) as caught:
        price(resources)
    assert str(caught.value).startswith("spywatcher-production-x: ")
    assert message in str(caught.value)
