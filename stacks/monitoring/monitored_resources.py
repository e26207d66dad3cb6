"""The resources of the other stacks that alarms and dashboards observe."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from aws_cdk import aws_certificatemanager as acm
from aws_cdk import aws_elasticloadbalancingv2 as elbv2
from aws_cdk import aws_rds as rds

from settings.delivery import Track
from spywatcher_constructs.redis import RedisReplicationGroup
from stacks.monitoring.log_groups import LogGroups

TrackTargets = Mapping[Track, elbv2.IApplicationTargetGroup]
"""The target group of each track of a service. A service with rolling updates has one."""


@dataclass(frozen=True, kw_only=True)
class MonitoredResources:
    """What the monitoring stack receives from the other stacks of its stage."""

    load_balancer: elbv2.IApplicationLoadBalancer
    backend_targets: TrackTargets
    """The pods of the backend, by their track."""
    frontend_targets: TrackTargets
    """The pods of the frontend, by their track."""
    certificate: acm.ICertificate
    """The certificate of the load balancer."""
    database: rds.IDatabaseInstance
    cache: RedisReplicationGroup
    node_group_names: Sequence[str]
    """The names of the cluster's managed node groups, as text instead of references."""
    nat_gateway_ids: Sequence[str]
    """One for each Availability Zone that has a NAT gateway."""
    log_groups: LogGroups
