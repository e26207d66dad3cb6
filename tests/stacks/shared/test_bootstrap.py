"""The names of the bootstrap roles, in an account whose bootstrap has a qualifier of its own."""

import json

import aws_cdk as cdk

from settings import load_stage
from stacks.stage import SpyWatcherStage
from tests.synthesis import ACCOUNT, create_app


def test_a_qualifier_reaches_every_policy_that_names_a_bootstrap_role() -> None:
    """The context key is @aws-cdk/core:bootstrapQualifier (AWS CDK Developer Guide)."""
    app = create_app(**{"@aws-cdk/core:bootstrapQualifier": "spywatch"})
    settings = load_stage("production")
    environment = cdk.Environment(account=ACCOUNT, region=settings.region)
    assembly = SpyWatcherStage(app, settings=settings, environment=environment).synth()
    templates = {stack.stack_name: json.dumps(stack.template) for stack in assembly.stacks}
    # The deployer, the admin role, and the alarms that ignore CloudFormation's execution role.
    for stack, role in (
        ("spywatcher-production-security", "deploy-role"),
        ("spywatcher-production-security", "lookup-role"),
        ("spywatcher-production-monitoring", "cfn-exec-role"),
    ):
        assert f"cdk-spywatch-{role}-{ACCOUNT}-{settings.region}" in templates[stack]
    for text in templates.values():
        assert cdk.DefaultStackSynthesizer.DEFAULT_QUALIFIER not in text
