"""The components of the estimate, in the design's table and beyond it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import NamedTuple


class Component(NamedTuple):
    """A row of the estimate."""

    name: str
    purpose: str
    """Why the stage needs it. docs/cost.md shows this for rows that the design's table omits."""


CLUSTER = Component("EKS cluster", "the Kubernetes control plane")
NODES = Component("EC2 nodes", "the instances that run the pods")
DATABASE = Component("RDS PostgreSQL", "the instances and their storage")
CACHE = Component("ElastiCache Redis", "the nodes")
LOAD_BALANCER = Component("ALB", "the load balancer: its hours and its capacity units")
DATA_TRANSFER = Component("Data transfer", "traffic to the internet and between Availability Zones")
BACKUPS_AND_MONITORING = Component(
    "Backups & monitoring", "backups beyond the free size, alarms, dashboards, logs and metrics"
)
NODE_VOLUMES = Component("Node volumes", "an encrypted volume for each node")
NAT = Component(
    "NAT gateways", "the route from the private subnets to Discord and image registries"
)
PUBLIC_ADDRESSES = Component(
    "Public IPv4 addresses", "one for each NAT gateway and for each zone of the load balancer"
)
ENDPOINTS = Component(
    "Interface endpoints", "the route to AWS services without NAT, if the settings list services"
)
KMS_KEYS = Component("KMS keys", "encryption at rest, with one key for each kind of data")
SECRETS = Component("Secrets Manager", "credentials, which External Secrets reads every minute")
WAF = Component("WAF", "the web application firewall in the design's diagram")
FLOW_LOGS = Component("VPC flow logs", "the flow logs that the design requires (Network Security)")
CONTAINER_INSIGHTS = Component(
    "Container Insights", "the infrastructure metrics of pods and nodes that the design requires"
)
AUDITING = Component(
    "CloudTrail, Config, GuardDuty", "the audit log and the security audits of the design"
)
SHIELD = Component("Shield Advanced", "an optional setting; Shield Standard is free")
S3_AND_LAMBDA = Component(
    "S3 and Lambda", "buckets for logs, and functions for deployments and rotations"
)

IN_DESIGN = (
    *(CLUSTER, NODES, DATABASE, CACHE, LOAD_BALANCER, DATA_TRANSFER),
    BACKUPS_AND_MONITORING,
)
NOT_IN_DESIGN = (
    *(NODE_VOLUMES, NAT, PUBLIC_ADDRESSES, ENDPOINTS, KMS_KEYS, SECRETS, WAF, FLOW_LOGS),
    *(CONTAINER_INSIGHTS, AUDITING, SHIELD, S3_AND_LAMBDA),
)
ALL_COMPONENTS = (*IN_DESIGN, *NOT_IN_DESIGN)

DESIGN_USD: Mapping[str, Mapping[Component, int]] = {
    "production": {
        CLUSTER: 73,
        NODES: 150,
        DATABASE: 290,
        CACHE: 100,
        LOAD_BALANCER: 25,
        DATA_TRANSFER: 50,
        BACKUPS_AND_MONITORING: 30,
    },
    "staging": {
        CLUSTER: 73,
        NODES: 60,
        DATABASE: 70,
        CACHE: 25,
        LOAD_BALANCER: 25,
        DATA_TRANSFER: 20,
    },
}
"""The design's tables by stage, in USD per month (INFRASTRUCTURE.md, "Cost Estimation")."""
