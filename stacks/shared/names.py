"""Names of resources that several stacks use.

Stacks pass constructs to the stacks after them. A name stands for a construct where a reference
would create an unwanted dependency: on an earlier stack's template, or between data and cluster.
"""

import re

from settings import StageSettings

GITHUB_OIDC_PROVIDER = "token.actions.githubusercontent.com"
"""The URL of GitHub's OIDC provider without https://, which is its name in IAM."""

PROBE_HEADER = "X-Spywatcher-Track"
"""The header with which a release requests pages of the track without traffic."""


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
    """Return the name of the dashboard that the description of every alarm links to."""
    return settings.resource_name("operations")


def release_machine_name(settings: StageSettings) -> str:
    """Return the name of the state machine that releases the services."""
    return settings.resource_name("release")


def replication_group_id(settings: StageSettings) -> str:
    """Return the identifier of the Redis replication group."""
    return settings.resource_name()


def trail_name(settings: StageSettings) -> str:
    """Return the name of the CloudTrail trail, which its log group shares."""
    return settings.resource_name("trail")


def to_pascal_case(name: str) -> str:
    """Return words that `-`, `_` or spaces separate in the form of a construct id: NodePatches."""
    return "".join(word.capitalize() for word in re.split(r"[-_\s]+", name))
