"""The IAM roles that the workflows of the repository assume to deploy the stage and to read it."""

from collections.abc import Mapping

import aws_cdk as cdk
from aws_cdk import aws_iam as iam

from constructs import Construct
from settings import StageSettings
from stacks.security.inline_policy import acknowledge_inline_policy
from stacks.shared.bootstrap import bootstrap_role_name
from stacks.shared.names import GITHUB_OIDC_PROVIDER

_LOOKUP_ROLE = "lookup-role"
# Not the role for publishing images: the application has no image assets.
_BOOTSTRAP_ROLES = ("deploy-role", "file-publishing-role", _LOOKUP_ROLE)
_MAIN = "refs/heads/main"


def create_deployer_role(scope: Construct, settings: StageSettings) -> iam.Role:
    """Create the role that jobs in the stage's GitHub environment assume on the branch main.

    The protection rules of the environment, in GitHub, decide which jobs enter it. Anybody who may
    push a branch can start a workflow there, and GitHub creates an environment that does not exist,
    without protection. So the role also requires the branch main, whatever the environment allows.
    AWS STS evaluates the claim `ref` ("Available keys for AWS OIDC federation", IAM User Guide).

    The permissions do not end at the stage. Stages that share an account and a Region share the
    bootstrap roles, and the execution role of CloudFormation is an administrator by default. So
    whoever may deploy one of these stages can also change the others.
    """
    role = _create_role(
        scope,
        "Deployer",
        name=settings.resource_name("deployer"),
        description=(
            f"GitHub Actions, environment {settings.stage}. It deploys through the CDK bootstrap "
            "roles, so it can change every stage of this account."
        ),
        claims={
            "sub": f"repo:{settings.access.github_repository}:environment:{settings.stage}",
            "ref": _MAIN,
        },
        session=cdk.Duration.hours(2),
    )
    role.add_to_policy(deployment_statement(cdk.Stack.of(scope)))
    acknowledge_inline_policy(role)
    return role


def create_reviewer_role(scope: Construct, settings: StageSettings) -> iam.Role:
    """Create the role that jobs outside of GitHub environments assume on the branch main.

    It compares the stage with what is deployed, for which it may assume the lookup role of the CDK,
    and nothing else. That role has ReadOnlyAccess, and decrypts nothing ("Customize AWS CDK
    bootstrapping", AWS CDK Developer Guide). A job of a pull request has another subject.
    """
    role = _create_role(
        scope,
        "Reviewer",
        name=settings.resource_name("reviewer"),
        description=(
            "GitHub Actions, branch main. It reads what is deployed through the CDK lookup role, "
            "which can read every stage of this account."
        ),
        claims={"sub": f"repo:{settings.access.github_repository}:ref:{_MAIN}"},
        session=cdk.Duration.hours(1),
    )
    role.add_to_policy(_assume_statement(cdk.Stack.of(scope), "Read", (_LOOKUP_ROLE,)))
    acknowledge_inline_policy(role)
    return role


def deployment_statement(stack: cdk.Stack) -> iam.PolicyStatement:
    """Return what the CDK CLI needs to deploy: the roles of the bootstrap stack."""
    return _assume_statement(stack, "Deploy", _BOOTSTRAP_ROLES)


def _assume_statement(stack: cdk.Stack, sid: str, purposes: tuple[str, ...]) -> iam.PolicyStatement:
    return iam.PolicyStatement(
        sid=sid,
        actions=["sts:AssumeRole"],
        resources=[
            stack.format_arn(
                service="iam",
                region="",
                resource="role",
                resource_name=bootstrap_role_name(stack, purpose),
            )
            for purpose in purposes
        ],
    )


def _create_role(
    scope: Construct,
    construct_id: str,
    *,
    name: str,
    description: str,
    claims: Mapping[str, str],
    session: cdk.Duration,
) -> iam.Role:
    """Create a role that GitHub's OIDC provider may give to a job.

    Args:
        scope: The scope of the construct.
        construct_id: The id of the construct.
        name: The name of the role.
        description: What the role is for.
        claims: The claims that the token of the job must have, without the audience.
        session: The longest session.
    """
    required = {"aud": "sts.amazonaws.com", **claims}
    return iam.Role(
        scope,
        construct_id,
        role_name=name,
        description=description,
        assumed_by=iam.WebIdentityPrincipal(
            _oidc_provider_arn(cdk.Stack.of(scope)),
            conditions={
                "StringEquals": {
                    f"{GITHUB_OIDC_PROVIDER}:{claim}": value for claim, value in required.items()
                }
            },
        ),
        max_session_duration=session,
    )


def _oidc_provider_arn(stack: cdk.Stack) -> str:
    """Return the ARN of GitHub's OIDC provider, which the account stack makes or the account has.

    An import from the account stack would lock the provider there.
    """
    return stack.format_arn(
        service="iam", region="", resource="oidc-provider", resource_name=GITHUB_OIDC_PROVIDER
    )
