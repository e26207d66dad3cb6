"""What the roles of people and of the deployment may do, in short form for comparisons."""

from collections import defaultdict
from collections.abc import Sequence
from typing import Any

from tests.role_policies import RolePolicies, as_list
from tests.synthesis import ACCOUNT, SynthesizedStage

READS = "RolesReaderReads"
CLOUDSHELL = "CloudShellPolicy"
PREFLIGHT = "RolesAdminPreflight"
WATCH = "PeopleWatch"
"""The starts of the logical ids of policies that describe, list, or have conditions."""


def role(stage: SynthesizedStage, name: str) -> dict[str, Any]:
    """Return the properties of the role whose name ends like this."""
    full = stage.settings.resource_name(name)
    roles = stage.resources("security", "AWS::IAM::Role").values()
    return next(r["Properties"] for r in roles if r["Properties"].get("RoleName") == full)


def bootstrap_roles(stage: SynthesizedStage) -> set[str]:
    """Return the last parts of the ARNs of the bootstrap roles that a deployment needs."""
    return {
        f"role/cdk-hnb659fds-{name}-{ACCOUNT}-{stage.settings.region}"
        for name in ("deploy-role", "file-publishing-role", "lookup-role")
    }


def permissions(
    stage: SynthesizedStage, role: str, *, only: str = "", without: Sequence[str] = ()
) -> dict[str, set[str]]:
    """Return the resources of each allowed action.

    Args:
        stage: The synthesized stage.
        role: The last part of the role's name, such as `admin`.
        only: The start of the logical ids of the policies.
        without: The starts of the logical ids of policies to leave out.

    Returns:
        The last parts of the ARNs by action, such as `db:spywatcher-production`.
    """
    allowed = defaultdict(set)
    for policy in RolePolicies.of_people(stage, role).attached:
        name = policy.logical_id
        if not name.startswith(only) or name.startswith(tuple(without)):
            continue
        for statement in policy.document["Statement"]:
            assert statement["Effect"] == "Allow"
            assert "Condition" not in statement
            for action in as_list(statement["Action"]):
                for arn in as_list(statement["Resource"]):
                    allowed[action].add(arn.split(":", maxsplit=5)[-1])
    return dict(allowed)


def preflight_permissions(stage: SynthesizedStage) -> dict[str, set[str]]:
    """Return what the policy of preflight allows administrators, as `permissions` does."""
    return permissions(stage, "admin", only=PREFLIGHT)
