"""The way to change each setting whose change is refused, or replaces a resource.

An entry for a setting that changes in place fails a test, so that none is left over.
"""

from collections.abc import Mapping

_NETWORK = (
    "Not in a running stage. The new subnets would overlap the present ones, and everything in the "
    "VPC would move. Create a new stage, and restore the database there from a snapshot."
)
_GENERATION = (
    "Never for an instance that exists: CloudFormation would replace it by another one. Add a "
    "generation with another number ([restore the database](runbooks/restore-database.md))."
)
_NEVER_LOWER = "Only to a newer version. Restore a backup from before the upgrade to go back."
_ONE_TRACK = (
    "The guard stops a change back to `rolling`, because the secret of the smoke requests leaves "
    "its stack. Allow it by its name: a change to two tracks makes another one."
)

WAYS: Mapping[str, str] = {
    "availability_zones": _NETWORK,
    "network.cidr": _NETWORK,
    "network.subnets.public_prefix_length": _NETWORK,
    "network.subnets.private_prefix_length": _NETWORK,
    "network.subnets.database_prefix_length": _NETWORK,
    "account_wide.access_analyzer_name": (
        "Two deployments of the account stack, because an account has one external analyzer in a "
        "Region: first with `access_analyzer: none`, then with `make` and the new name. The "
        "findings of the old analyzer are lost."
    ),
    "account_wide.config_recorder": (
        "The buckets with the records stay in the account, and no stack manages them."
    ),
    "cache.engine_version": _NEVER_LOWER,
    "cache.nodes": (
        "Between one node and more, two deployments ([vertical scaling](runbooks/"
        "vertical-scaling.md)). Otherwise one."
    ),
    "cluster.application_metrics": (
        "The guard stops `false`, because the log group leaves its stack. The log group stays with "
        "its events. Allow it by its name."
    ),
    "cluster.kubernetes_version": (
        "One minor version at a time ([upgrade](runbooks/kubernetes-upgrade.md))."
    ),
    "cluster.nodes.instance_type": (
        "One deployment. EKS creates the new node group first, and drains the old one."
    ),
    "database.engine_version": _NEVER_LOWER,
    "database.generations": (
        "Remove only a generation that is not active and has `retiring: true` ([restore the "
        "database](runbooks/restore-database.md)). Allow its instance by name."
    ),
    "database.generations.number": _GENERATION,
    "database.generations.restore_from_snapshot": _GENERATION,
    "database.generations.restore_source_backups_arn": _GENERATION,
    "database.generations.restore_source_resource_id": _GENERATION,
    "database.generations.restore_to_time": _GENERATION,
    "database.performance_insights": (
        "`true` to `false` is not possible for an instance that exists: without its key, "
        "CloudFormation would replace the instance by an empty one. Do not allow it. A new "
        "generation of the database can do without."
    ),
    "database.read_replicas": (
        "The guard stops a lower number. A replica has no data of its own: allow it by its name."
    ),
    "database.storage_gib": (
        "Only by 10 percent or more at a time, and never down. RDS then refuses further changes "
        "for six hours."
    ),
    "deletion_protection": (
        "The guard stops `true` to `false`, and names each resource that would lose its "
        "protection. Allow those whose data may be lost."
    ),
    "domain.hosted_zone_id": (
        "One deployment. Clients find the website in the new zone, once its name servers answer "
        "for the domain."
    ),
    "domain.name": "One deployment. The old name stops to resolve when the new record exists.",
    "network.interface_endpoints": (
        "To remove the last endpoint, deploy the cluster stack first, with the command that the "
        "guard prints. Every other change is one deployment."
    ),
    "services.backend.delivery.strategy": _ONE_TRACK,
    "services.frontend.delivery.strategy": _ONE_TRACK,
    "monitoring.subscriptions.slack.workspace_id": (
        "Two deployments: first without the section `slack`, then with the new workspace."
    ),
}
"""The way by the key of the setting."""
