"""Limits how many Kubernetes resources of a stack CloudFormation creates at the same time."""

import functools
from collections.abc import Sequence

import aws_cdk as cdk
from aws_cdk import aws_eks_v2 as eks

from constructs import IConstruct

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


def limit_kubectl_concurrency(stack: cdk.Stack) -> None:
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
    """
    resources = [
        construct
        for construct in stack.node.find_all()
        if isinstance(construct, _KUBECTL_CONSTRUCTS)
    ]
    # sorted() keeps the order of resources with chains of the same length.
    pairs = zip(_chain_lengths(resources), resources, strict=True)
    ordered = [resource for _, resource in sorted(pairs, key=lambda pair: -pair[0])]
    by_condition: dict[str | None, list[IConstruct]] = {}
    for resource in ordered:
        by_condition.setdefault(_condition(resource), []).append(resource)
    always = by_condition.pop(None, [])
    _wait_in_turn(always, KUBECTL_RESOURCES_AT_ONCE)
    for conditional in by_condition.values():
        _wait_in_turn(conditional, 1)
        conditional[0].node.add_dependency(*always[-KUBECTL_RESOURCES_AT_ONCE:])


def _wait_in_turn(resources: Sequence[IConstruct], at_once: int) -> None:
    for earlier, later in zip(resources, resources[at_once:], strict=False):
        later.node.add_dependency(earlier)


def _condition(construct: IConstruct) -> str | None:
    """Return the condition on which the resources of a construct exist; None without one."""
    for child in construct.node.find_all():
        if isinstance(child, cdk.CfnResource) and child.cfn_options.condition is not None:
            return child.cfn_options.condition.node.path
    return None


def _chain_lengths(resources: Sequence[IConstruct]) -> list[int]:
    """Return the length of the longest chain of resources that wait for each one."""
    paths = [resource.node.path for resource in resources]
    dependents: dict[str, list[str]] = {path: [] for path in paths}
    for path, resource in zip(paths, resources, strict=True):
        for dependency in resource.node.dependencies:
            dependency_path = dependency.node.path
            if dependency_path in dependents:
                dependents[dependency_path].append(path)

    @functools.cache
    def chain_length(path: str) -> int:
        return max((1 + chain_length(dependent) for dependent in dependents[path]), default=0)

    return [chain_length(path) for path in paths]
