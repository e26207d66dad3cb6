"""The IAM role in which GitHub Actions deploys the stage."""

import aws_cdk as cdk
from aws_cdk import aws_iam as iam

from constructs import Construct
from settings import StageSettings
from stacks.security.inline_policy import acknowledge_inline_policy
from stacks.shared.bootstrap import bootstrap_role_name

_GITHUB = "token.actions.githubusercontent.com"
# Not the role for publishing images: the application has no image assets.
_BOOTSTRAP_ROLES = ("deploy-role", "file-publishing-role", "lookup-role")


def create_deployer_role(scope: Construct, settings: StageSettings) -> iam.Role:
    """Create the role that workflows of the repository assume to deploy this stage.

    GitHub issues a workflow a token that names the repository and the environment. The protection
    rules of the environment, in GitHub, decide which workflows get one.
    """
    subject = f"repo:{settings.access.github_repository}:environment:{settings.stage}"
    role = iam.Role(
        scope,
        "Deployer",
        role_name=settings.resource_name("deployer"),
        description=f"GitHub Actions, environment {settings.stage}",
        assumed_by=iam.WebIdentityPrincipal(
            _oidc_provider_arn(scope, settings),
            conditions={
                "StringEquals": {
                    f"{_GITHUB}:aud": "sts.amazonaws.com",
                    f"{_GITHUB}:sub": subject,
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


def _oidc_provider_arn(scope: Construct, settings: StageSettings) -> str:
    """Return the ARN of GitHub's OIDC provider, of which an account has only one."""
    if settings.account_wide.owned:
        return iam.OidcProviderNative(
            scope, "Github", url=f"https://{_GITHUB}", client_ids=["sts.amazonaws.com"]
        ).oidc_provider_arn
    return cdk.Stack.of(scope).format_arn(
        service="iam", region="", resource="oidc-provider", resource_name=_GITHUB
    )
