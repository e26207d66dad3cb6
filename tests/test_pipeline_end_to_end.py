"""What the pipeline deploys is what was built and reviewed, on the embedded AWS.

The fixture runs the commands of deploy.yml once, in their order. The tests read what each left.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
import yaml

from tests.synthesis import ROOT
from tests.tools.embedded_aws.cdk_deployments import (
    REGION,
    Deployments,
    running_deployments,
    synthesize_changed_stage,
)
from tools.embedded_aws.environment import endpoint_variables, isolated_environment
from tools.templates.synthesis import synthesize_checkout

STAGE = "staging"
WORKLOADS = f"spywatcher-{STAGE}-workloads"
RELEASED = "ghcr.io/subculture-collective/spywatcher-backend:2.0.0"

pytestmark = pytest.mark.nightly


@dataclass
class Result:
    """The end of a command."""

    code: int
    output: str


class Job:
    """A job on a machine of its own, which has the packed assembly and nothing else."""

    def __init__(self, aws: Deployments, folder: Path, packed: Path) -> None:
        folder.mkdir()
        self._folder = folder
        self._environment = {
            **isolated_environment(os.environ, folder),
            **endpoint_variables(aws.endpoint, REGION),
            "PATH": f"{Path(sys.executable).parent}:{ROOT / 'node_modules/.bin'}:/usr/bin:/bin",
        }
        self.assembly = folder / "cdk.out"
        command = ["tar", "--extract", "--file", str(packed)]
        subprocess.run(command, cwd=folder, check=True)  # noqa: S603

    def run(self, module: str, *arguments: str) -> Result:
        """Run a command of dev.py for the stage and the assembly."""
        result = subprocess.run(  # noqa: S603
            [sys.executable, "-m", module, STAGE, "--assembly", str(self.assembly), *arguments],
            cwd=ROOT,
            env=self._environment,
            text=True,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
        )
        return Result(result.returncode, result.stdout)

    def review(self, *arguments: str) -> tuple[Result, dict[str, str]]:
        """Run `review`; return its end and the outputs of the step."""
        outputs = self._folder / "outputs"
        outputs.write_text("")
        result = self.run("tools.review", "--output", str(outputs), *arguments)
        lines = outputs.read_text().splitlines()
        return result, dict(line.split("=", 1) for line in lines)


def pack(assembly: Path, folder: Path) -> Path:
    """Pack an assembly as the job `build` does; return the tar file."""
    folder.mkdir()
    shutil.copytree(assembly, folder / "cdk.out", symlinks=True)
    command = ["tar", "--create", "--file", "cdk.out.tar", "cdk.out"]
    subprocess.run(command, cwd=folder, check=True)  # noqa: S603
    return folder / "cdk.out.tar"


def release(aws: Deployments) -> None:
    """Move an image as a release does: an update of the parameters alone."""
    (stack,) = aws.cloudformation.describe_stacks(StackName=WORKLOADS)["Stacks"]
    new = {"BackendImage": RELEASED, "Release": "r2"}
    aws.cloudformation.update_stack(
        StackName=WORKLOADS,
        UsePreviousTemplate=True,
        Capabilities=["CAPABILITY_IAM", "CAPABILITY_NAMED_IAM", "CAPABILITY_AUTO_EXPAND"],
        Parameters=[
            {"ParameterKey": each["ParameterKey"], "ParameterValue": new[each["ParameterKey"]]}
            if each["ParameterKey"] in new
            else {"ParameterKey": each["ParameterKey"], "UsePreviousValue": True}
            for each in stack["Parameters"]
        ],
    )
    aws.cloudformation.get_waiter("stack_update_complete").wait(
        StackName=WORKLOADS, WaiterConfig={"Delay": 1}
    )


@dataclass
class Run:
    """What each command left."""

    first: tuple[Result, dict[str, str]]
    guard: Result
    after: tuple[Result, dict[str, str]]
    plan: tuple[Result, dict[str, str]]
    after_release: Result
    overtaken: Result
    final: tuple[Result, dict[str, str]]
    images: list[str]


@pytest.fixture(scope="module")
def run(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Run]:
    folder = tmp_path_factory.mktemp("pipeline")
    with ExitStack() as stack:
        aws = stack.enter_context(running_deployments(folder / "aws"))
        built = pack(stack.enter_context(synthesize_checkout(STAGE)), folder / "build")
        staging = Job(aws, folder / "staging", built)
        first, guard = staging.review(), staging.run("tools.guard")
        aws.deploy(staging.assembly, f"{STAGE}/*")
        after = staging.review()
        changed = synthesize_changed_stage(STAGE, tmp_path_factory.mktemp("changed"))
        next_build = pack(stack.enter_context(changed), folder / "next-build")
        plan_job = Job(aws, folder / "plan", next_build)
        plan = plan_job.review()
        release(aws)
        expected = ("--expect", plan[1]["fingerprint"])
        after_release, _ = plan_job.review(*expected)
        aws.deploy(plan_job.assembly, f"{STAGE}/security")
        overtaken, _ = plan_job.review(*expected)
        aws.deploy(plan_job.assembly, f"{STAGE}/*")
        yield Run(
            *(first, guard, after, plan, after_release, overtaken),
            final=plan_job.review(),
            images=backend_images(aws),
        )


def backend_images(aws: Deployments) -> list[str]:
    """Return the image that the pods of the backend have now."""
    documents: Iterator[Any] = yaml.safe_load_all(
        aws.local(f"manifests?cluster=spywatcher-{STAGE}")
    )
    return [
        container["image"]
        for document in documents
        if document["kind"] == "Deployment" and document["metadata"]["name"].endswith("-backend")
        for container in document["spec"]["template"]["spec"]["containers"]
    ]


def test_a_stage_that_is_not_deployed_is_all_new_and_passes_the_guard(run: Run) -> None:
    result, outputs = run.first
    assert result.code == 0, result.output
    assert outputs["changes"] == "true"
    assert run.guard.code == 0, run.guard.output


def test_nothing_changes_after_the_deployment_of_the_unpacked_assembly(run: Run) -> None:
    for result, outputs in (run.after, run.final):
        assert result.code == 0, result.output
        assert f"### {STAGE}: nothing changes" in result.output
        assert outputs["changes"] == "false"


def test_a_release_does_not_overtake_a_plan(run: Run) -> None:
    assert run.plan[1]["changes"] == "true"
    assert run.after_release.code == 0, run.after_release.output


def test_a_plan_that_another_deployment_overtook_is_refused(run: Run) -> None:
    assert run.overtaken.code == 1
    assert f"What differs: spywatcher-{STAGE}-security. Re-run the plan" in run.overtaken.output


def test_an_image_that_was_released_meanwhile_stays(run: Run) -> None:
    assert run.images == [RELEASED]
