"""Finds resources that CloudFormation may create before what permits their creation or their use.

A policy or a permission grants something on a resource, or to a role. CloudFormation creates it
beside everything else that refers to the resource, unless an order is declared.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from tests.rules.names import as_deployed
from tests.rules.permissions import USED_TYPES, Permissions
from tests.rules.stage_graph import StageGraph, Use
from tests.rules.use_rules import USE_RULES
from tools.guard.reference import ResourceId

_GRANTED_BY = {
    "AWS::IAM::ManagedPolicy": "Roles.*",
    "AWS::IAM::Policy": "Roles.*",
    "AWS::Lambda::Permission": "FunctionName",
    "AWS::Logs::ResourcePolicy": "PolicyDocument",
    "AWS::S3::BucketPolicy": "Bucket",
    "AWS::SecretsManager::ResourcePolicy": "SecretId",
    "AWS::SNS::TopicPolicy": "Topics.*",
}
"""The types that grant permissions, with the property that names to whom or on what."""

Kind = tuple[str, str, str, str]
"""The type of the grant, whether it is of the stack of what needs it, and the type and the property
of what needs it."""


@dataclass(frozen=True)
class Unordered:
    """A grant that CloudFormation may create after a resource that needs it."""

    grant: ResourceId
    use: Use
    kind: Kind

    def __str__(self) -> str:
        return (
            f"{self.use.user} does not wait for {self.grant}, which grants on {self.use.target} "
            f"in {self.use.property}; add a dependency, or an exemption for {self.kind} in "
            "tests/rules/creation_order_exemptions.py: why AWS does not check it at creation, and "
            "which page says so"
        )


def find_unordered(graph: StageGraph) -> Iterator[Unordered]:
    """Yield each pair of a grant and a resource that needs it without an order between them."""
    grants: dict[ResourceId, list[ResourceId]] = defaultdict(list)
    for grant in _grants(graph):
        grants[grant.target].append(grant.user)
    permissions = Permissions(graph, USE_RULES)
    for use in graph.uses:
        if graph.type(use.user) in _GRANTED_BY or _is_inline_policy(graph, use):
            continue
        for user in grants[use.target]:
            if _matters(graph, permissions, user, use) and not graph.precedes(user, use.user):
                yield Unordered(user, use, _kind(graph, user, use))


def _kind(graph: StageGraph, grant: ResourceId, use: Use) -> Kind:
    place = "of the same stack" if grant.stack == use.user.stack else "of another stack"
    return graph.type(grant), place, graph.type(use.user), use.property


def _grants(graph: StageGraph) -> Iterator[Use]:
    for use in graph.uses:
        if _GRANTED_BY.get(graph.type(use.user)) == use.property and _allows(graph, use.user):
            yield use


def _is_inline_policy(graph: StageGraph, use: Use) -> bool:
    return graph.type(use.user) == "AWS::IAM::Role" and use.property.startswith("Policies.")


def _allows(graph: StageGraph, grant: ResourceId) -> bool:
    """Return whether the policy allows anything: some only deny."""
    if graph.type(grant) in ("AWS::Lambda::Permission", "AWS::Logs::ResourcePolicy"):
        return True
    return any(statement["Effect"] == "Allow" for statement in _statements(graph, grant))


def _statements(graph: StageGraph, policy: ResourceId) -> list[dict[str, Any]]:
    properties = as_deployed(graph, graph.properties(policy))
    document = properties.get("PolicyDocument") or properties["ResourcePolicy"]
    statements: list[dict[str, Any]] = document["Statement"]
    return statements


def _matters(graph: StageGraph, permissions: Permissions, grant: ResourceId, use: Use) -> bool:
    """Return whether the resource needs the grant.

    The policy of a bucket or topic and the permission of a function grant something to principals.
    They matter to the resources for which these principals act.
    """
    if graph.type(use.target) not in USED_TYPES:
        return True
    acting = permissions.principals(use)
    return acting is None or bool(acting & _granted_principals(graph, grant))


def _granted_principals(graph: StageGraph, grant: ResourceId) -> set[str]:
    if graph.type(grant) == "AWS::Lambda::Permission":
        return {str(graph.properties(grant)["Principal"])}
    names: set[str] = set()
    for statement in _statements(graph, grant):
        principal = statement["Principal"]
        for values in principal.values() if isinstance(principal, dict) else ():
            names |= {values} if isinstance(values, str) else set(values)
    return names
