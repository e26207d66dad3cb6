"""The roles of the workflows: which jobs may assume them, and what they may do.

A token of GitHub has the subject and the ref of its job: "Example subject claims" (OpenID Connect
reference, GitHub Docs). IAM compares both with the trust policies.
"""

import pytest

from settings import StageSettings, load_stage
from tests.role_policies import RolePolicies
from tests.stacks.permissions import WATCH, bootstrap_roles, permissions, role
from tests.synthesis import ACCOUNT, SynthesizedStage, synthesize

REPOSITORY = "subculture-collective/spywatcher-infrastructure"
PROVIDER = "token.actions.githubusercontent.com"
MAIN = "refs/heads/main"
JOBS = {
    "a job in the stage's environment, on main": ("environment:{stage}", MAIN, {"deployer"}),
    "a job in the stage's environment, on a branch": (
        *("environment:{stage}", "refs/heads/mine"),
        set(),
    ),
    "a job in the stage's environment, on a tag": (
        *("environment:{stage}", "refs/tags/main"),
        set(),
    ),
    "a job in another environment, on main": ("environment:other", MAIN, set()),
    "a job on main": (f"ref:{MAIN}", MAIN, {"reviewer"}),
    "a job on a branch": ("ref:refs/heads/mine", "refs/heads/mine", set()),
    "a job of a pull request": ("pull_request", "refs/pull/7/merge", set()),
}
"""The subject of the token after the repository, its ref, and the roles that it may assume."""


def roles_that_trust(stage: SynthesizedStage, claims: dict[str, str]) -> set[str]:
    """Return which roles a job may assume with a token that has these claims."""
    provider = f"arn:aws:iam::{ACCOUNT}:oidc-provider/{PROVIDER}"
    context = {f"{PROVIDER}:{claim}": value for claim, value in claims.items()}
    return {
        name
        for name in ("admin", "deployer", "on-call", "reader", "reviewer")
        if RolePolicies.of_people(stage, name).trusts(
            provider, context, "sts:AssumeRoleWithWebIdentity"
        )
    }


@pytest.mark.parametrize("job", JOBS)
def test_a_job_assumes_only_the_role_of_its_environment_and_branch(
    stage: SynthesizedStage, job: str
) -> None:
    subject, ref, expected = JOBS[job]
    claims = {
        "aud": "sts.amazonaws.com",
        "sub": f"repo:{REPOSITORY}:{subject.format(stage=stage.settings.stage)}",
        "ref": ref,
    }
    assert roles_that_trust(stage, claims) == expected


@pytest.mark.parametrize("subject", ["environment:{stage}", f"ref:{MAIN}"])
@pytest.mark.parametrize(
    ("claim", "value"), [("aud", "https://github.com/octo-org"), ("sub", "repo:octo-org/fork:{}")]
)
def test_a_token_for_another_audience_or_of_another_repository_assumes_no_role(
    stage: SynthesizedStage, subject: str, claim: str, value: str
) -> None:
    own = subject.format(stage=stage.settings.stage)
    claims = {"aud": "sts.amazonaws.com", "sub": f"repo:{REPOSITORY}:{own}", "ref": MAIN}
    assert roles_that_trust(stage, claims)
    assert not roles_that_trust(stage, claims | {claim: value.format(own)})


@pytest.mark.parametrize(
    ("name", "subject"),
    [("deployer", "environment:staging"), ("reviewer", f"ref:{MAIN}")],
)
def test_the_subject_of_a_repository_with_ids_is_matched_exactly(name: str, subject: str) -> None:
    """GitHub Docs, OpenID Connect reference: Immutable subject claims."""
    values = load_stage("staging").model_dump()
    values["access"]["github_repository"] = "octo-org@123456/octo-repo@456789"
    stage = synthesize(StageSettings.model_validate(values))
    (trust,) = role(stage, name)["AssumeRolePolicyDocument"]["Statement"]
    (operator,) = trust["Condition"]
    assert operator == "StringEquals"
    assert trust["Condition"][operator][f"{PROVIDER}:sub"] == (
        f"repo:octo-org@123456/octo-repo@456789:{subject}"
    )


def test_the_deployer_assumes_the_bootstrap_roles_and_releases_and_no_more(
    stage: SynthesizedStage,
) -> None:
    release = stage.settings.resource_name("release")
    assert permissions(stage, "deployer", without=[WATCH]) == {
        "sts:AssumeRole": bootstrap_roles(stage),
        "states:StartExecution": {f"stateMachine:{release}"},
        "states:StopExecution": {f"execution:{release}:*"},
    }


def test_the_reviewer_assumes_the_lookup_role_and_no_more(stage: SynthesizedStage) -> None:
    (lookup,) = (name for name in bootstrap_roles(stage) if "-lookup-role-" in name)
    assert permissions(stage, "reviewer") == {"sts:AssumeRole": {lookup}}


@pytest.mark.parametrize(
    ("name", "end"),
    [
        ("deployer", "so it can change every stage of this account."),
        ("reviewer", "which can read every stage of this account."),
    ],
)
def test_the_description_says_that_the_role_reaches_every_stage_of_the_account(
    stage: SynthesizedStage, name: str, end: str
) -> None:
    """Stages of one account share the bootstrap roles, and with them the execution role."""
    description = role(stage, name)["Description"]
    assert description.endswith(end)
    # CreateRole, AWS Identity and Access Management API Reference
    assert len(description) <= 1000
