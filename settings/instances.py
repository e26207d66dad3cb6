"""What the instance classes hold that a stage may choose. Checked 2026-11-23.

Sources: "Amazon EC2 instance types" (vCPU, memory), the VPC CNI's table of pods per instance
(`eni-max-pods.txt` of awslabs/amazon-eks-ami), "DB instance classes" of the Amazon RDS user guide,
and "Redis OSS and Valkey node-type specific parameters" (`maxmemory`) of ElastiCache's.
"""

from typing import NamedTuple


class NodeType(NamedTuple):
    """An EC2 instance type for worker nodes."""

    vcpus: int
    memory_mib: int
    max_pods: int
    """Pods without prefix delegation: an address each, on the interfaces that the type has."""


class DatabaseClass(NamedTuple):
    """An RDS instance class."""

    vcpus: int
    memory_mib: int


class CacheNodeType(NamedTuple):
    """An ElastiCache node type."""

    maxmemory_mib: int
    """What Redis may fill (`maxmemory`), less than the node's memory."""


NODE_TYPES = {
    "t3.medium": NodeType(2, 4096, 17),
    "t3.large": NodeType(2, 8192, 35),
    "t3.xlarge": NodeType(4, 16384, 58),
    "t3.2xlarge": NodeType(8, 32768, 58),
    "m6i.large": NodeType(2, 8192, 29),
    "m6i.xlarge": NodeType(4, 16384, 58),
    "m7i.large": NodeType(2, 8192, 29),
    "m7i.xlarge": NodeType(4, 16384, 58),
}

DATABASE_CLASSES = {
    "db.t3.medium": DatabaseClass(2, 4096),
    "db.t3.large": DatabaseClass(2, 8192),
    "db.t3.xlarge": DatabaseClass(4, 16384),
    "db.t4g.medium": DatabaseClass(2, 4096),
    "db.t4g.large": DatabaseClass(2, 8192),
    "db.m6i.large": DatabaseClass(2, 8192),
    "db.m6i.xlarge": DatabaseClass(4, 16384),
    "db.r6i.large": DatabaseClass(2, 16384),
    "db.r6i.xlarge": DatabaseClass(4, 32768),
}

CACHE_NODE_TYPES = {
    "cache.t3.small": CacheNodeType(1402),
    "cache.t3.medium": CacheNodeType(3164),
    "cache.t4g.small": CacheNodeType(1402),
    "cache.t4g.medium": CacheNodeType(3164),
    "cache.m6g.large": CacheNodeType(6537),
    "cache.r6g.large": CacheNodeType(13384),
}
