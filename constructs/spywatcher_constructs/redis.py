"""A Redis replication group. CDK has no L2 for ElastiCache."""

from collections.abc import Mapping, Sequence

import aws_cdk as cdk
from aws_cdk import aws_cloudwatch as cloudwatch
from aws_cdk import aws_ec2 as ec2
from aws_cdk import aws_elasticache as elasticache
from aws_cdk import aws_kms as kms
from aws_cdk import aws_secretsmanager as secretsmanager

from constructs import Construct
from spywatcher_constructs.encrypted_log_group import EncryptedLogGroup

PORT = 6379


class RedisReplicationGroup(Construct):
    """One shard of Redis with an AUTH token, TLS, and encryption at rest with the given key."""

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
        parameters: Mapping[str, str],
        vpc: ec2.IVpc,
        subnets: ec2.SubnetSelection,
        security_group: ec2.ISecurityGroup,
        encryption_key: kms.IKey,
        auth_token: secretsmanager.ISecret,
        logs_key: kms.IKey,
        log_retention_days: int,
        snapshot_retention_days: int,
        snapshot_window: str,
        maintenance_window: str,
        removal_policy: cdk.RemovalPolicy,
    ) -> None:
        """Make the replication group, its parameter and subnet groups and its log groups.

        Args:
            scope: where the construct lives.
            construct_id: its id there.
            name: the replication group's id, at most 40 characters.
            description: shown by the console.
            engine_version: such as 7.0; the family of the parameters is that of its major version.
            node_type: such as cache.t3.small.
            nodes: the primary and its replicas; from two on they fail over, over zones.
            parameters: what differs from the family's defaults.
            vpc: where the nodes live.
            subnets: the subnets that they may live in.
            security_group: who may reach them.
            encryption_key: encrypts storage and snapshots.
            auth_token: 16 to 128 printable characters. Given at creation: adding a token to a
                group that has none replaces it (AWS::ElastiCache::ReplicationGroup). A rotation
                changes it behind CloudFormation's back, which is as it should be
                (docs/decisions/0006-redis-token-rotation.md).
            logs_key: encrypts the slow log and the engine log.
            log_retention_days: how long both are kept.
            snapshot_retention_days: 0 takes no snapshots.
            snapshot_window: `hh:mm-hh:mm`, UTC, outside the maintenance window.
            maintenance_window: `ddd:hh:mm-ddd:hh:mm`, UTC.
            removal_policy: what becomes of the group when the stack is deleted.
        """
        super().__init__(scope, construct_id)
        self.nodes = nodes
        self.name = name
        subnet_group = elasticache.CfnSubnetGroup(
            self,
            "Subnets",
            description=description,
            subnet_ids=vpc.select_subnets(
                availability_zones=subnets.availability_zones,
                subnet_group_name=subnets.subnet_group_name,
            ).subnet_ids,
        )
        parameter_group = elasticache.CfnParameterGroup(
            self,
            "Parameters",
            cache_parameter_group_family=f"redis{engine_version.partition('.')[0]}",
            description=description,
            properties=dict(parameters),
        )
        self.log_groups = {
            log_type: EncryptedLogGroup(
                self, construct_id, encryption_key=logs_key, retention_days=log_retention_days
            )
            for log_type, construct_id in (("slow-log", "SlowLog"), ("engine-log", "EngineLog"))
        }
        self.replication_group = elasticache.CfnReplicationGroup(
            self,
            "Group",
            replication_group_id=name,
            replication_group_description=description,
            engine="redis",
            engine_version=engine_version,
            cache_node_type=node_type,
            num_cache_clusters=nodes,
            automatic_failover_enabled=nodes > 1,
            multi_az_enabled=nodes > 1,
            cache_parameter_group_name=parameter_group.ref,
            cache_subnet_group_name=subnet_group.ref,
            security_group_ids=[security_group.security_group_id],
            port=PORT,
            at_rest_encryption_enabled=True,
            kms_key_id=encryption_key.key_id,
            transit_encryption_enabled=True,
            transit_encryption_mode="required",
            auth_token=auth_token.secret_value.unsafe_unwrap(),
            snapshot_retention_limit=snapshot_retention_days,
            snapshot_window=snapshot_window,
            preferred_maintenance_window=maintenance_window,
            auto_minor_version_upgrade=True,
            log_delivery_configurations=self._log_deliveries(),
        )
        self.replication_group.apply_removal_policy(removal_policy)

    def _log_deliveries(
        self,
    ) -> Sequence[elasticache.CfnReplicationGroup.LogDeliveryConfigurationRequestProperty]:
        group = elasticache.CfnReplicationGroup
        return [
            group.LogDeliveryConfigurationRequestProperty(
                log_type=log_type,
                log_format="json",
                destination_type="cloudwatch-logs",
                destination_details=group.DestinationDetailsProperty(
                    cloud_watch_logs_details=group.CloudWatchLogsDestinationDetailsProperty(
                        log_group=log_group.log_group_name
                    )
                ),
            )
            for log_type, log_group in self.log_groups.items()
        ]

    @property
    def arn(self) -> str:
        """The group's ARN, from its name: a policy that has it does not wait for the group."""
        return cdk.Stack.of(self).format_arn(
            service="elasticache",
            resource="replicationgroup",
            resource_name=self.name,
            arn_format=cdk.ArnFormat.COLON_RESOURCE_NAME,
        )

    @property
    def endpoint(self) -> str:
        """The host name of the primary, which a failover moves."""
        return self.replication_group.attr_primary_end_point_address

    def metric(
        self, metric_name: str, *, node: int, statistic: str = "Average"
    ) -> cloudwatch.Metric:
        """Return a metric of one node, from 1: ElastiCache reports none of the whole group."""
        return cloudwatch.Metric(
            namespace="AWS/ElastiCache",
            metric_name=metric_name,
            dimensions_map={"CacheClusterId": f"{self.name}-{node:03d}"},
            statistic=statistic,
        )
