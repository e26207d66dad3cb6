"""The role in which GitHub Actions deploys, and who may assume it."""

from tests.stacks.permissions import bootstrap_roles, permissions, role
from tests.synthesis import SynthesizedStage


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
