"""Properties whose change replaces a resource in some cases, and which cases these are.

The schemas name them (`conditionalCreateOnlyProperties`) and do not say when. What a rule here does
not let pass counts as a replacement, and so does every property without a rule: AuthToken and
NodeGroupConfiguration of AWS::ElastiCache::ReplicationGroup, which older and newer documentation
describe differently.

Sources for AWS::RDS::DBInstance, checked on 2026-11-23:
- The CloudFormation template reference, "Update requires", says "Some interruptions" of all its
  conditional properties. In the text it adds that without its DBSnapshotIdentifier an instance is
  replaced by an empty one, and that without its SourceDBInstanceIdentifier a replica is promoted.
- The handler that CloudFormation runs decides over the cases: aws-cloudformation/
  aws-cloudformation-resource-providers-rds, ImmutabilityHelper.isChangeMutable. It looks at neither
  AutoMinorVersionUpgrade, BackupRetentionPeriod, DBParameterGroupName, MultiAZ nor
  PreferredMaintenanceWindow: these are modified in place. Of the zone it lets go what Multi-AZ
  decides, and it takes a key for Performance Insights where there was none.
- The handler would also keep an instance whose snapshot or restore time is no longer named. The
  reference says the contrary for the snapshot, so what an instance was made from has no rule.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

Properties = Mapping[str, Any]
Rule = Callable[[Properties, Properties], bool]
"""Whether the change from the old to the new properties leaves the resource in place."""


def stays(resource_type: str, name: str, old: Properties, new: Properties) -> bool:
    """Whether a change of a conditional create-only property is known to replace nothing."""
    rule = RULES.get(resource_type, {}).get(name)
    return rule is not None and rule(old, new)


def _always(old: Properties, new: Properties) -> bool:
    return True


def _is_promoted(old: Properties, new: Properties) -> bool:
    return "SourceDBInstanceIdentifier" not in new


def _had_no_key(old: Properties, new: Properties) -> bool:
    return "PerformanceInsightsKMSKeyId" not in old


def _zone_is_left_to_the_standby(old: Properties, new: Properties) -> bool:
    return "AvailabilityZone" not in new and new.get("MultiAZ") == "true"


RULES: Mapping[str, Mapping[str, Rule]] = {
    "AWS::RDS::DBInstance": {
        "AutoMinorVersionUpgrade": _always,
        "AvailabilityZone": _zone_is_left_to_the_standby,
        "BackupRetentionPeriod": _always,
        "DBParameterGroupName": _always,
        "MultiAZ": _always,
        "PerformanceInsightsKMSKeyId": _had_no_key,
        "PreferredMaintenanceWindow": _always,
        "SourceDBInstanceIdentifier": _is_promoted,
    },
}
