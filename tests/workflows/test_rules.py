"""The rules of the workflows: least privilege, pinned actions, and no secrets."""

import re
from collections.abc import Iterator
from pathlib import Path

import pytest
import yaml

from tests.workflows.workflow_files import FOLDER, Job, jobs, triggers, workflows

ACTIONS = {
    "actions/checkout@3d3c42e5aac5ba805825da76410c181273ba90b1 # v7.0.1",
    "actions/upload-artifact@043fb46d1a93c77aae656e7c1c64a875d1fc6a0a # v7.0.1",
    "actions/download-artifact@3e5f45b2cfb9172054b4087a40e8e0b5a5461e7c # v8.0.1",
    "aws-actions/configure-aws-credentials@e6de054238d6b7531b4efff3b6587d9aade6a06c # v6.2.3",
    "anchore/scan-action@e1165082ffb1fe366ebaf02d8526e7c4989ea9d2 # v7.4.0",
}
"""The actions that the workflows may use, each by the commit of its tag."""
TRIGGERS = {"pull_request", "push", "schedule", "workflow_dispatch"}
"""Not among them: pull_request_target and workflow_run, which run untrusted code with rights."""
ONE_COMMAND = re.compile(r"^[^\n;&|]+$")
"""One line without a second command. A redirection and a default of the shell are allowed."""


@pytest.mark.parametrize("name", workflows())
def test_a_workflow_has_no_permissions_beyond_those_of_its_jobs(name: str) -> None:
    """A job without `permissions` would have those of the repository's default."""
    assert workflows()[name]["permissions"] == {}


@pytest.mark.parametrize("job", jobs(), ids=str)
def test_each_job_names_its_permissions_its_time_limit_and_its_runner(job: Job) -> None:
    assert job.content["permissions"]
    assert job.content["timeout-minutes"] <= 150
    assert job.content["runs-on"] == "ubuntu-24.04"


@pytest.mark.parametrize("job", jobs(), ids=str)
def test_a_job_writes_nothing_but_comments_and_tokens(job: Job) -> None:
    written = {name for name, access in job.content["permissions"].items() if access == "write"}
    assert written <= ({"pull-requests"} if job.workflow == "ci" else {"id-token"})


@pytest.mark.parametrize("job", jobs(), ids=str)
def test_no_checkout_keeps_the_token_in_the_folder(job: Job) -> None:
    for step in job.steps:
        if step.get("uses", "").startswith("actions/checkout@"):
            assert step["with"]["persist-credentials"] is False


@pytest.mark.parametrize("job", jobs(), ids=str)
def test_each_step_runs_one_command(job: Job) -> None:
    for command in job.commands():
        assert ONE_COMMAND.match(command), command
        assert "${{" not in command, "an expression would become a part of the command"


@pytest.mark.parametrize("path", sorted(FOLDER.glob("*.yml")), ids=lambda path: path.stem)
def test_an_action_is_one_of_five_by_its_commit(path: Path) -> None:
    text = path.read_text()
    found = set(re.findall(r"uses: (.*)", text))
    assert found <= ACTIONS, found - ACTIONS
    assert "secrets." not in text
    assert not re.search(r"^\s*(- )?uses: (\./|docker:)", text, re.MULTILINE)


@pytest.mark.parametrize("name", workflows())
def test_no_workflow_runs_untrusted_code_with_the_rights_of_main(name: str) -> None:
    assert triggers(workflows()[name]) <= TRIGGERS


def test_no_job_of_a_pull_request_can_get_a_token_for_aws() -> None:
    of_pull_requests = [
        job for job in jobs() if "pull_request" in triggers(workflows()[job.workflow])
    ]
    assert of_pull_requests
    for job in of_pull_requests:
        assert "id-token" not in job.content["permissions"], job
        assert "environment" not in job.content, job


def test_a_chained_role_is_assumed_without_tags() -> None:
    """The role for reviews may not call sts:TagSession, which the action does by default."""
    chained = [
        step["with"]
        for job in jobs()
        for step in job.steps
        if "role-chaining" in step.get("with", {})
    ]
    assert chained
    assert all(options["role-skip-session-tagging"] is True for options in chained)


def test_an_image_with_a_critical_vulnerability_that_has_a_fix_fails() -> None:
    scans = [
        step["with"]
        for job in jobs()
        for step in job.steps
        if step.get("uses", "").startswith("anchore/scan-action@")
    ]
    assert scans
    for options in scans:
        assert options["severity-cutoff"] == "critical"
        assert options["only-fixed"] is True
        assert options.get("fail-build", True) is True


def test_no_step_uses_a_cache() -> None:
    """A pull request could fill the cache that a deployment reads."""
    for job in jobs():
        for step in job.steps:
            assert "cache" not in yaml.safe_dump(step), job


# The order of a deployment --------------------------------------------------------------------


def deployment(name: str) -> Job:
    (job,) = (job for job in jobs() if str(job) == f"deploy.{name}")
    return job


def dev_commands(job: Job) -> Iterator[str]:
    for command in job.commands():
        if command.startswith("python3 dev.py "):
            words = command.split()
            yield " ".join(words[2:4]) if words[2] == "cdk" else words[2]


def test_staging_is_reviewed_guarded_deployed_tested_and_watched() -> None:
    assert list(dev_commands(deployment("staging"))) == [
        *("review", "guard", "cdk deploy", "smoke", "watch")
    ]


def test_production_deploys_only_what_was_approved() -> None:
    commands = list(deployment("production").commands())
    (compared,) = (i for i, command in enumerate(commands) if '--expect "$FINGERPRINT"' in command)
    deployed = [i for i, command in enumerate(commands) if "dev.py cdk deploy" in command]
    assert deployed
    assert compared < min(deployed)
    assert list(dev_commands(deployment("production")))[-2:] == ["smoke", "watch"]


def test_no_job_that_waits_for_an_approval_holds_a_concurrency_group() -> None:
    """A run that waits would hold the group, and GitHub would cancel later runs unseen."""
    assert "concurrency" not in deployment("production").content
    assert "concurrency" not in workflows()["deploy"]


def test_each_job_that_joins_a_concurrency_group_has_one_of_its_own() -> None:
    """A job that joins the queue of a group cancels the job that waits there."""
    groups = [job.content["concurrency"]["group"] for job in jobs() if "concurrency" in job.content]
    assert sorted(groups) == sorted(set(groups))
    for job in jobs():
        if "concurrency" in job.content:
            assert job.content["concurrency"]["cancel-in-progress"] is False


def test_every_job_deploys_the_assembly_that_was_tested() -> None:
    """By the id of the artifact: a name would also fit the artifact of another attempt."""
    for name in ("account", "staging", "plan", "production"):
        job = deployment(name)
        (step,) = (
            s for s in job.steps if s.get("uses", "").startswith("actions/download-artifact")
        )
        assert step["with"] == {"artifact-ids": "${{ needs.build.outputs.artifact }}"}
        assert "python3 dev.py cdk synth" not in " ".join(job.commands())


def test_a_stage_without_an_account_is_skipped() -> None:
    assert "needs.build.outputs.staging-account != ''" in deployment("account").content["if"]
    assert "account" in deployment("staging").content["needs"]
    assert "needs.build.outputs.production-account != ''" in deployment("plan").content["if"]
    assert "plan" in deployment("production").content["needs"]


def test_a_run_that_github_cancelled_in_a_queue_plans_nothing() -> None:
    """Such a job is neither failed nor skipped, so the plan asks for the success of staging."""
    condition = deployment("plan").content["if"]
    assert "needs.staging.result == 'success'" in condition


@pytest.mark.parametrize("job", jobs(), ids=str)
def test_a_job_assumes_the_deployer_role_only_in_the_environment_of_its_stage(job: Job) -> None:
    """The trust policy of the role asks for the environment (tests/stacks/security)."""
    for step in job.steps:
        role = step.get("with", {}).get("role-to-assume", "")
        match = re.search(r"\.(\w+)-deployer ", role)
        if match:
            assert job.content["environment"] == match[1]
        elif "outputs.deployer" in role:
            assert job.content["environment"] == "${{ inputs.stage }}"
        elif "reviewer " in role:
            assert "environment" not in job.content, "the subject would be that of the environment"
