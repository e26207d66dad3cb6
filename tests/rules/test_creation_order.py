"""CloudFormation creates what grants permissions before what needs them."""

from collections.abc import Callable

import pytest

from tests.rules.creation_order import Unordered, find_unordered
from tests.rules.creation_order_exemptions import CREATION_ORDER_EXEMPTIONS
from tests.rules.graphs import graph, graph_names, graph_with_fault
from tests.rules.stage_graph import StageGraph
from tests.synthesis import Template


def findings(checked: StageGraph) -> list[Unordered]:
    return [
        found
        for found in find_unordered(checked)
        if not any(exemption.covers(found.kind) for exemption in CREATION_ORDER_EXEMPTIONS)
    ]


@pytest.mark.parametrize("name", graph_names())
def test_what_needs_a_permission_waits_for_it(name: str) -> None:
    """AWS refuses a resource without the permission, or it loses events until the permission."""
    assert list(map(str, findings(graph(name)))) == []


def test_each_exemption_applies_to_a_template() -> None:
    kinds = [found.kind for name in graph_names() for found in find_unordered(graph(name))]
    unused = [each for each in CREATION_ORDER_EXEMPTIONS if not any(map(each.covers, kinds))]
    assert unused == []


def remove_dependencies(stack: str, *types: str) -> Callable[[dict[str, Template]], None]:
    """Return a function that removes `DependsOn` from the resources of some types."""

    def remove(templates: dict[str, Template]) -> None:
        for resource in templates[stack]["Resources"].values():
            if resource["Type"] in types:
                resource.pop("DependsOn", None)

    return remove


def attach_from_the_policy(stack: str, role: str) -> Callable[[dict[str, Template]], None]:
    """Return a function that lets policies name a role, in place of the reverse."""

    def attach(templates: dict[str, Template]) -> None:
        resources = templates[stack]["Resources"]
        (role_id,) = (
            name
            for name, resource in resources.items()
            if name.startswith(role) and resource["Type"] == "AWS::IAM::Role"
        )
        for policy in resources[role_id]["Properties"].pop("ManagedPolicyArns"):
            resources[policy["Ref"]]["Properties"]["Roles"] = [{"Ref": role_id}]

    return attach


@pytest.mark.parametrize(
    ("name", "put_back", "needs", "grants"),
    [
        (
            "account",
            remove_dependencies("account", "AWS::Config::DeliveryChannel"),
            "account/ConfigChannel",
            "account/ConfigRecordsPolicy",
        ),
        (
            "production",
            attach_from_the_policy("cluster", "NodesRole"),
            "cluster/NodesOnDemand",
            "cluster/NodesPolicy",
        ),
        (
            "production",
            remove_dependencies("security", "AWS::CloudTrail::Trail"),
            "security/AuditTrail",
            "security/AuditBucketPolicy",
        ),
        (
            "production",
            remove_dependencies("network", "AWS::EC2::FlowLog"),
            "network/VpcFlowLog",
            "network/VpcFlowLogIAMRoleDefaultPolicy",
        ),
        (
            "staging",
            remove_dependencies("data", "AWS::SecretsManager::RotationSchedule"),
            "data/CacheTokenRotationSchedule",
            "data/CacheTokenRotationFunction",
        ),
        (
            "production",
            remove_dependencies("monitoring", "AWS::Events::Rule"),
            "monitoring/BackupsRule",
            "monitoring/BackupsRecordPolicy",
        ),
        (
            "production",
            remove_dependencies("monitoring", "AWS::Budgets::Budget"),
            "monitoring/Budget",
            "monitoring/TopicsWarningPolicy",
        ),
        (
            "staging",
            remove_dependencies("security", "Custom::S3AutoDeleteObjects"),
            "security/AuditBucketAutoDelete",
            "security/AuditBucketPolicy",
        ),
    ],
)
def test_a_missing_dependency_is_found_by_name(
    name: str, put_back: Callable[[dict[str, Template]], None], needs: str, grants: str
) -> None:
    found = findings(graph_with_fault(name, put_back))
    assert [
        each
        for each in found
        if str(each.use.user).startswith(needs) and str(each.grant).startswith(grants)
    ], list(map(str, found))


def test_the_message_says_what_to_add_where() -> None:
    put_back = remove_dependencies("account", "AWS::Config::DeliveryChannel")
    (found,) = findings(graph_with_fault("account", put_back))
    assert str(found) == (
        f"{found.use.user} does not wait for {found.grant}, which grants on {found.use.target} in "
        "S3BucketName; add a dependency, or an exemption for "
        "('AWS::S3::BucketPolicy', 'of the same stack', 'AWS::Config::DeliveryChannel', "
        "'S3BucketName') in tests/rules/creation_order_exemptions.py: why AWS does not check it at "
        "creation, and which page says so"
    )
