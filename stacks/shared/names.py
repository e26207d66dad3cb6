"""Names of resources that several stacks use.

A stack passes its constructs to the later ones. A name is for what a reference must not tie to
the other stack's template, or for a resource of a stack that comes later.
"""

import re

from settings import StageSettings


def access_analyzer_name(settings: StageSettings) -> str:
    """Return the name of IAM Access Analyzer's analyzer."""
    return settings.resource_name("analyzer")


def cluster_name(settings: StageSettings) -> str:
    """Return the name of the EKS cluster."""
    return settings.resource_name()


def instance_identifier(settings: StageSettings, generation: int) -> str:
    """Return the identifier of a PostgreSQL instance.

    The first generation has the name of the stage, as in the commands of the design.
    """
    return settings.resource_name(f"g{generation}" if generation > 1 else "")


def node_patching_name(settings: StageSettings) -> str:
    """Return the name of the state machine that patches the nodes."""
    return settings.resource_name("node-patches")


def operations_dashboard_name(settings: StageSettings) -> str:
    """Return the name of the dashboard that every alarm refers to."""
    return settings.resource_name("operations")


def replication_group_id(settings: StageSettings) -> str:
    """Return the identifier of the Redis replication group."""
    return settings.resource_name()


def trail_name(settings: StageSettings) -> str:
    """Return the name of the audit trail, and of its log group."""
    return settings.resource_name("trail")


def to_pascal_case(name: str) -> str:
    """Return a name of several words in the form of a construct id, such as NodePatches."""
    return "".join(word.capitalize() for word in re.split(r"[-_\s]+", name))
