"""Prices the resources of each type. A new type is added to `PRICING_FUNCTIONS`."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from decimal import Decimal
from typing import Any, TypeAlias

from settings import support
from settings.instances import DATABASE_CLASSES
from tools.cost import prices
from tools.cost.components import (
    AUDITING,
    BACKUPS_AND_MONITORING,
    CACHE,
    CLUSTER,
    CONTAINER_INSIGHTS,
    DATA_TRANSFER,
    DATABASE,
    ENDPOINTS,
    FLOW_LOGS,
    KMS_KEYS,
    LOAD_BALANCER,
    NAT,
    NODE_VOLUMES,
    NODES,
    PUBLIC_ADDRESSES,
    S3_AND_LAMBDA,
    SECRETS,
    SHIELD,
    WAF,
    Component,
)
from tools.cost.errors import UnpricedError
from tools.cost.inventory import Inventory, Resource
from tools.cost.line_item import LineItem
from tools.cost.prices import HOURS_PER_MONTH, Price

PricingFunction: TypeAlias = Callable[[Sequence[Resource], Inventory], Iterable[LineItem]]
"""Takes the resources of one type and the inventory of the stage; returns the line items."""

_ENHANCED_MONITORING_GIB = Decimal("0.5")
"""The logs of Enhanced Monitoring for one instance with an interval of 60 seconds."""
_ENHANCED_MONITORING_SECONDS = 60


def _hours(component: Component, what: str, count: int, price: Price) -> LineItem:
    return LineItem(component, what, count * HOURS_PER_MONTH, price)


def _clusters(resources: Sequence[Resource], inventory: Inventory) -> Iterator[LineItem]:
    for cluster in resources:
        version = cluster.properties.get("Version")
        extended = cluster.look_up("Version", support.KUBERNETES).standard_until < inventory.today
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


def _node_groups(resources: Sequence[Resource], inventory: Inventory) -> Iterator[LineItem]:
    for group in resources:
        group.require("CapacityType", ("ON_DEMAND",), default="ON_DEMAND")
        count = _node_count(group)
        hourly_prices = {
            name: group.look_up_value("InstanceTypes", name, prices.EC2_HOURS)
            for name in group.properties["InstanceTypes"]
        }
        most_expensive, price = max(hourly_prices.items(), key=lambda item: item[1].usd)
        yield _hours(NODES, f"{count} x {most_expensive}", count, price)
        yield from _node_volumes(group, count, inventory)


def _node_count(group: Resource) -> int:
    return int(group.properties["ScalingConfig"]["DesiredSize"])


def _node_volumes(group: Resource, count: int, inventory: Inventory) -> Iterator[LineItem]:
    reference = group.properties.get("LaunchTemplate", {}).get("Id")
    template = inventory.find_referenced(group, reference)
    data = template.properties["LaunchTemplateData"] if template else {}
    volumes = [mapping["Ebs"] for mapping in data.get("BlockDeviceMappings", ())]
    if not volumes:
        raise UnpricedError(
            f"{group}: LaunchTemplate: its volumes cannot be read (tools/cost/pricing.py)"
        )
    for volume in volumes:
        size, volume_type = int(volume["VolumeSize"]), volume.get("VolumeType")
        price = group.look_up_value("LaunchTemplate", volume_type, prices.EBS_GIB)
        what = f"{count} x {size} GiB, {volume_type}"
        yield LineItem(NODE_VOLUMES, what, Decimal(count * size), price)


def _add_ons(resources: Sequence[Resource], inventory: Inventory) -> Iterator[LineItem]:
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
            nodes = sum(map(_node_count, inventory.of_type("AWS::EKS::Nodegroup")))
            setting = "insights_observations_millions_per_node"
            millions = inventory.assumed_usage(setting) * nodes
            yield LineItem(
                CONTAINER_INSIGHTS,
                f"{nodes} x node",
                millions,
                prices.CONTAINER_INSIGHTS_OBSERVATIONS,
                setting,
            )


def _db_instances(resources: Sequence[Resource], inventory: Inventory) -> Iterator[LineItem]:
    for instance in resources:
        yield from _db_instance(instance, inventory)
    yield inventory.assumed(
        BACKUPS_AND_MONITORING,
        "PostgreSQL backups beyond the free size",
        "backup_gib_beyond_storage",
        prices.RDS_BACKUP_GIB,
    )


def _db_instance(instance: Resource, inventory: Inventory) -> Iterator[LineItem]:
    properties = instance.properties
    reference = properties.get("SourceDBInstanceIdentifier")
    source = inventory.find_referenced(instance, reference) or instance
    instance.require("Engine", ("postgres",), default=source.properties.get("Engine"))
    copies = 2 if properties.get("MultiAZ") else 1
    zones = "Multi-AZ" if copies == 2 else "one zone"
    price = instance.look_up("DBInstanceClass", prices.RDS_HOURS)
    what = f"{properties['DBInstanceClass']}, {zones}"
    yield LineItem(DATABASE, what, copies * HOURS_PER_MONTH, price)

    gib = _storage_gib(instance, source)
    source_type = source.properties.get("StorageType")
    price = instance.look_up("StorageType", prices.RDS_STORAGE_GIB, default=source_type)
    yield LineItem(DATABASE, f"{gib:f} GiB storage, {zones}", copies * gib, price)

    yield from _extended_support(instance, source, copies, inventory)
    if "AutomaticBackupReplicationRegion" in properties:
        what = "backups in a second region, as large as the storage"
        yield LineItem(BACKUPS_AND_MONITORING, what, gib, prices.RDS_BACKUP_GIB)
    _require_free_insights(instance)
    yield from _enhanced_monitoring(instance, copies)


def _storage_gib(instance: Resource, source: Resource) -> Decimal:
    """Return the storage of an instance. A read replica has the storage of its source."""
    size = instance.properties.get("AllocatedStorage", source.properties.get("AllocatedStorage"))
    if size is None:
        raise UnpricedError(
            f"{instance}: AllocatedStorage: not in the template (tools/cost/pricing.py)"
        )
    return Decimal(str(size))


def _require_free_insights(instance: Resource) -> None:
    retention = int(instance.properties.get("PerformanceInsightsRetentionPeriod", 7))
    mode = instance.properties.get("DatabaseInsightsMode", "standard")
    if retention > 7 or mode != "standard":
        raise UnpricedError(
            f"{instance}: Database Insights: found {mode}, {retention} days; allowed: "
            "standard, 7 days, which is free (add the other price to tools/cost/pricing.py)"
        )


def _enhanced_monitoring(instance: Resource, copies: int) -> Iterator[LineItem]:
    if seconds := int(instance.properties.get("MonitoringInterval", 0)):
        gib = copies * _ENHANCED_MONITORING_GIB * _ENHANCED_MONITORING_SECONDS / seconds
        what = f"Enhanced Monitoring of PostgreSQL, every {seconds} s"
        yield LineItem(BACKUPS_AND_MONITORING, what, gib, prices.LOG_INGESTION_GIB)


def _extended_support(
    instance: Resource, source: Resource, copies: int, inventory: Inventory
) -> Iterator[LineItem]:
    version = instance.properties.get("EngineVersion") or source.properties.get("EngineVersion")
    dates = support.POSTGRESQL.get(str(version).partition(".")[0])
    if dates and dates.standard_until < inventory.today:
        vcpus = DATABASE_CLASSES[str(instance.properties["DBInstanceClass"])].vcpus
        hours = copies * vcpus * HOURS_PER_MONTH
        what = f"PostgreSQL {version} in extended support"
        yield LineItem(DATABASE, what, hours, prices.RDS_VCPU_HOUR_EXTENDED_SUPPORT)


def _replication_groups(resources: Sequence[Resource], inventory: Inventory) -> Iterator[LineItem]:
    for group in resources:
        name, nodes = group.properties["CacheNodeType"], _replication_group_nodes(group)
        price = group.look_up("CacheNodeType", prices.ELASTICACHE_HOURS)
        yield _hours(CACHE, f"{nodes} x {name}", nodes, price)
        paid = max(0, int(group.properties.get("SnapshotRetentionLimit", 0)) - 1)
        setting = "cache_snapshot_gib"
        gib = inventory.assumed_usage(setting)
        what = f"{paid} x Redis snapshot (1 free)"
        yield LineItem(
            BACKUPS_AND_MONITORING, what, paid * gib, prices.ELASTICACHE_BACKUP_GIB, setting
        )


def _replication_group_nodes(group: Resource) -> int:
    if "NumCacheClusters" in group.properties:
        return int(group.properties["NumCacheClusters"])
    shards = int(group.properties.get("NumNodeGroups", 1))
    return shards * (1 + int(group.properties.get("ReplicasPerNodeGroup", 0)))


def _load_balancers(resources: Sequence[Resource], inventory: Inventory) -> Iterator[LineItem]:
    for balancer in resources:
        balancer.require("Type", ("application",), default="application")
    count = len(resources)
    yield _hours(LOAD_BALANCER, f"{count} x load balancer", count, prices.ALB_HOUR)
    setting = "load_balancer_capacity_units"
    units = inventory.assumed_usage(setting)
    yield LineItem(
        LOAD_BALANCER, "capacity units", units * HOURS_PER_MONTH, prices.ALB_LCU_HOUR, setting
    )
    zones = sum(
        len(balancer.properties["Subnets"])
        for balancer in resources
        if balancer.properties.get("Scheme") == "internet-facing"
    )
    if zones:
        what = f"{zones} x load balancer address, one for each zone"
        yield _hours(PUBLIC_ADDRESSES, what, zones, prices.PUBLIC_IPV4_HOUR)


def _vpcs(resources: Sequence[Resource], inventory: Inventory) -> Iterator[LineItem]:
    yield inventory.assumed(
        DATA_TRANSFER,
        "to the internet",
        "data_out_gib",
        prices.INTERNET_GIB,
        free=prices.FREE_DATA_OUT_GIB,
    )
    yield inventory.assumed(DATA_TRANSFER, "between zones", "cross_zone_gib", prices.CROSS_ZONE_GIB)


def _nat_gateways(resources: Sequence[Resource], inventory: Inventory) -> Iterator[LineItem]:
    yield _hours(NAT, f"{len(resources)} x gateway", len(resources), prices.NAT_GATEWAY_HOUR)
    yield inventory.assumed(NAT, "processed data", "nat_processed_gib", prices.NAT_GATEWAY_GIB)


def _elastic_ips(resources: Sequence[Resource], inventory: Inventory) -> Iterator[LineItem]:
    count = len(resources)
    yield _hours(PUBLIC_ADDRESSES, f"{count} x Elastic IP address", count, prices.PUBLIC_IPV4_HOUR)


def _vpc_endpoints(resources: Sequence[Resource], inventory: Inventory) -> Iterator[LineItem]:
    endpoints = [
        endpoint
        for endpoint in resources
        if endpoint.properties.get("VpcEndpointType") == "Interface"
    ]
    if endpoints:
        subnets = sum(len(endpoint.properties["SubnetIds"]) for endpoint in endpoints)
        what = f"{len(endpoints)} x endpoint, in {subnets} subnets in total"
        yield _hours(ENDPOINTS, what, subnets, prices.INTERFACE_ENDPOINT_HOUR)
        yield inventory.assumed(
            ENDPOINTS, "processed data", "endpoint_processed_gib", prices.INTERFACE_ENDPOINT_GIB
        )


def _kms_keys(resources: Sequence[Resource], inventory: Inventory) -> Iterator[LineItem]:
    yield LineItem(KMS_KEYS, "keys", Decimal(len(resources)), prices.KMS_KEY)
    rotating = sum(bool(key.properties.get("EnableKeyRotation")) for key in resources)
    if rotations := inventory.assumptions.key_rotations:
        quantity = Decimal(rotating * rotations)
        yield LineItem(KMS_KEYS, "key rotations", quantity, prices.KMS_ROTATION, "key_rotations")
    yield inventory.assumed(
        KMS_KEYS, "requests", "key_requests_thousands", prices.KMS_REQUESTS, per=10
    )


def _secrets(resources: Sequence[Resource], inventory: Inventory) -> Iterator[LineItem]:
    yield LineItem(SECRETS, "secrets", Decimal(len(resources)), prices.SECRET)
    yield inventory.assumed(
        SECRETS, "requests", "secret_requests_thousands", prices.SECRET_REQUESTS, per=10
    )


def _web_acls(resources: Sequence[Resource], inventory: Inventory) -> Iterator[LineItem]:
    for web_acl in resources:
        rules = web_acl.properties.get("Rules", ())
        yield LineItem(WAF, "web ACL", Decimal(1), prices.WEB_ACL)
        yield LineItem(WAF, "rules and managed groups", Decimal(len(rules)), prices.WEB_ACL_RULE)
    yield inventory.assumed(WAF, "requests", "requests_millions", prices.WEB_ACL_REQUESTS)


def _web_acl_logs(resources: Sequence[Resource], inventory: Inventory) -> Iterator[LineItem]:
    yield inventory.assumed(WAF, "logs", "firewall_log_gib", prices.LOG_INGESTION_GIB)


def _flow_logs(resources: Sequence[Resource], inventory: Inventory) -> Iterator[LineItem]:
    for flow_log in resources:
        flow_log.require("LogDestinationType", ("cloud-watch-logs",), default="cloud-watch-logs")
    yield inventory.assumed(
        FLOW_LOGS, "to CloudWatch Logs", "flow_log_gib", prices.LOG_INGESTION_GIB
    )


def _log_groups(resources: Sequence[Resource], inventory: Inventory) -> Iterator[LineItem]:
    for group in resources:
        group.require("LogGroupClass", ("STANDARD",), default="STANDARD")
    yield inventory.assumed(
        BACKUPS_AND_MONITORING,
        "logs of CloudTrail, data stores and functions",
        "other_log_gib",
        prices.LOG_INGESTION_GIB,
        free=prices.FREE_LOG_GIB,
    )
    yield inventory.assumed(
        BACKUPS_AND_MONITORING, "log storage", "stored_log_gib", prices.LOG_STORAGE_GIB
    )


def _alarms(resources: Sequence[Resource], inventory: Inventory) -> Iterator[LineItem]:
    standard = high_resolution = 0
    for alarm in resources:
        count, is_high_resolution = _alarm_metrics(alarm.properties)
        if is_high_resolution:
            high_resolution += count
        else:
            standard += count
    free = prices.FREE_ALARM_METRICS if inventory.uses_free_tier else 0
    what = f"alarm metrics ({standard}, {free} free)"
    paid = Decimal(max(0, standard - free))
    yield LineItem(BACKUPS_AND_MONITORING, what, paid, prices.ALARM_METRIC)
    if high_resolution:
        what, price = "high-resolution alarm metrics", prices.ALARM_METRIC_HIGH_RESOLUTION
        yield LineItem(BACKUPS_AND_MONITORING, what, Decimal(high_resolution), price)


def _alarm_metrics(properties: Mapping[str, Any]) -> tuple[int, bool]:
    """Return the number of billed metrics of an alarm, and whether it is a high-resolution alarm.

    An alarm on metric math is billed for each metric in the expression. An anomaly detection alarm
    is billed for three metrics. The period of a high-resolution alarm is less than 60 seconds.
    """
    metrics = [
        query["MetricStat"] for query in properties.get("Metrics", ()) if "MetricStat" in query
    ]
    periods = [metric["Period"] for metric in metrics] or [properties.get("Period", 60)]
    count = max(1, len(metrics))
    if "ThresholdMetricId" in properties:
        count *= 3
    return count, min(periods) < 60


def _composite_alarms(resources: Sequence[Resource], inventory: Inventory) -> Iterator[LineItem]:
    count = Decimal(len(resources))
    yield LineItem(BACKUPS_AND_MONITORING, "composite alarms", count, prices.COMPOSITE_ALARM)


def _dashboards(resources: Sequence[Resource], inventory: Inventory) -> Iterator[LineItem]:
    free = prices.FREE_DASHBOARDS if inventory.uses_free_tier else 0
    paid = Decimal(max(0, len(resources) - free))
    what = f"{len(resources)} x dashboard ({free} free)"
    yield LineItem(BACKUPS_AND_MONITORING, what, paid, prices.DASHBOARD)


def _metric_filters(resources: Sequence[Resource], inventory: Inventory) -> Iterator[LineItem]:
    count = sum(len(filter_.properties["MetricTransformations"]) for filter_ in resources)
    what = "custom metrics from logs"
    yield LineItem(BACKUPS_AND_MONITORING, what, Decimal(count), prices.CUSTOM_METRIC)


def _cloudtrail_trails(resources: Sequence[Resource], inventory: Inventory) -> Iterator[LineItem]:
    """Price the management events. The first trail of an account records them free of charge."""
    for trail in resources:
        selectors = trail.properties.get("EventSelectors") or ()
        if any(selector.get("DataResources") for selector in selectors):
            raise UnpricedError(f"{trail}: EventSelectors: data events (tools/cost/pricing.py)")
    if not inventory.uses_free_tier:
        yield inventory.assumed(
            AUDITING,
            "CloudTrail: the account's second trail",
            "audit_events_thousands",
            prices.CLOUDTRAIL_EVENTS,
            per=100,
        )


def _guardduty_detectors(resources: Sequence[Resource], inventory: Inventory) -> Iterator[LineItem]:
    yield inventory.assumed(
        AUDITING, "GuardDuty: events", "audit_events_thousands", prices.GUARDDUTY_EVENTS, per=1000
    )
    yield inventory.assumed(
        AUDITING, "GuardDuty: flow and DNS logs", "flow_log_gib", prices.GUARDDUTY_LOG_GIB
    )
    for detector in resources:
        yield from _guardduty_features(detector, inventory)


_GUARDDUTY_FEATURES = {
    "S3_DATA_EVENTS": ("object_events_millions", prices.GUARDDUTY_OBJECT_EVENTS),
    "EKS_AUDIT_LOGS": ("kubernetes_audit_events_millions", prices.GUARDDUTY_AUDIT_EVENTS),
    "EBS_MALWARE_PROTECTION": ("malware_scanned_gib", prices.GUARDDUTY_SCANNED_GIB),
    "LAMBDA_NETWORK_LOGS": ("function_network_gib", prices.GUARDDUTY_LOG_GIB),
}
"""The cost setting with the usage of a feature, and its price."""


def _guardduty_features(detector: Resource, inventory: Inventory) -> Iterator[LineItem]:
    """Price the features. A detector has each feature that it does not disable."""
    features = detector.properties.get("Features", ())
    disabled = {each["Name"] for each in features if each["Status"] == "DISABLED"}
    for feature, (setting, price) in _GUARDDUTY_FEATURES.items():
        if feature not in disabled:
            yield inventory.assumed(AUDITING, f"GuardDuty: {feature}", setting, price)
    if "RDS_LOGIN_EVENTS" not in disabled:
        vcpus = sum(
            DATABASE_CLASSES[str(instance.properties["DBInstanceClass"])].vcpus
            for instance in inventory.of_type("AWS::RDS::DBInstance")
        )
        what = "GuardDuty: RDS_LOGIN_EVENTS"
        yield LineItem(AUDITING, what, Decimal(vcpus), prices.GUARDDUTY_DATABASE_VCPU)


def _config_recorders(resources: Sequence[Resource], inventory: Inventory) -> Iterator[LineItem]:
    yield inventory.assumed(
        AUDITING, "Config: configuration items", "config_items", prices.CONFIG_ITEM
    )


def _conformance_packs(resources: Sequence[Resource], inventory: Inventory) -> Iterator[LineItem]:
    yield inventory.assumed(
        AUDITING, "Config: evaluations", "config_evaluations", prices.CONFIG_EVALUATION
    )


def _access_analyzers(resources: Sequence[Resource], inventory: Inventory) -> Iterator[LineItem]:
    for analyzer in resources:
        analyzer.require("Type", ("ACCOUNT", "ORGANIZATION"))
    return iter(())


def _shield_protections(resources: Sequence[Resource], inventory: Inventory) -> Iterator[LineItem]:
    yield LineItem(SHIELD, "subscription of the organization", Decimal(1), prices.SHIELD_ADVANCED)


def _s3_buckets(resources: Sequence[Resource], inventory: Inventory) -> Iterator[LineItem]:
    yield inventory.assumed(S3_AND_LAMBDA, "S3: storage", "bucket_gib", prices.S3_GIB)
    yield inventory.assumed(
        S3_AND_LAMBDA, "S3: PUT requests", "bucket_requests_thousands", prices.S3_REQUESTS
    )


def _lambda_functions(resources: Sequence[Resource], inventory: Inventory) -> Iterator[LineItem]:
    yield inventory.assumed(
        S3_AND_LAMBDA, "Lambda: duration", "function_gib_seconds", prices.LAMBDA_GIB_SECOND
    )


def _ssm_parameters(resources: Sequence[Resource], inventory: Inventory) -> Iterator[LineItem]:
    advanced = sum(parameter.properties.get("Tier") == "Advanced" for parameter in resources)
    if advanced:
        yield LineItem(
            S3_AND_LAMBDA, "advanced parameters", Decimal(advanced), prices.ADVANCED_PARAMETER
        )


PRICING_FUNCTIONS: Mapping[str, PricingFunction] = {
    "AWS::AccessAnalyzer::Analyzer": _access_analyzers,
    "AWS::CloudTrail::Trail": _cloudtrail_trails,
    "AWS::CloudWatch::Alarm": _alarms,
    "AWS::CloudWatch::CompositeAlarm": _composite_alarms,
    "AWS::CloudWatch::Dashboard": _dashboards,
    "AWS::Config::ConfigurationRecorder": _config_recorders,
    "AWS::Config::ConformancePack": _conformance_packs,
    "AWS::EC2::EIP": _elastic_ips,
    "AWS::EC2::FlowLog": _flow_logs,
    "AWS::EC2::NatGateway": _nat_gateways,
    "AWS::EC2::VPC": _vpcs,
    "AWS::EC2::VPCEndpoint": _vpc_endpoints,
    "AWS::EKS::Addon": _add_ons,
    "AWS::EKS::Cluster": _clusters,
    "AWS::EKS::Nodegroup": _node_groups,
    "AWS::ElastiCache::ReplicationGroup": _replication_groups,
    "AWS::ElasticLoadBalancingV2::LoadBalancer": _load_balancers,
    "AWS::GuardDuty::Detector": _guardduty_detectors,
    "AWS::KMS::Key": _kms_keys,
    "AWS::Logs::LogGroup": _log_groups,
    "AWS::Logs::MetricFilter": _metric_filters,
    "AWS::RDS::DBInstance": _db_instances,
    "AWS::S3::Bucket": _s3_buckets,
    "AWS::Lambda::Function": _lambda_functions,
    "AWS::SSM::Parameter": _ssm_parameters,
    "AWS::SecretsManager::Secret": _secrets,
    "AWS::Shield::Protection": _shield_protections,
    "AWS::WAFv2::WebACL": _web_acls,
    "AWS::WAFv2::LoggingConfiguration": _web_acl_logs,
}
