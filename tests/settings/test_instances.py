"""The capacity of instance types."""

import pytest

from settings.instances import DATABASE_CLASSES


@pytest.mark.parametrize(
    "instance_class, connections", [("db.t3.large", 901), ("db.r6i.xlarge", 3604)]
)
def test_connections_are_computed_from_memory_as_rds_does(
    instance_class: str, connections: int
) -> None:
    """LEAST({DBInstanceClassMemory/9531392},5000), with the whole memory of the class."""
    assert DATABASE_CLASSES[instance_class].max_connections == connections
