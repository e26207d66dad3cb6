"""What the guard says about a stage that is incomplete, or whose last deployment failed."""

from dataclasses import replace

import pytest

from tests.tools.guard.test_comparison import resource
from tools.guard.errors import GuardError
from tools.guard.stack_status import (
    check_statuses,
    describe_incomplete_stage,
    describe_pending_changes,
)
from tools.guard.templates import StackTemplate, Templates


def deployed(**statuses: str) -> Templates:
    """Return stacks with the given statuses, by the last part of their names."""
    stacks = {}
    for name, status in statuses.items():
        topic = resource("AWS::SNS::Topic")
        topic["Metadata"] = {"aws:cdk:path": f"staging/{name}/Topic/Resource"}
        stack = f"spywatcher-staging-{name}"
        template = {"Resources": {"Topic": topic}}
        stacks[stack] = StackTemplate(stack, "us-east-1", "1", template, status=status)
    return stacks


@pytest.mark.parametrize(
    ("status", "command"),
    [
        ("CREATE_FAILED", "destroy staging/data (docs/runbooks/failed-creation.md)"),
        ("ROLLBACK_FAILED", "destroy staging/data (docs/runbooks/failed-creation.md)"),
        ("DELETE_FAILED", "destroy staging/data (docs/runbooks/failed-creation.md)"),
        ("UPDATE_FAILED", "rollback staging/data (docs/runbooks/failed-update.md)"),
        ("UPDATE_ROLLBACK_FAILED", "rollback staging/data (docs/runbooks/failed-update.md)"),
        ("IMPORT_ROLLBACK_FAILED", "rollback staging/data (docs/runbooks/failed-update.md)"),
    ],
)
def test_a_stack_whose_last_operation_failed_half_way_is_refused_with_the_command_that_ends_it(
    status: str, command: str
) -> None:
    with pytest.raises(GuardError) as caught:
        check_statuses(deployed(network="UPDATE_COMPLETE", data=status))
    assert str(caught.value) == (
        f"spywatcher-staging-data: found status {status}, in which its template does not say what "
        f"it has; first run: python3 dev.py cdk {command}"
    )


@pytest.mark.parametrize(
    "status",
    ["CREATE_COMPLETE", "UPDATE_COMPLETE", "UPDATE_ROLLBACK_COMPLETE", "IMPORT_COMPLETE"],
)
def test_a_stack_that_its_template_describes_is_compared(status: str) -> None:
    check_statuses(deployed(data=status))


def test_the_stacks_that_a_stage_does_not_have_yet_are_named() -> None:
    names = ["spywatcher-staging-data", "spywatcher-staging-cluster"]
    (note,) = describe_incomplete_stage("staging", names, deployed(data="CREATE_COMPLETE"))
    assert note == (
        "spywatcher-staging-cluster: not deployed yet, so not compared. To create what is "
        "missing: python3 dev.py cdk deploy 'staging/*' -c stage=staging"
    )
    assert not list(describe_incomplete_stage("staging", names, {}))


def test_a_stack_whose_last_update_was_rolled_back_is_named_with_how_to_find_the_cause() -> None:
    stacks = deployed(data="UPDATE_ROLLBACK_COMPLETE")
    (note,) = describe_incomplete_stage("staging", list(stacks), stacks)
    assert note.startswith("spywatcher-staging-data: the last update failed and was rolled back.")
    assert "describe-stack-events --stack-name spywatcher-staging-data" in note


def test_the_stacks_with_pending_changes_are_named() -> None:
    """A deployment of one stack also deploys the stacks that it depends on."""
    before = deployed(network="UPDATE_COMPLETE", data="UPDATE_COMPLETE")
    name = "spywatcher-staging-data"
    changed = replace(before[name], template={"Resources": {}})
    added = {"spywatcher-staging-workloads": replace(changed, name="spywatcher-staging-workloads")}

    (note,) = describe_pending_changes(before, {**before, name: changed, **added})

    assert note.startswith(f"A deployment changes {name}. With --exclusively")
    assert not list(describe_pending_changes(before, {**before, **added}))
