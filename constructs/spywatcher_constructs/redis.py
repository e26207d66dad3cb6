"""A Redis replication group on ElastiCache, which has no L2 construct in the CDK."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import aws_cdk as cdk
from aws_cdk import aws_cloudwatch as cloudwatch
from aws_cdk import aws_ec2 as ec2
from aws_cdk import aws_elasticache as elasticache
from aws_cdk import aws_kms as kms
from aws_cdk import aws_logs as logs
from aws_cdk import aws_secretsmanager as secretsmanager

from constructs import Construct
from spywatcher_constructs.encrypted_log_group import EncryptedLogGroup

_PORT = 6379

_Group = elasticache.CfnReplicationGroup


@dataclass(frozen=True, kw_only=True)
class Snapshots:
    """The daily snapshots of a replication group."""

    retention_days: int
    """With 0, ElastiCache takes no snapshots."""
    window: str
    """`hh:mm-hh:mm` in UTC, outside the maintenance window."""


class RedisReplicationGroup(Construct):
    """A replication group of one shard, with an AUTH token, TLS and encryption at rest."""

    def __init__(
        self,
        scope: Construct,
        construct_id: str,
        *,
        name: str,
        description: str,
        engine_version: str,
        node_type: str,
        nodes: int,
        fails_over: bool,
        parameters: Mapping[str, str],
        subnets: Sequence[ec2.ISubnet],
        security_group: ec2.ISecurityGroup,
        encryption_key: kms.IKey,
        auth_token: secretsmanager.ISecret,
        snapshots: Snapshots,
        maintenance_window: str,
        logs_key: kms.IKey,
        log_retention_days: int,
        removal_policy: cdk.RemovalPolicy,
    ) -> None:
        """Create the replication group, its parameter and subnet groups, and its log groups.

        Args:
            scope: The scope of the construct.
            construct_id: The id of the construct.
            name: The identifier of the replication group, at most 40 characters.
            description: The description that the console shows.
            engine_version: The version of Redis, such as 7.0.
            node_type: The node type, such as cache.t3.small.
            nodes: The number of nodes: the primary and its replicas.
            fails_over: Whether the nodes are in different Availability Zones, and a replica takes
                over when the primary fails. This needs 2 nodes.
            parameters: The parameters that differ from the defaults of the engine version.
            subnets: The subnets of the nodes.
            security_group: The security group of the nodes.
            encryption_key: The KMS key of the storage and the snapshots.
            auth_token: The secret whose value is the AUTH token, 16 to 128 printable characters.
                ElastiCache needs it at creation: adding a token later replaces the group
                (AWS::ElastiCache::ReplicationGroup). A rotation changes the token without a change
                of the template (docs/decisions/0006-redis-token-rotation.md).
            snapshots: When ElastiCache takes snapshots, and how long it keeps them.
            maintenance_window: `ddd:hh:mm-ddd:hh:mm` in UTC.
            logs_key: The KMS key of the log groups.
            log_retention_days: How long CloudWatch keeps the slow log and the engine log.
            removal_policy: What happens to the replication group when it leaves the template.
        """
        super().__init__(scope, construct_id)
        self.nodes = nodes
        self.name = name
        subnet_group = elasticache.CfnSubnetGroup(
            self,
            "Subnets",
            description=description,
            subnet_ids=[subnet.subnet_id for subnet in subnets],
        )
        parameter_group = elasticache.CfnParameterGroup(
            self,
            "Parameters",
            cache_parameter_group_family=f"redis{engine_version.partition('.')[0]}",
            description=description,
            properties=dict(parameters),
        )
        self.slow_log: logs.ILogGroup = EncryptedLogGroup(
            self, "SlowLog", encryption_key=logs_key, retention_days=log_retention_days
        )
        engine_log = EncryptedLogGroup(
            self, "EngineLog", encryption_key=logs_key, retention_days=log_retention_days
        )
        self._group = _Group(
            self,
            "Group",
            replication_group_id=name,
            replication_group_description=description,
            engine="redis",
            engine_version=engine_version,
            cache_node_type=node_type,
            num_cache_clusters=nodes,
            automatic_failover_enabled=fails_over,
            multi_az_enabled=fails_over,
            cache_parameter_group_name=parameter_group.ref,
            cache_subnet_group_name=subnet_group.ref,
            security_group_ids=[security_group.security_group_id],
            port=_PORT,
            at_rest_encryption_enabled=True,
            kms_key_id=encryption_key.key_id,
            transit_encryption_enabled=True,
            transit_encryption_mode="required",
            auth_token=auth_token.secret_value.unsafe_unwrap(),
            snapshot_retention_limit=snapshots.retention_days,
            snapshot_window=snapshots.window,
            preferred_maintenance_window=maintenance_window,
            # ElastiCache would raise the minor version that `engine_version` pins, and does not
            # lower it again. It installs patches of the pinned version in either case.
            auto_minor_version_upgrade=False,
            log_delivery_configurations=[
                _log_delivery("slow-log", self.slow_log),
                _log_delivery("engine-log", engine_log),
            ],
        )
        self._group.apply_removal_policy(removal_policy)
        self.node.default_child = self._group

    @property
    def arn(self) -> str:
        """The ARN, built from the name: a policy that contains it does not depend on the group."""
        return cdk.Stack.of(self).format_arn(
            service="elasticache",
            resource="replicationgroup",
            resource_name=self.name,
            arn_format=cdk.ArnFormat.COLON_RESOURCE_NAME,
        )

    @property
    def endpoint(self) -> str:
        """The DNS name of the primary. A failover points it to the new primary."""
        return self._group.attr_primary_end_point_address

    def metric(
        self, metric_name: str, *, node: int, statistic: str = "Average"
    ) -> cloudwatch.Metric:
        """Return a metric of one node. ElastiCache has no metrics of a whole group.

        Args:
            metric_name: The name of the metric in the namespace AWS/ElastiCache.
            node: The number of the node, from 1.
            statistic: The statistic.
        """
        return cloudwatch.Metric(
            namespace="AWS/ElastiCache",
            metric_name=metric_name,
            dimensions_map={"CacheClusterId": f"{self.name}-{node:03d}"},
            statistic=statistic,
        )


def _log_delivery(
    log_type: str, log_group: logs.ILogGroup
) -> elasticache.CfnReplicationGroup.LogDeliveryConfigurationRequestProperty:
    return _Group.LogDeliveryConfigurationRequestProperty(
        log_type=log_type,
        log_format="json",
        destination_type="cloudwatch-logs",
        destination_details=_Group.DestinationDetailsProperty(
            cloud_watch_logs_details=_Group.CloudWatchLogsDestinationDetailsProperty(
                log_group=log_group.log_group_name
            )
        ),
    )
