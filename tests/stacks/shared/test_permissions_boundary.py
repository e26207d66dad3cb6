"""The permissions boundary of the settings, on every role that the stacks create."""

from collections.abc import Iterator
from typing import Any

from settings import StageSettings, load_stage
from tests.synthesis import Template, synthesize, synthesize_account
from tools.templates.text import as_text

BOUNDARY = "team/developers"
NESTED = ("AWS::CloudFormation::Stack", "AWS::Serverless::Application")


def stages_with_boundary() -> list[StageSettings]:
    stages = []
    for name in ("production", "staging"):
        values = load_stage(name).model_dump()
        values["account_wide"]["permissions_boundary"] = BOUNDARY
        stages.append(StageSettings.model_validate(values))
    return stages


def templates(stages: list[StageSettings]) -> Iterator[Template]:
    for settings in stages:
        yield from synthesize(settings).templates.values()
    # Staging alone does not protect its account: the template has a function that empties buckets.
    for sharing in (stages, stages[1:]):
        yield from synthesize_account(*sharing).templates.values()


def roles(template: Template) -> Iterator[dict[str, Any]]:
    for resource in template["Resources"].values():
        if resource["Type"] in ("AWS::IAM::Role", "AWS::IAM::User"):
            yield resource["Properties"]


def test_the_boundary_of_the_settings_reaches_every_role() -> None:
    """Roles of CDK's own providers and of rotation functions are among them."""
    found = [role for each in templates(stages_with_boundary()) for role in roles(each)]
    assert len(found) > 50
    for role in found:
        boundary = as_text(role["PermissionsBoundary"])
        assert boundary.endswith(f":iam::111111111111:policy/{BOUNDARY}")


def test_no_resource_creates_a_role_that_the_template_does_not_show() -> None:
    """Such a role would have no boundary.

    A hosted rotation function has no property for one (HostedRotationLambda, AWS CloudFormation
    Template Reference).
    """
    for template in templates(stages_with_boundary()):
        assert "Transform" not in template
        for resource in template["Resources"].values():
            assert "HostedRotationLambda" not in resource.get("Properties", {})
            assert resource["Type"] not in NESTED


def test_without_the_setting_no_role_has_a_boundary() -> None:
    for name in ("production", "staging"):
        for template in synthesize(load_stage(name)).templates.values():
            assert not [role for role in roles(template) if "PermissionsBoundary" in role]
