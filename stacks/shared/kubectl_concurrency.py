"""Limits how many Kubernetes resources of a stack CloudFormation creates at the same time."""

import functools
from collections.abc import Mapping, Sequence

import aws_cdk as cdk
from aws_cdk import aws_eks_v2 as eks

from constructs import Construct, Node

KUBECTL_RESOURCES_AT_ONCE = 3
"""How many resources of a stack call the kubectl provider at the same time.

Each call holds two Lambda executions: CDK's provider framework, and the handler that it invokes and
waits for. A new account may have a quota of 10 executions (docs/first-deploy.md). While the cluster
stack is deployed, Secrets Manager tests the three rotation functions of the data stack.
"""

_KUBECTL_CONSTRUCTS = (
    eks.HelmChart,
    eks.KubernetesManifest,
    eks.KubernetesObjectValue,
    eks.KubernetesPatch,
)


def limit_kubectl_concurrency(
    stack: cdk.Stack, *, conditional: Sequence[Sequence[Construct]] = ()
) -> None:
    """Let each Kubernetes resource wait for the one that is three places before it.

    Without a limit, Lambda throttles calls of the framework to the handler. The framework retries a
    throttled call only for seconds, and then the deployment fails (`outbound.ts` of aws-cdk-lib
    2.275.0, custom-resources/lib/provider-framework/runtime).

    The order of the resources begins with those for which the longest chain of other resources
    waits, so that the limit delays the deployment little. Call this function last in the
    constructor of the stack.

    The resources of a track, which exist on a condition, are created one at a time after all
    others: no resource may wait for one whose condition may be false (cfn-lint, E3005). At most two
    tracks are created at once: the first deployment creates one of each service, and a release
    creates one.

    Args:
        stack: The stack of the resources.
        conditional: The resources that exist on a condition, by condition.
    """
    nodes: dict[Construct, Node] = {
        each: each.node for each in stack.node.find_all() if isinstance(each, _KUBECTL_CONSTRUCTS)
    }
    lengths = _chain_lengths(nodes)
    # sorted() keeps the order of resources with chains of the same length.
    ordered = sorted(nodes, key=lambda resource: -lengths[resource])
    always = [each for each in ordered if not any(each in track for track in conditional)]
    _wait_in_turn(always, nodes, KUBECTL_RESOURCES_AT_ONCE)
    for track in conditional:
        one_by_one = [each for each in ordered if each in track]
        nodes[one_by_one[0]].add_dependency(*always[-KUBECTL_RESOURCES_AT_ONCE:])
        _wait_in_turn(one_by_one, nodes, 1)


def _wait_in_turn(
    resources: Sequence[Construct], nodes: Mapping[Construct, Node], at_once: int
) -> None:
    for earlier, later in zip(resources, resources[at_once:], strict=False):
        nodes[later].add_dependency(earlier)


def _chain_lengths(nodes: Mapping[Construct, Node]) -> dict[Construct, int]:
    """Return the length of the longest chain of resources that wait for each one."""
    dependents: dict[Construct, list[Construct]] = {resource: [] for resource in nodes}
    for resource, node in nodes.items():
        for dependency in node.dependencies:
            if isinstance(dependency, Construct) and dependency in dependents:
                dependents[dependency].append(resource)

    @functools.cache
    def chain_length(resource: Construct) -> int:
        return max((1 + chain_length(each) for each in dependents[resource]), default=0)

    return {resource: chain_length(resource) for resource in nodes}
