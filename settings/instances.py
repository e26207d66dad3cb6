"""The instance types that a stage may choose, and their capacity. Checked on 2026-11-23.

Sources:

- "Amazon EC2 instance types" for processors and memory
- `eni-max-pods.txt` of awslabs/amazon-eks-ami for the pods of a node
- "DB instance classes", Amazon RDS User Guide
- "Redis OSS and Valkey node-type specific parameters", Amazon ElastiCache User Guide
- "Earning CPU credits", Amazon EC2 User Guide, for the T families
"""

from typing import NamedTuple


class NodeType(NamedTuple):
    """An EC2 instance type for the nodes of the cluster."""

    vcpus: int
    memory_mib: int
    max_pods: int
    """The pods that a node can run without prefix delegation. The VPC CNI gives each pod an
    address of the node's network interfaces, and the type limits both."""


class DatabaseClass(NamedTuple):
    """An RDS instance class."""

    vcpus: int
    memory_mib: int
    max_credits: int | None = None
    """The CPU credits that an instance can accrue, which are those of a day. None for classes
    that are not burstable."""

    @property
    def max_connections(self) -> int:
        """Return RDS' default for PostgreSQL: LEAST({DBInstanceClassMemory/9531392},5000).

        This is an upper bound: DBInstanceClassMemory is less than the memory of the class, because
        processes of RDS use a part of it.
        """
        return min(self.memory_mib * 1024**2 // 9531392, 5000)


class CacheNodeType(NamedTuple):
    """An ElastiCache node type."""

    max_credits: int | None = None
    """The CPU credits that a node can accrue. None for types that are not burstable."""


CACHE_MAX_CONNECTIONS = 65000
"""The connections to a node of any type (`maxclients`)."""


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
    "db.t3.medium": DatabaseClass(2, 4096, max_credits=576),
    "db.t3.large": DatabaseClass(2, 8192, max_credits=864),
    "db.t3.xlarge": DatabaseClass(4, 16384, max_credits=2304),
    "db.t4g.medium": DatabaseClass(2, 4096, max_credits=576),
    "db.t4g.large": DatabaseClass(2, 8192, max_credits=864),
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
