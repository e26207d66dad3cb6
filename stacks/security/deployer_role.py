"""The IAM role in which GitHub Actions deploys the stage."""

import aws_cdk as cdk
from aws_cdk import aws_iam as iam

from constructs import Construct
from settings import StageSettings
from stacks.security.inline_policy import acknowledge_inline_policy
from stacks.shared.bootstrap import bootstrap_role_name
from stacks.shared.names import GITHUB_OIDC_PROVIDER

# Not the role for publishing images: the application has no image assets.
_BOOTSTRAP_ROLES = ("deploy-role", "file-publishing-role", "lookup-role")


def create_deployer_role(scope: Construct, settings: StageSettings) -> iam.Role:
    """Create the role that workflows of the repository assume to deploy this stage.

    GitHub issues a workflow a token that names the repository and the environment. The protection
    rules of the environment, in GitHub, decide which workflows get one.

    The permissions do not end at the stage. Stages that share an account and a Region share the
    bootstrap roles, and the execution role of CloudFormation is an administrator by default. So
    whoever may deploy one of these stages can also change the others.
    """
    subject = f"repo:{settings.access.github_repository}:environment:{settings.stage}"
    role = iam.Role(
        scope,
        "Deployer",
        role_name=settings.resource_name("deployer"),
        description=(
            f"GitHub Actions, environment {settings.stage}. It deploys through the CDK bootstrap "
            "roles, so it can change every stage of this account."
        ),
        assumed_by=iam.WebIdentityPrincipal(
            _oidc_provider_arn(cdk.Stack.of(scope)),
            conditions={
                "StringEquals": {
                    f"{GITHUB_OIDC_PROVIDER}:aud": "sts.amazonaws.com",
                    f"{GITHUB_OIDC_PROVIDER}:sub": subject,
                }
            },
        ),
        max_session_duration=cdk.Duration.hours(2),
    )
    role.add_to_policy(deployment_statement(cdk.Stack.of(scope)))
    acknowledge_inline_policy(role)
    return role


def deployment_statement(stack: cdk.Stack) -> iam.PolicyStatement:
    """Return what the CDK CLI needs to deploy: the roles of the bootstrap stack."""
    return iam.PolicyStatement(
        sid="Deploy",
        actions=["sts:AssumeRole"],
        resources=[
            stack.format_arn(
                service="iam",
                region="",
                resource="role",
                resource_name=bootstrap_role_name(stack, purpose),
            )
            for purpose in _BOOTSTRAP_ROLES
        ],
    )


def _oidc_provider_arn(stack: cdk.Stack) -> str:
    """Return the ARN of GitHub's OIDC provider, which the account stack makes or the account has.

    An import from the account stack would lock the provider there.
    """
    return stack.format_arn(
        service="iam", region="", resource="oidc-provider", resource_name=GITHUB_OIDC_PROVIDER
    )
