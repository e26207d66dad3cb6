"""Settings of the costs: the monthly budget, and the usage that the cost estimate assumes.

The estimate counts what a template shows, such as instances, gateways and keys. Usage that only a
bill shows is assumed here. The defaults are an estimate for production. Replace them by the usage
of the bill: AWS Cost Explorer shows it by usage type.
"""

from typing import Annotated, TypeAlias

from pydantic import Field

from settings.base import Settings

MonthlyUsage: TypeAlias = Annotated[float, Field(ge=0, allow_inf_nan=False)]


class CostSettings(Settings):
    """The budget of a month, and the usage of a month.

    A GiB is 2^30 bytes, which AWS bills as one GB.
    """

    monthly_budget_usd: int = Field(300, ge=1)
    """The budget of the stage: the total of the design's cost estimate (INFRASTRUCTURE.md). The
    default is low on purpose, so that a stage without a budget of its own gets an early alert."""
    anomaly_usd: float = Field(50, gt=0, allow_inf_nan=False)
    """Cost Anomaly Detection sends an alert when a cost is this much higher than it expects."""

    requests_millions: MonthlyUsage = 10
    """Requests to the load balancer and to WAF. Ten million are four a second."""
    load_balancer_capacity_units: MonthlyUsage = 1
    """Load balancer capacity units (LCU) of an average hour. One LCU is 25 new connections a
    second, 3,000 active connections a minute, or 1 GB an hour."""
    data_out_gib: MonthlyUsage = 500
    """Data transfer to the internet, mostly the answers of the services."""
    cross_zone_gib: MonthlyUsage = 200
    """Data transfer between Availability Zones: from the load balancer to pods, and from pods to
    PostgreSQL and Redis."""
    nat_processed_gib: MonthlyUsage = 100
    """Data that the NAT gateways process: calls to Discord and to AWS, and container images. S3 is
    not included: its gateway endpoint is free."""
    endpoint_processed_gib: MonthlyUsage = 50
    """Data that interface endpoints process, if the stage has any."""

    flow_log_gib: MonthlyUsage = 10
    """VPC flow logs. GuardDuty analyzes the same amount, if it is enabled."""
    firewall_log_gib: MonthlyUsage = 12
    """Logs of WAF, about 1.2 KiB for each request."""
    pod_log_gib: MonthlyUsage = 20
    """Logs of containers and nodes."""
    control_plane_log_gib: MonthlyUsage = 10
    """Logs of the Kubernetes control plane, most of it the audit log."""
    other_log_gib: MonthlyUsage = 5
    """Logs of CloudTrail, PostgreSQL, Redis and Lambda functions."""
    stored_log_gib: MonthlyUsage = 15
    """Log data that CloudWatch stores, compressed to about 15 % of its size."""
    insights_observations_millions_per_node: MonthlyUsage = 20
    """Observations of Container Insights for a node with 15 pods."""

    backup_gib_beyond_storage: MonthlyUsage = 20
    """Backups and manual snapshots of PostgreSQL beyond the size of its storage. RDS stores up to
    that size free of charge."""
    cache_snapshot_gib: MonthlyUsage = 0.5
    """The size of a snapshot of Redis. ElastiCache stores one for each replication group free of
    charge."""
    bucket_gib: MonthlyUsage = 20
    """Logs and AWS Config records that S3 stores."""
    bucket_requests_thousands: MonthlyUsage = 300
    """PUT requests of the load balancer and CloudTrail to S3."""

    secret_requests_thousands: MonthlyUsage = 200
    """Requests to Secrets Manager. External Secrets reads each secret every minute, which makes
    43,800 requests a month."""
    key_requests_thousands: MonthlyUsage = 500
    """Requests to KMS by the services that encrypt with its keys."""
    key_rotations: int = Field(0, ge=0, le=2)
    """How often the keys were rotated. The first and the second rotation each add the price of a
    key; later ones add nothing."""
    audit_events_thousands: MonthlyUsage = 500
    """Management events of the account. CloudTrail records them, and GuardDuty analyzes them."""
    kubernetes_audit_events_millions: MonthlyUsage = 7
    """Events of the Kubernetes audit log, about 1.5 KiB each. GuardDuty analyzes them with the
    feature EKS_AUDIT_LOGS."""
    object_events_millions: MonthlyUsage = 1
    """Requests for objects in S3. GuardDuty analyzes them with the feature S3_DATA_EVENTS."""
    malware_scanned_gib: MonthlyUsage = 0
    """Volumes that GuardDuty scans after a finding, with the feature EBS_MALWARE_PROTECTION."""
    function_network_gib: MonthlyUsage = 0.1
    """Network activity logs of the Lambda functions. GuardDuty analyzes them with the feature
    LAMBDA_NETWORK_LOGS."""
    config_items: int = Field(1000, ge=0)
    """Configuration items that AWS Config records."""
    config_evaluations: int = Field(2000, ge=0)
    """Evaluations of the rules in the conformance pack."""
    function_gib_seconds: MonthlyUsage = 10_000
    """Duration of the Lambda functions. They run during deployments and rotations only."""
