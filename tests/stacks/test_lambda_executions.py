"""A new AWS account runs 10 Lambda executions at a time, and a deployment stays below that."""

import pytest

from tests.stacks.lambda_executions import (
    max_executions,
    max_executions_of_stack,
    max_weight_of_independent_nodes,
)
from tests.synthesis import SynthesizedStage

NEW_ACCOUNT = 10
"""The quota "Concurrent executions" (L-B99A9384) of a new account, all of it unreserved."""


def test_a_deployment_runs_in_a_new_account(stage: SynthesizedStage) -> None:
    """Three Kubernetes resources with two executions each, and the tests of three rotations."""
    assert max_executions(stage) == 9 < NEW_ACCOUNT


@pytest.mark.parametrize("stack", ["cluster", "workloads"])
def test_three_kubernetes_resources_are_created_at_once(
    stage: SynthesizedStage, stack: str
) -> None:
    assert max_executions_of_stack(stage, stack) == 3 * 2


def test_no_function_reserves_executions(stage: SynthesizedStage) -> None:
    """AWS refuses a reservation that leaves fewer than 10 unreserved executions in the account."""
    for stack in stage.templates:
        for function in stage.resources(stack, "AWS::Lambda::Function").values():
            assert "ReservedConcurrentExecutions" not in function["Properties"]


def test_executions_are_counted_over_resources_that_do_not_wait_for_each_other() -> None:
    chain = {"a": set[str](), "b": {"a"}, "c": {"b"}}
    assert max_weight_of_independent_nodes(chain, {"a": 1, "b": 2, "c": 1}) == 2
    fork = {"a": set[str](), "b": {"a"}, "c": {"a"}, "d": {"b", "c"}}
    assert max_weight_of_independent_nodes(fork, {"a": 3, "b": 2, "c": 2, "d": 1}) == 4


def test_a_cycle_of_dependencies_fails() -> None:
    with pytest.raises(AssertionError, match="a cycle"):
        max_weight_of_independent_nodes({"a": {"b"}, "b": {"a"}}, {})
