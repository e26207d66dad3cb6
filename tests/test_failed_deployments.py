"""Deployments that fail in the middle, with the real CDK CLI on the embedded AWS.

Each assembly is synthesized beforehand. The tests follow the runbooks failed-creation and
failed-update.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml

from tests.tools.embedded_aws.cdk_deployments import (
    Deployments,
    changed_resources,
    last_resource,
    read_template,
    running_deployments,
    synthesize_changed_stage,
)
from tools.operations.preflight.stacks import STACKS
from tools.templates.synthesis import synthesize_checkout

STAGE, PROTECTED = "staging", "production"


def stack_name(stack: str, stage: str = STAGE) -> str:
    return f"spywatcher-{stage}-{stack}"


def fault(stage: str, stack: str, logical_id: str, action: str, after: int = 0) -> dict[str, Any]:
    return {
        "stack": stack_name(stack, stage),
        "logical_id": logical_id,
        "action": action,
        "after": after,
    }


@pytest.fixture(scope="module")
def assembly() -> Iterator[Path]:
    """The assembly of staging."""
    with synthesize_checkout(STAGE) as folder:
        yield folder


@pytest.fixture(scope="module")
def changed_assembly(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """The assembly of staging with a change in every stack."""
    with synthesize_changed_stage(STAGE, tmp_path_factory.mktemp("changed")) as folder:
        yield folder


@pytest.fixture(scope="module")
def deployed(assembly: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Deployments]:
    """Staging, whose first deployment failed in its last stack, and was repeated."""
    with running_deployments(tmp_path_factory.mktemp("aws") / "server") as aws:
        last = last_resource(read_template(assembly, STAGE, "delivery"))
        aws.put_faults(fault(STAGE, "delivery", last, "create"))
        output = aws.deploy(assembly, f"{STAGE}/*", fails=True)
        assert aws.pending_faults() == [], output[-6000:]
        assert aws.status(stack_name("delivery")) == "ROLLBACK_COMPLETE"
        aws.deploy(assembly, f"{STAGE}/*")
        yield aws


def deployments_of(aws: Deployments) -> list[Any]:
    """Return the Deployments of the cluster, as they are now."""
    documents = yaml.safe_load_all(aws.local(f"manifests?cluster=spywatcher-{STAGE}"))
    return [document for document in documents if document["kind"] == "Deployment"]


def jobs_of(aws: Deployments) -> set[str]:
    """Return the names of the Jobs of the cluster."""
    documents = yaml.safe_load_all(aws.local(f"manifests?cluster=spywatcher-{STAGE}"))
    return {d["metadata"]["name"] for d in documents if d["kind"] == "Job"}


def test_a_first_deployment_that_failed_is_repeated(deployed: Deployments) -> None:
    assert {deployed.status(stack_name(stack)) for stack in STACKS} == {"CREATE_COMPLETE"}


def test_a_failed_migration_leaves_the_deployments_as_they_are(
    deployed: Deployments, assembly: Path
) -> None:
    before, jobs = deployments_of(deployed), jobs_of(deployed)
    deployed.put_faults({"job": "spywatcher-migrations"})
    image = "ghcr.io/subculture-collective/spywatcher-backend:1.1.0"
    name = stack_name("workloads")
    release = (
        *("--exclusively", "--parameters", f"{name}:BackendImage={image}"),
        *("--parameters", f"{name}:Release=faulty"),
    )

    output = deployed.deploy(assembly, f"{STAGE}/workloads", *release, fails=True)

    assert re.search(r"Migrations\w+.*Job has failed", output, re.DOTALL)
    assert deployed.status(name) == "UPDATE_ROLLBACK_COMPLETE"
    assert deployments_of(deployed) == before
    # The rollback has applied the previous Jobs again. They have succeeded, and did not run.
    assert jobs <= jobs_of(deployed)
    assert deployed.pending_faults() == []

    repeated = [option.replace("faulty", "repaired") for option in release]
    deployed.deploy(assembly, f"{STAGE}/workloads", *repeated)
    assert image in str(deployments_of(deployed))


def test_a_stack_that_others_use_is_not_destroyed(deployed: Deployments, assembly: Path) -> None:
    command = ("destroy", "-a", str(assembly), f"{STAGE}/network", "--exclusively", "--force")
    output = deployed.run(*command, fails=True)
    assert "imported by stack" in output
    assert deployed.status(stack_name("network")) == "CREATE_COMPLETE"


@pytest.mark.nightly
@pytest.mark.parametrize("stack", STACKS)
def test_a_failed_update_leaves_the_stack_as_it_was_and_is_repeated(
    deployed: Deployments, assembly: Path, changed_assembly: Path, stack: str
) -> None:
    deployed.deploy(assembly, f"{STAGE}/{stack}", "--exclusively")
    templates = [read_template(each, STAGE, stack) for each in (assembly, changed_assembly)]
    name, before = stack_name(stack), deployed.contents(stack_name(stack))
    deployed.put_faults(fault(STAGE, stack, changed_resources(*templates)[-1], "update"))

    deployed.deploy(changed_assembly, f"{STAGE}/{stack}", "--exclusively", fails=True)

    assert deployed.pending_faults() == []
    assert deployed.status(name) == "UPDATE_ROLLBACK_COMPLETE"
    assert deployed.contents(name) == before

    deployed.deploy(changed_assembly, f"{STAGE}/{stack}", "--exclusively")
    assert deployed.status(name) == "UPDATE_COMPLETE"


def fail_update_and_rollback(
    deployed: Deployments, stack: str, assembly: Path, changed_assembly: Path
) -> str:
    """Fail the update of a stack and its rollback; return the resource that is not restored."""
    deployed.deploy(assembly, f"{STAGE}/{stack}", "--exclusively")
    before, after = (read_template(each, STAGE, stack) for each in (assembly, changed_assembly))
    first, *_, last = changed_resources(before, after)
    deployed.put_faults(
        fault(STAGE, stack, first, "update", after=1), fault(STAGE, stack, last, "update")
    )
    deployed.deploy(changed_assembly, f"{STAGE}/{stack}", "--exclusively", fails=True)
    return first


@pytest.mark.nightly
def test_a_rollback_that_failed_is_continued_as_the_runbook_says(
    deployed: Deployments, assembly: Path, changed_assembly: Path
) -> None:
    stack, name = "data", stack_name("data")
    fail_update_and_rollback(deployed, stack, assembly, changed_assembly)
    assert deployed.status(name) == "UPDATE_ROLLBACK_FAILED"
    deployed.deploy(changed_assembly, f"{STAGE}/{stack}", "--exclusively", fails=True)

    deployed.run("rollback", "-a", str(assembly), f"{STAGE}/{stack}")
    assert deployed.status(name) == "UPDATE_ROLLBACK_COMPLETE"
    deployed.deploy(changed_assembly, f"{STAGE}/{stack}", "--exclusively")
    assert deployed.status(name) == "UPDATE_COMPLETE"


@pytest.mark.nightly
def test_a_resource_that_cannot_be_restored_is_skipped_as_the_runbook_says(
    deployed: Deployments, assembly: Path, changed_assembly: Path
) -> None:
    stack, name = "network", stack_name("network")
    first = fail_update_and_rollback(deployed, stack, assembly, changed_assembly)
    assert deployed.failed_updates(name) == [first]

    deployed.run("rollback", "-a", str(assembly), f"{STAGE}/{stack}", "--orphan", first)

    assert deployed.status(name) == "UPDATE_ROLLBACK_COMPLETE"
    assert deployed.failed_updates(name) == []
    deployed.deploy(changed_assembly, f"{STAGE}/{stack}", "--exclusively")
    assert deployed.status(name) == "UPDATE_COMPLETE"


@pytest.mark.nightly
@pytest.mark.parametrize("method", ["direct", "change-set"])
def test_a_second_deployment_at_the_same_time_is_refused(
    deployed: Deployments, assembly: Path, changed_assembly: Path, method: str
) -> None:
    name, command = stack_name("network"), (f"{STAGE}/network", "--exclusively")
    deployed.deploy(assembly, *command)
    with deployed.update_in_progress(name):
        output = deployed.deploy(changed_assembly, *command, method=method, fails=True)
    assert "is in UPDATE_IN_PROGRESS state and can not be updated" in output
    assert deployed.status(name) == "UPDATE_ROLLBACK_COMPLETE"

    deployed.deploy(changed_assembly, *command, method=method)
    assert deployed.status(name) == "UPDATE_COMPLETE"


@pytest.mark.nightly
def test_each_stack_in_turn_fails_in_the_first_deployment_and_is_repeated(
    assembly: Path, tmp_path: Path
) -> None:
    with running_deployments(tmp_path / "server") as aws:
        aws.deploy(assembly, "account/*")
        for stack in STACKS:
            last = last_resource(read_template(assembly, STAGE, stack))
            aws.put_faults(fault(STAGE, stack, last, "create"))
            aws.deploy(assembly, f"{STAGE}/{stack}", "--exclusively", fails=True)
            assert aws.pending_faults() == [], stack
            assert aws.status(stack_name(stack)) == "ROLLBACK_COMPLETE"
            aws.deploy(assembly, f"{STAGE}/{stack}", "--exclusively")
            assert aws.status(stack_name(stack)) == "CREATE_COMPLETE"


@pytest.mark.nightly
def test_each_stack_in_turn_fails_when_a_protected_stage_gets_it_and_is_repeated(
    tmp_path: Path,
) -> None:
    """The steps are those of docs/runbooks/failed-creation.md."""
    server = tmp_path / "server"
    with synthesize_checkout(PROTECTED) as assembly, running_deployments(server) as aws:
        aws.deploy(assembly, "account/*")
        for stack in STACKS:
            name = stack_name(stack, PROTECTED)
            last = last_resource(read_template(assembly, PROTECTED, stack))
            aws.put_faults(fault(PROTECTED, stack, last, "create"))
            aws.deploy(assembly, f"{PROTECTED}/{stack}", "--exclusively", fails=True)
            assert aws.pending_faults() == [], stack
            assert aws.status(name) in ("ROLLBACK_COMPLETE", "ROLLBACK_FAILED")

            refusal = aws.deploy(assembly, f"{PROTECTED}/{stack}", "--exclusively", fails=True)
            assert "TerminationProtection is enabled" in refusal
            aws.delete_protected_resources(name)
            aws.cloudformation.update_termination_protection(
                StackName=name, EnableTerminationProtection=False
            )
            aws.deploy(assembly, f"{PROTECTED}/{stack}", "--exclusively")
            assert aws.status(name) == "CREATE_COMPLETE"
