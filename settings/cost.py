"""Cost settings: the month's budget, and the usage that the cost estimate assumes.

What a template shows (instances, gateways, keys) is counted there. What only a bill shows is
assumed here, a month each; the defaults are production's. Replace them by the bill's numbers once
there is one: Cost Explorer, grouped by usage type.
"""

from typing import Annotated, TypeAlias

from pydantic import Field

from settings.base import Settings

Amount: TypeAlias = Annotated[float, Field(ge=0, allow_inf_nan=False)]
"""How much of something is used in a month."""


class CostSettings(Settings):
    """A budget, and a month of use. GiB are of 2^30 bytes, as AWS bills what it calls a GB."""

    monthly_budget_usd: int = Field(300, ge=1)
    """What the stage may cost a month: the design's total. The default is low on purpose: a stage
    that forgets it hears of it early."""
    anomaly_usd: float = Field(50, gt=0)
    """An unusual rise is told from this much on, over what the account's pattern foresees."""

    requests_millions: Amount = 10
    """Requests that reach the load balancer and the firewall: four a second."""
    load_balancer_capacity_units: Amount = 1
    """LCUs in use in an average hour: 25 new connections a second, 3,000 open ones or 1 GiB an hour
    fill one."""
    data_out_gib: Amount = 500
    """Answers, and all else that leaves for the internet."""
    cross_zone_gib: Amount = 200
    """Traffic between zones: load balancer to pods, pods to the data stores."""
    nat_processed_gib: Amount = 100
    """Through NAT: Discord's API, images and AWS's APIs. S3 has its own way, which is free."""
    endpoint_processed_gib: Amount = 50
    """Through interface endpoints, where a stage has any."""

    flow_log_gib: Amount = 10
    """VPC flow logs; GuardDuty, where a stage has it, reads as much of its own."""
    firewall_log_gib: Amount = 12
    """The firewall's log: some 1.2 KiB a request."""
    pod_log_gib: Amount = 20
    """What containers and nodes write."""
    control_plane_log_gib: Amount = 10
    """Kubernetes's own logs, of which the audit log is the largest."""
    other_log_gib: Amount = 5
    """The audit trail, PostgreSQL, Redis and functions."""
    stored_log_gib: Amount = 15
    """Log data kept at a time, compressed to about 15 %."""
    insights_observations_millions_per_node: Amount = 20
    """Container Insights: what a node with its 15 pods makes."""

    backup_gib_beyond_storage: Amount = 20
    """Backups of PostgreSQL over the size of its storage, which is free; manual snapshots too."""
    cache_snapshot_gib: Amount = 0.5
    """One snapshot of Redis. The first of a replication group is free."""
    bucket_gib: Amount = 20
    """Logs, trails and records in S3."""
    bucket_requests_thousands: Amount = 300
    """Files that the load balancer and the audit trail write to S3."""

    secret_requests_thousands: Amount = 200
    """External Secrets reads each secret once a minute: 43,800 times a month."""
    key_requests_thousands: Amount = 500
    """Uses of KMS keys by the services that encrypt with them."""
    key_rotations: int = Field(0, ge=0, le=2)
    """Yearly rotations that the keys have behind them; the first and the second each add the price
    of a key."""
    audit_events_thousands: Amount = 500
    """Management events of the account: CloudTrail records them, GuardDuty analyses them."""
    config_items: int = Field(1000, ge=0)
    """Changes that AWS Config records."""
    config_evaluations: int = Field(2000, ge=0)
    """Evaluations of the conformance pack's rules."""
    function_gib_seconds: Amount = 10_000
    """Run time of the functions: deployments and rotations only."""
