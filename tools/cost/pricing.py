"""How each resource type is billed: its resources in a stage, to lines of the estimate."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from decimal import Decimal
from typing import Any, TypeAlias

from settings import support
from settings.instances import DATABASE_CLASSES
from tools.cost import prices
from tools.cost.components import (
    ADDRESSES,
    AUDIT,
    BACKUPS_AND_MONITORING,
    CACHE,
    CLUSTER,
    CONTAINER_INSIGHTS,
    DATA_TRANSFER,
    DATABASE,
    ENDPOINTS,
    FIREWALL,
    FLOW_LOGS,
    KEYS,
    LOAD_BALANCER,
    NAT,
    NODE_VOLUMES,
    NODES,
    OTHER,
    SECRETS,
    SHIELD,
    Component,
)
from tools.cost.inventory import Inventory, Line, Resource, UnpricedError
from tools.cost.prices import HOURS_PER_MONTH, Price

Pricer: TypeAlias = Callable[[Sequence[Resource], Inventory], Iterable[Line]]
"""From all resources of one type to what they cost."""

_SYSTEM_METRICS_GIB = Decimal("0.5")
"""Enhanced Monitoring of one instance, measured once a minute."""
_SECONDS_OF_IT = 60


def _hours(component: Component, what: str, count: int, price: Price) -> Line:
    return Line(component, what, count * HOURS_PER_MONTH, price)


def _cluster(resources: Sequence[Resource], inventory: Inventory) -> Iterator[Line]:
    for cluster in resources:
        version = cluster.properties.get("Version")
        extended = cluster.priced("Version", support.KUBERNETES).standard_until < inventory.today
        price = prices.EKS_HOUR_EXTENDED_SUPPORT if extended else prices.EKS_HOUR
        what = f"Kubernetes {version}" + (" in extended support" if extended else "")
        yield _hours(CLUSTER, what, 1, price)
        if cluster.properties.get("Logging"):
            yield inventory.assumed(
                BACKUPS_AND_MONITORING,
                "control plane logs",
                "control_plane_log_gib",
                prices.LOG_INGESTION_GIB,
            )


def _node_groups(resources: Sequence[Resource], inventory: Inventory) -> Iterator[Line]:
    for group in resources:
        group.priced("CapacityType", {"ON_DEMAND": ""}, default="ON_DEMAND")
        count = _node_count(group)
        hourly = {
            name: group.look_up("InstanceTypes", name, prices.EC2_HOURS)
            for name in group.properties["InstanceTypes"]
        }
        dearest, price = max(hourly.items(), key=lambda each: each[1].usd)
        yield _hours(NODES, f"{count} x {dearest}", count, price)
        yield from _node_volumes(group, count, inventory)


def _node_count(group: Resource) -> int:
    return int(group.properties["ScalingConfig"]["DesiredSize"])


def _node_volumes(group: Resource, count: int, inventory: Inventory) -> Iterator[Line]:
    reference = group.properties.get("LaunchTemplate", {}).get("Id")
    template = inventory.beside(group, reference)
    data = template.properties["LaunchTemplateData"] if template else {}
    disks = [mapping["Ebs"] for mapping in data.get("BlockDeviceMappings", ())]
    if not disks:
        raise UnpricedError(
            f"{group}: LaunchTemplate: its volumes cannot be read (tools/cost/pricing.py)"
        )
    for disk in disks:
        size, kind = int(disk["VolumeSize"]), disk.get("VolumeType")
        price = group.look_up("LaunchTemplate", kind, prices.EBS_GIB)
        yield Line(NODE_VOLUMES, f"{count} x {size} GiB, {kind}", Decimal(count * size), price)


def _add_ons(resources: Sequence[Resource], inventory: Inventory) -> Iterator[Line]:
    for add_on in resources:
        if add_on.properties["AddonName"] != "amazon-cloudwatch-observability":
            continue
        values: Mapping[str, Any] = json.loads(add_on.properties.get("ConfigurationValues", "{}"))
        enabled = {name for name, value in values.items() if value.get("enabled")}
        if unknown := enabled - {"containerLogs", "containerInsights"}:
            raise UnpricedError(
                f"{add_on}: ConfigurationValues: found {', '.join(sorted(unknown))} enabled; "
                "allowed: containerLogs, containerInsights (add the others to "
                "tools/cost/pricing.py)"
            )
        if "containerLogs" in enabled:
            yield inventory.assumed(
                BACKUPS_AND_MONITORING, "pod logs", "pod_log_gib", prices.LOG_INGESTION_GIB
            )
        if "containerInsights" in enabled:
            nodes = sum(map(_node_count, inventory.of("AWS::EKS::Nodegroup")))
            key = "insights_observations_millions_per_node"
            millions = Decimal(str(getattr(inventory.assumptions, key))) * nodes
            yield Line(
                CONTAINER_INSIGHTS,
                f"{nodes} x node",
                millions,
                prices.CONTAINER_INSIGHTS_OBSERVATIONS,
                key,
            )


def _databases(resources: Sequence[Resource], inventory: Inventory) -> Iterator[Line]:
    for instance in resources:
        yield from _database(instance, inventory)
    yield inventory.assumed(
        BACKUPS_AND_MONITORING,
        "PostgreSQL backups beyond the storage",
        "backup_gib_beyond_storage",
        prices.RDS_BACKUP_GIB,
    )


def _database(instance: Resource, inventory: Inventory) -> Iterator[Line]:
    properties = instance.properties
    source = inventory.beside(instance, properties.get("SourceDBInstanceIdentifier")) or instance
    instance.priced("Engine", {"postgres": ""}, default=source.properties.get("Engine"))
    name = str(properties["DBInstanceClass"])
    copies = 2 if properties.get("MultiAZ") else 1
    zones = "Multi-AZ" if copies == 2 else "one zone"
    price = instance.priced("DBInstanceClass", prices.RDS_HOURS)
    yield Line(DATABASE, f"{name}, {zones}", copies * HOURS_PER_MONTH, price)

    storage = properties.get("AllocatedStorage", source.properties.get("AllocatedStorage"))
    if storage is None:
        raise UnpricedError(
            f"{instance}: AllocatedStorage: not in the template (tools/cost/pricing.py)"
        )
    gib = Decimal(str(storage))
    kind = source.properties.get("StorageType")
    price = instance.priced("StorageType", prices.RDS_STORAGE_GIB, default=kind)
    yield Line(DATABASE, f"{gib:f} GiB storage, {zones}", copies * gib, price)

    yield from _extended_support(instance, source, copies, inventory)
    if "AutomaticBackupReplicationRegion" in properties:
        what = "backups in a second region, as large as the storage"
        yield Line(BACKUPS_AND_MONITORING, what, gib, prices.RDS_BACKUP_GIB)
    retention = int(properties.get("PerformanceInsightsRetentionPeriod", 7))
    insights = properties.get("DatabaseInsightsMode", "standard")
    if retention > 7 or insights != "standard":
        raise UnpricedError(
            f"{instance}: Database Insights: found {insights}, {retention} days; allowed: "
            "standard, 7 days, which is free (add the other price to tools/cost/pricing.py)"
        )
    if seconds := int(properties.get("MonitoringInterval", 0)):
        gib = copies * _SYSTEM_METRICS_GIB * _SECONDS_OF_IT / seconds
        what = f"PostgreSQL's system metrics every {seconds} s"
        yield Line(BACKUPS_AND_MONITORING, what, gib, prices.LOG_INGESTION_GIB)


def _extended_support(
    instance: Resource, source: Resource, copies: int, inventory: Inventory
) -> Iterator[Line]:
    version = instance.properties.get("EngineVersion") or source.properties.get("EngineVersion")
    dates = support.POSTGRESQL.get(str(version).partition(".")[0])
    if dates and dates.standard_until < inventory.today:
        vcpus = DATABASE_CLASSES[str(instance.properties["DBInstanceClass"])].vcpus
        hours = copies * vcpus * HOURS_PER_MONTH
        what = f"PostgreSQL {version} in extended support"
        yield Line(DATABASE, what, hours, prices.RDS_VCPU_HOUR_EXTENDED_SUPPORT)


def _caches(resources: Sequence[Resource], inventory: Inventory) -> Iterator[Line]:
    for group in resources:
        name, nodes = group.properties["CacheNodeType"], _cache_nodes(group)
        price = group.priced("CacheNodeType", prices.ELASTICACHE_HOURS)
        yield _hours(CACHE, f"{nodes} x {name}", nodes, price)
        paid = max(0, int(group.properties.get("SnapshotRetentionLimit", 0)) - 1)
        key = "cache_snapshot_gib"
        gib = Decimal(str(getattr(inventory.assumptions, key)))
        what = f"{paid} x Redis snapshot, after a free one"
        yield Line(BACKUPS_AND_MONITORING, what, paid * gib, prices.ELASTICACHE_BACKUP_GIB, key)


def _cache_nodes(group: Resource) -> int:
    if "NumCacheClusters" in group.properties:
        return int(group.properties["NumCacheClusters"])
    shards = int(group.properties.get("NumNodeGroups", 1))
    return shards * (1 + int(group.properties.get("ReplicasPerNodeGroup", 0)))


def _load_balancers(resources: Sequence[Resource], inventory: Inventory) -> Iterator[Line]:
    for balancer in resources:
        balancer.priced("Type", {"application": ""}, default="application")
    count = len(resources)
    yield _hours(LOAD_BALANCER, f"{count} x load balancer", count, prices.ALB_HOUR)
    key = "load_balancer_capacity_units"
    units = Decimal(str(getattr(inventory.assumptions, key)))
    yield Line(LOAD_BALANCER, "capacity in use", units * HOURS_PER_MONTH, prices.ALB_LCU_HOUR, key)
    public = [each for each in resources if each.properties.get("Scheme") == "internet-facing"]
    zones = sum(len(each.properties["Subnets"]) for each in public)
    if zones:
        what = f"{zones} x load balancer, one a zone"
        yield _hours(ADDRESSES, what, zones, prices.PUBLIC_IPV4_HOUR)


def _vpc(resources: Sequence[Resource], inventory: Inventory) -> Iterator[Line]:
    yield inventory.assumed(
        DATA_TRANSFER,
        "to the internet",
        "data_out_gib",
        prices.INTERNET_GIB,
        free=prices.FREE_DATA_OUT_GIB,
    )
    yield inventory.assumed(DATA_TRANSFER, "between zones", "cross_zone_gib", prices.CROSS_ZONE_GIB)


def _nat_gateways(resources: Sequence[Resource], inventory: Inventory) -> Iterator[Line]:
    yield _hours(NAT, f"{len(resources)} x gateway", len(resources), prices.NAT_GATEWAY_HOUR)
    yield inventory.assumed(NAT, "processed", "nat_processed_gib", prices.NAT_GATEWAY_GIB)


def _addresses(resources: Sequence[Resource], inventory: Inventory) -> Iterator[Line]:
    count = len(resources)
    yield _hours(ADDRESSES, f"{count} x elastic address", count, prices.PUBLIC_IPV4_HOUR)


def _endpoints(resources: Sequence[Resource], inventory: Inventory) -> Iterator[Line]:
    interfaces = [
        each for each in resources if each.properties.get("VpcEndpointType") == "Interface"
    ]
    if interfaces:
        zones = sum(len(each.properties["SubnetIds"]) for each in interfaces)
        what = f"{len(interfaces)} x endpoint, in {zones} subnets together"
        yield _hours(ENDPOINTS, what, zones, prices.INTERFACE_ENDPOINT_HOUR)
        yield inventory.assumed(
            ENDPOINTS, "processed", "endpoint_processed_gib", prices.INTERFACE_ENDPOINT_GIB
        )


def _keys(resources: Sequence[Resource], inventory: Inventory) -> Iterator[Line]:
    yield Line(KEYS, "keys", Decimal(len(resources)), prices.KMS_KEY)
    rotating = sum(bool(each.properties.get("EnableKeyRotation")) for each in resources)
    if rotations := inventory.assumptions.key_rotations:
        quantity = Decimal(rotating * rotations)
        yield Line(KEYS, "rotations behind them", quantity, prices.KMS_ROTATION, "key_rotations")
    yield inventory.assumed(KEYS, "requests", "key_requests_thousands", prices.KMS_REQUESTS, per=10)


def _secrets(resources: Sequence[Resource], inventory: Inventory) -> Iterator[Line]:
    yield Line(SECRETS, "secrets", Decimal(len(resources)), prices.SECRET)
    yield inventory.assumed(
        SECRETS, "requests", "secret_requests_thousands", prices.SECRET_REQUESTS, per=10
    )


def _firewalls(resources: Sequence[Resource], inventory: Inventory) -> Iterator[Line]:
    for firewall in resources:
        rules = firewall.properties.get("Rules", ())
        yield Line(FIREWALL, "web ACL", Decimal(1), prices.WEB_ACL)
        yield Line(FIREWALL, "rules and managed groups", Decimal(len(rules)), prices.WEB_ACL_RULE)
    yield inventory.assumed(FIREWALL, "requests", "requests_millions", prices.WEB_ACL_REQUESTS)


def _firewall_logs(resources: Sequence[Resource], inventory: Inventory) -> Iterator[Line]:
    yield inventory.assumed(FIREWALL, "its log", "firewall_log_gib", prices.LOG_INGESTION_GIB)


def _flow_logs(resources: Sequence[Resource], inventory: Inventory) -> Iterator[Line]:
    for flow_log in resources:
        flow_log.priced("LogDestinationType", {"cloud-watch-logs": ""}, default="cloud-watch-logs")
    yield inventory.assumed(FLOW_LOGS, "to CloudWatch", "flow_log_gib", prices.LOG_INGESTION_GIB)


def _log_groups(resources: Sequence[Resource], inventory: Inventory) -> Iterator[Line]:
    for group in resources:
        group.priced("LogGroupClass", {"STANDARD": ""}, default="STANDARD")
    yield inventory.assumed(
        BACKUPS_AND_MONITORING,
        "logs of trail, data stores, functions",
        "other_log_gib",
        prices.LOG_INGESTION_GIB,
        free=prices.FREE_LOG_GIB,
    )
    yield inventory.assumed(
        BACKUPS_AND_MONITORING, "logs kept", "stored_log_gib", prices.LOG_STORAGE_GIB
    )


def _alarms(resources: Sequence[Resource], inventory: Inventory) -> Iterator[Line]:
    metrics = Counter[bool]()
    for alarm in resources:
        count, fast = _alarm_metrics(alarm.properties)
        metrics[fast] += count
    free = prices.FREE_ALARM_METRICS if inventory.first_in_account else 0
    standard = max(0, metrics[False] - free)
    what = f"alarm metrics ({metrics[False]}, {free} free)"
    yield Line(BACKUPS_AND_MONITORING, what, Decimal(standard), prices.ALARM_METRIC)
    if metrics[True]:
        price = prices.ALARM_METRIC_HIGH_RESOLUTION
        yield Line(BACKUPS_AND_MONITORING, "fast alarm metrics", Decimal(metrics[True]), price)


def _alarm_metrics(properties: Mapping[str, Any]) -> tuple[int, bool]:
    """Return how many metrics an alarm watches, and whether more often than once a minute.

    An alarm on metric math costs each metric of the formula, one on anomalies three.
    """
    statistics = [
        each["MetricStat"] for each in properties.get("Metrics", ()) if "MetricStat" in each
    ]
    periods = [each["Period"] for each in statistics] or [properties.get("Period", 60)]
    count = max(1, len(statistics))
    if "ThresholdMetricId" in properties:
        count *= 3
    return count, min(periods) < 60


def _composite_alarms(resources: Sequence[Resource], inventory: Inventory) -> Iterator[Line]:
    count = Decimal(len(resources))
    yield Line(BACKUPS_AND_MONITORING, "composite alarms", count, prices.COMPOSITE_ALARM)


def _dashboards(resources: Sequence[Resource], inventory: Inventory) -> Iterator[Line]:
    free = prices.FREE_DASHBOARDS if inventory.first_in_account else 0
    paid = Decimal(max(0, len(resources) - free))
    what = f"{len(resources)} x dashboard ({free} free)"
    yield Line(BACKUPS_AND_MONITORING, what, paid, prices.DASHBOARD)


def _metric_filters(resources: Sequence[Resource], inventory: Inventory) -> Iterator[Line]:
    count = sum(len(each.properties["MetricTransformations"]) for each in resources)
    what = "metrics made from logs"
    yield Line(BACKUPS_AND_MONITORING, what, Decimal(count), prices.CUSTOM_METRIC)


def _trails(resources: Sequence[Resource], inventory: Inventory) -> Iterator[Line]:
    """Price the management events: the first trail of an account records them for nothing."""
    for trail in resources:
        selectors = trail.properties.get("EventSelectors") or ()
        if any(selector.get("DataResources") for selector in selectors):
            raise UnpricedError(f"{trail}: EventSelectors: data events (tools/cost/pricing.py)")
    if not inventory.first_in_account:
        yield inventory.assumed(
            AUDIT,
            "CloudTrail: the account's second trail",
            "audit_events_thousands",
            prices.CLOUDTRAIL_EVENTS,
            per=100,
        )


def _detectors(resources: Sequence[Resource], inventory: Inventory) -> Iterator[Line]:
    yield inventory.assumed(
        AUDIT, "GuardDuty: events", "audit_events_thousands", prices.GUARDDUTY_EVENTS, per=1000
    )
    yield inventory.assumed(
        AUDIT, "GuardDuty: flow and DNS logs", "flow_log_gib", prices.GUARDDUTY_LOG_GIB
    )


def _recorders(resources: Sequence[Resource], inventory: Inventory) -> Iterator[Line]:
    yield inventory.assumed(AUDIT, "Config: changes", "config_items", prices.CONFIG_ITEM)


def _conformance_packs(resources: Sequence[Resource], inventory: Inventory) -> Iterator[Line]:
    yield inventory.assumed(
        AUDIT, "Config: evaluations", "config_evaluations", prices.CONFIG_EVALUATION
    )


def _analyzers(resources: Sequence[Resource], inventory: Inventory) -> Iterator[Line]:
    for analyzer in resources:
        analyzer.priced("Type", {"ACCOUNT": "", "ORGANIZATION": ""})
    return iter(())


def _shield(resources: Sequence[Resource], inventory: Inventory) -> Iterator[Line]:
    yield Line(SHIELD, "the organization's, whole", Decimal(1), prices.SHIELD_ADVANCED)


def _buckets(resources: Sequence[Resource], inventory: Inventory) -> Iterator[Line]:
    yield inventory.assumed(OTHER, "S3: stored", "bucket_gib", prices.S3_GIB)
    yield inventory.assumed(
        OTHER, "S3: files written", "bucket_requests_thousands", prices.S3_REQUESTS
    )


def _functions(resources: Sequence[Resource], inventory: Inventory) -> Iterator[Line]:
    yield inventory.assumed(
        OTHER, "Lambda: run time", "function_gib_seconds", prices.LAMBDA_GIB_SECOND
    )


def _parameters(resources: Sequence[Resource], inventory: Inventory) -> Iterator[Line]:
    advanced = sum(each.properties.get("Tier") == "Advanced" for each in resources)
    if advanced:
        yield Line(OTHER, "advanced parameters", Decimal(advanced), prices.ADVANCED_PARAMETER)


PRICERS: Mapping[str, Pricer] = {
    "AWS::AccessAnalyzer::Analyzer": _analyzers,
    "AWS::CloudTrail::Trail": _trails,
    "AWS::CloudWatch::Alarm": _alarms,
    "AWS::CloudWatch::CompositeAlarm": _composite_alarms,
    "AWS::CloudWatch::Dashboard": _dashboards,
    "AWS::Config::ConfigurationRecorder": _recorders,
    "AWS::Config::ConformancePack": _conformance_packs,
    "AWS::EC2::EIP": _addresses,
    "AWS::EC2::FlowLog": _flow_logs,
    "AWS::EC2::NatGateway": _nat_gateways,
    "AWS::EC2::VPC": _vpc,
    "AWS::EC2::VPCEndpoint": _endpoints,
    "AWS::EKS::Addon": _add_ons,
    "AWS::EKS::Cluster": _cluster,
    "AWS::EKS::Nodegroup": _node_groups,
    "AWS::ElastiCache::ReplicationGroup": _caches,
    "AWS::ElasticLoadBalancingV2::LoadBalancer": _load_balancers,
    "AWS::GuardDuty::Detector": _detectors,
    "AWS::KMS::Key": _keys,
    "AWS::Logs::LogGroup": _log_groups,
    "AWS::Logs::MetricFilter": _metric_filters,
    "AWS::RDS::DBInstance": _databases,
    "AWS::S3::Bucket": _buckets,
    "AWS::Lambda::Function": _functions,
    "AWS::SSM::Parameter": _parameters,
    "AWS::SecretsManager::Secret": _secrets,
    "AWS::Shield::Protection": _shield,
    "AWS::WAFv2::WebACL": _firewalls,
    "AWS::WAFv2::LoggingConfiguration": _firewall_logs,
}
