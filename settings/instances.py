"""What the instance classes hold that a stage may choose. Checked 2026-11-23.

Sources: "Amazon EC2 instance types" (vCPU, memory), the VPC CNI's table of pods per instance
(`eni-max-pods.txt` of awslabs/amazon-eks-ami), "DB instance classes" of the Amazon RDS user guide,
and "Redis OSS and Valkey node-type specific parameters" (`maxclients`) of ElastiCache's.
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
    max_credits: int | None = None
    """CPU credits that it can save up, a day's earnings; None where it earns none."""

    @property
    def max_connections(self) -> int:
        """RDS' own for PostgreSQL: LEAST({DBInstanceClassMemory/9531392},5000).

        DBInstanceClassMemory is less than the class's memory, by what RDS' own processes take;
        this is the upper bound.
        """
        return min(self.memory_mib * 1024**2 // 9531392, 5000)


class CacheNodeType(NamedTuple):
    """An ElastiCache node type."""

    max_credits: int | None = None
    """CPU credits that it can save up; None where it earns none."""


CACHE_MAX_CONNECTIONS = 65000
"""`maxclients` of every node type."""


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
    "db.t3.medium": DatabaseClass(2, 4096, 576),
    "db.t3.large": DatabaseClass(2, 8192, 864),
    "db.t3.xlarge": DatabaseClass(4, 16384, 2304),
    "db.t4g.medium": DatabaseClass(2, 4096, 576),
    "db.t4g.large": DatabaseClass(2, 8192, 864),
    "db.m6i.large": DatabaseClass(2, 8192),
    "db.m6i.xlarge": DatabaseClass(4, 16384),
    "db.r6i.large": DatabaseClass(2, 16384),
    "db.r6i.xlarge": DatabaseClass(4, 32768),
}

CACHE_NODE_TYPES = {
    "cache.t3.small": CacheNodeType(max_credits=576),
    "cache.t3.medium": CacheNodeType(max_credits=576),
    "cache.t4g.small": CacheNodeType(max_credits=576),
    "cache.t4g.medium": CacheNodeType(max_credits=576),
    "cache.m6g.large": CacheNodeType(),
    "cache.r6g.large": CacheNodeType(),
}
