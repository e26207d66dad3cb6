"""Rules for the properties whose change replaces a resource in some cases only.

The schemas list them (`conditionalCreateOnlyProperties`), but not the cases. A change counts as a
replacement unless a rule of this module says that CloudFormation updates the resource in place.
AuthToken and NodeGroupConfiguration of AWS::ElastiCache::ReplicationGroup have no rule, because
older and newer documentation of them differ.

Sources for AWS::RDS::DBInstance, checked on 2026-11-23:
- The CloudFormation template reference says "Some interruptions" under "Update requires" for all
  its conditional properties. An instance whose DBSnapshotIdentifier is removed is replaced by an
  empty one. A replica whose SourceDBInstanceIdentifier is removed is promoted.
- The resource handler decides in ImmutabilityHelper.isChangeMutable of aws-cloudformation/
  aws-cloudformation-resource-providers-rds. It does not check AutoMinorVersionUpgrade,
  BackupRetentionPeriod, DBParameterGroupName, MultiAZ and PreferredMaintenanceWindow, which are
  modified in place. It allows the removal of the zone with Multi-AZ, and the addition of a
  Performance Insights key.
- The handler also keeps an instance whose snapshot or restore time is removed. The template
  reference contradicts this for the snapshot, so the sources of an instance have no rule.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping

from tools.templates.schemas import JsonValue

Properties = Mapping[str, JsonValue]
InPlaceRule = Callable[[Properties, Properties], bool]
"""Takes the old and the new properties; returns whether the update keeps the resource."""


def is_updated_in_place(resource_type: str, name: str, old: Properties, new: Properties) -> bool:
    """Return whether a rule says that the change of a property does not replace the resource."""
    rule = IN_PLACE_RULES.get(resource_type, {}).get(name)
    return rule is not None and rule(old, new)


def _always(old: Properties, new: Properties) -> bool:
    return True


def _promotes_replica(old: Properties, new: Properties) -> bool:
    return "SourceDBInstanceIdentifier" not in new


def _adds_key(old: Properties, new: Properties) -> bool:
    return "PerformanceInsightsKMSKeyId" not in old


def _removes_zone_with_multi_az(old: Properties, new: Properties) -> bool:
    return "AvailabilityZone" not in new and new.get("MultiAZ") == "true"


IN_PLACE_RULES: Mapping[str, Mapping[str, InPlaceRule]] = {
    "AWS::RDS::DBInstance": {
        "AutoMinorVersionUpgrade": _always,
        "AvailabilityZone": _removes_zone_with_multi_az,
        "BackupRetentionPeriod": _always,
        "DBParameterGroupName": _always,
        "MultiAZ": _always,
        "PerformanceInsightsKMSKeyId": _adds_key,
        "PreferredMaintenanceWindow": _always,
        "SourceDBInstanceIdentifier": _promotes_replica,
    },
}
"""The rules by resource type and property."""
