"""Properties whose change replaces a resource in some cases, and which cases these are.

The schemas name them (`conditionalCreateOnlyProperties`) and do not say when. What a rule here does
not let pass counts as a replacement, and so does every property without a rule: AuthToken and
NodeGroupConfiguration of AWS::ElastiCache::ReplicationGroup, which older and newer documentation
describe differently.

Sources, checked on 2026-11-23, for AWS::RDS::DBInstance:
- The CloudFormation template reference, "Update requires": no property in this table says
  "Replacement"; all say "Some interruptions", "No interruption" or "Updates are not supported".
- The handler that CloudFormation runs decides over the cases: aws-cloudformation/
  aws-cloudformation-resource-providers-rds, ImmutabilityHelper.isChangeMutable. It looks at neither
  AutoMinorVersionUpgrade, BackupRetentionPeriod, DBParameterGroupName, MultiAZ nor
  PreferredMaintenanceWindow: these are modified in place.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

Properties = Mapping[str, Any]
Rule = Callable[[Properties, Properties], bool]
"""Whether the change from the old to the new properties leaves the resource in place."""


def stays(resource_type: str, name: str, old: Properties, new: Properties) -> bool:
    """Whether a change of a conditional create-only property is known to replace nothing."""
    rule = _RULES.get(resource_type, {}).get(name)
    return rule is not None and rule(old, new)


def _always(old: Properties, new: Properties) -> bool:
    return True


def _when_removed(name: str) -> Rule:
    """A source that is no longer named: the instance was made from it long ago."""
    return lambda old, new: new.get(name, "") == ""


def _when_added(name: str) -> Rule:
    return lambda old, new: old.get(name, "") == ""


def _zone_is_left_to_the_standby(old: Properties, new: Properties) -> bool:
    return "AvailabilityZone" not in new and new.get("MultiAZ") == "true"


def _is_not_asked_for(old: Properties, new: Properties) -> bool:
    return new.get("UseLatestRestorableTime") != "true"


_RULES: Mapping[str, Mapping[str, Rule]] = {
    "AWS::RDS::DBInstance": {
        **dict.fromkeys(
            (
                "AutoMinorVersionUpgrade",
                "BackupRetentionPeriod",
                "DBParameterGroupName",
                "MultiAZ",
                "PreferredMaintenanceWindow",
            ),
            _always,
        ),
        **{
            name: _when_removed(name)
            for name in (
                "DBClusterSnapshotIdentifier",
                "DBSnapshotIdentifier",
                "RestoreTime",
                "SourceDBClusterIdentifier",
                "SourceDBInstanceAutomatedBackupsArn",
                "SourceDBInstanceIdentifier",
                "SourceDbiResourceId",
            )
        },
        "AvailabilityZone": _zone_is_left_to_the_standby,
        "PerformanceInsightsKMSKeyId": _when_added("PerformanceInsightsKMSKeyId"),
        "UseLatestRestorableTime": _is_not_asked_for,
    },
}
