"""What a bill is made of: the rows of the design's table, and what that table leaves out."""

from __future__ import annotations

from collections.abc import Mapping
from typing import NamedTuple


class Component(NamedTuple):
    """A row of the estimate."""

    name: str
    why: str
    """What the stage has it for; said where the design's table leaves it out."""


CLUSTER = Component("EKS cluster", "the Kubernetes control plane")
NODES = Component("EC2 nodes", "what the pods run on")
DATABASE = Component("RDS PostgreSQL", "instances and their storage")
CACHE = Component("ElastiCache Redis", "nodes")
LOAD_BALANCER = Component("ALB", "the load balancer, by the hour and by what it carries")
DATA_TRANSFER = Component("Data transfer", "answers to the internet, traffic between zones")
BACKUPS_AND_MONITORING = Component(
    "Backups & monitoring", "backups over what is free; alarms, dashboards, logs, system metrics"
)
NODE_VOLUMES = Component("Node volumes", "an encrypted disk for each node")
NAT = Component("NAT gateways", "the private subnets' way to Discord and to image registries")
ADDRESSES = Component(
    "Public IPv4 addresses", "one for each NAT gateway and for each zone of the load balancer"
)
ENDPOINTS = Component(
    "Interface endpoints", "AWS's services without NAT, where a stage asks for them"
)
KEYS = Component("KMS keys", "encryption at rest, a key for each kind of data")
SECRETS = Component("Secrets Manager", "credentials, read once a minute")
FIREWALL = Component("WAF", "the firewall that the design draws in front of everything")
FLOW_LOGS = Component(
    "VPC flow logs", "traffic records, which the design asks for under network security"
)
CONTAINER_INSIGHTS = Component(
    "Container Insights", "the infrastructure metrics of pods and nodes that the design asks for"
)
AUDIT = Component(
    "CloudTrail, Config, GuardDuty",
    "the access audit and the security audits that the design asks for",
)
SHIELD = Component("Shield Advanced", "by setting; Shield Standard costs nothing")
OTHER = Component("S3 and Lambda", "buckets of logs; functions that deploy and rotate")

DESIGNED = (CLUSTER, NODES, DATABASE, CACHE, LOAD_BALANCER, DATA_TRANSFER, BACKUPS_AND_MONITORING)
LEFT_OUT = (
    *(NODE_VOLUMES, NAT, ADDRESSES, ENDPOINTS, KEYS, SECRETS, FIREWALL, FLOW_LOGS),
    *(CONTAINER_INSIGHTS, AUDIT, SHIELD, OTHER),
)
COMPONENTS = (*DESIGNED, *LEFT_OUT)

DESIGN: Mapping[str, Mapping[Component, int]] = {
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
"""INFRASTRUCTURE.md, "Cost Estimation": USD a month, by stage. Another stage has no such table."""
