"""The role in which GitHub Actions deploys, and who may assume it."""

from settings import StageSettings, load_stage
from tests.stacks.permissions import bootstrap_roles, permissions, role
from tests.synthesis import SynthesizedStage, synthesize


def test_the_deployer_assumes_the_bootstrap_roles_and_no_more(stage: SynthesizedStage) -> None:
    assert permissions(stage, "deployer") == {"sts:AssumeRole": bootstrap_roles(stage)}


def test_the_deployer_is_bound_to_the_repository_and_the_environment(
    stage: SynthesizedStage,
) -> None:
    (trust,) = role(stage, "deployer")["AssumeRolePolicyDocument"]["Statement"]
    assert trust["Action"] == "sts:AssumeRoleWithWebIdentity"
    repository = "subculture-collective/spywatcher-infrastructure"
    assert trust["Condition"] == {
        "StringEquals": {
            "token.actions.githubusercontent.com:aud": "sts.amazonaws.com",
            "token.actions.githubusercontent.com:sub": (
                f"repo:{repository}:environment:{stage.settings.stage}"
            ),
        }
    }


def test_the_subject_of_a_repository_with_ids_is_matched_exactly() -> None:
    """GitHub Docs, OpenID Connect reference: Immutable subject claims."""
    values = load_stage("staging").model_dump()
    values["access"]["github_repository"] = "octo-org@123456/octo-repo@456789"
    stage = synthesize(StageSettings.model_validate(values))
    (trust,) = role(stage, "deployer")["AssumeRolePolicyDocument"]["Statement"]
    (operator,) = trust["Condition"]
    assert operator == "StringEquals"
    assert trust["Condition"][operator]["token.actions.githubusercontent.com:sub"] == (
        "repo:octo-org@123456/octo-repo@456789:environment:staging"
    )


def test_the_description_says_that_the_role_can_change_every_stage_of_the_account(
    stage: SynthesizedStage,
) -> None:
    """Stages of one account share the bootstrap roles, and with them the execution role."""
    description = role(stage, "deployer")["Description"]
    assert description.endswith("so it can change every stage of this account.")
    # CreateRole, AWS Identity and Access Management API Reference
    assert len(description) <= 1000
