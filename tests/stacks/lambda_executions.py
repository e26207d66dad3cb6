"""Counts the Lambda executions that a deployment of a stage can start at the same time."""

from collections.abc import Iterator, Mapping
from typing import Any

from tests.synthesis import SynthesizedStage

_KUBECTL_PREFIX = "Custom::AWSCDK-EKS-"
_EXECUTIONS_OF_KUBECTL = 2
"""The execution of CDK's provider framework waits for that of the handler."""
_EXECUTIONS = {"AWS::SecretsManager::RotationSchedule": 1}
"""Secrets Manager invokes the rotation function when it creates a schedule: it rotates the secret,
or tests the function ("AWS::SecretsManager::RotationSchedule", AWS CloudFormation User Guide,
RotateImmediatelyOnUpdate)."""

Graph = Mapping[Any, set[Any]]
"""The dependencies of each node."""


def max_executions(stage: SynthesizedStage) -> int:
    """Return the largest number of executions at the same time, over all stacks of a stage."""
    dependencies = {stack: set[str]() for stack in stage.templates}
    for reader, owner in stage.imports():
        dependencies[reader].add(owner)
    by_stack = {stack: max_executions_of_stack(stage, stack) for stack in stage.templates}
    return max_weight_of_independent_nodes(dependencies, by_stack)


def max_executions_of_stack(stage: SynthesizedStage, stack: str) -> int:
    """Return the largest number of executions that the creation of one stack starts."""
    resources = stage.templates[stack]["Resources"]
    dependencies = {
        logical_id: {name for name in _references(resource) if name in resources}
        for logical_id, resource in resources.items()
    }
    executions = {
        logical_id: _executions(resource["Type"]) for logical_id, resource in resources.items()
    }
    return max_weight_of_independent_nodes(dependencies, executions)


def max_weight_of_independent_nodes(dependencies: Graph, weights: Mapping[Any, int]) -> int:
    """Return the largest total weight of nodes none of which depends on another one.

    A node of weight n counts as n nodes. By Dilworth's theorem, the largest set of nodes that do
    not depend on each other is as large as the smallest number of chains that cover all nodes. That
    is the number of nodes minus the largest matching of nodes to nodes that depend on them.

    Raises:
        AssertionError: the dependencies have a cycle.
    """
    ancestors: dict[Any, set[Any]] = {}
    for node in dependencies:
        _add_ancestors(node, dependencies, ancestors, path=())
    copies = [(node, copy) for node, weight in weights.items() for copy in range(weight)]
    dependents = {
        (node, copy): [other for other in copies if node in ancestors[other[0]]]
        for node, copy in copies
    }
    matched: dict[Any, Any] = {}

    def match(node: Any, visited: set[Any]) -> bool:
        for dependent in dependents[node]:
            if dependent not in visited:
                visited.add(dependent)
                if dependent not in matched or match(matched[dependent], visited):
                    matched[dependent] = node
                    return True
        return False

    return len(copies) - sum(match(node, set()) for node in copies)


def _executions(resource_type: str) -> int:
    if resource_type.startswith(_KUBECTL_PREFIX):
        return _EXECUTIONS_OF_KUBECTL
    if resource_type.startswith("Custom::") or resource_type.endswith("::CustomResource"):
        return 1
    return _EXECUTIONS.get(resource_type, 0)


def _add_ancestors(
    node: Any, dependencies: Graph, ancestors: dict[Any, set[Any]], path: tuple[Any, ...]
) -> None:
    assert node not in path, f"a cycle: {[*path, node]}"
    if node not in ancestors:
        found = set()
        for dependency in dependencies[node]:
            _add_ancestors(dependency, dependencies, ancestors, (*path, node))
            found |= {dependency} | ancestors[dependency]
        ancestors[node] = found


def _references(value: Any) -> Iterator[str]:
    """Yield the logical ids that a value of a template depends on."""
    if isinstance(value, dict):
        for key, item in value.items():
            if key == "Ref":
                yield item
            elif key == "Fn::GetAtt":
                yield item[0]
            elif key == "DependsOn":
                yield from [item] if isinstance(item, str) else item
            else:
                yield from _references(item)
    elif isinstance(value, list):
        for item in value:
            yield from _references(item)
