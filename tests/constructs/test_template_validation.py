"""The native validation of templates: it finds what CDK's own finds."""

import copy
import json
import tarfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import aws_cdk
import aws_cdk as cdk
import jsii
import pytest

from spywatcher_constructs.template_validation import NativeTemplateValidation
from tests.synthesis import ACCOUNT, SynthesizedStage

pytest.importorskip("cloudformation_validate", reason="it has no wheel for this platform")

Resource = dict[str, Any]


@jsii.implements(cdk.IPolicyValidationContext)
class Context:
    """The templates of a folder, as CDK passes them to a plugin."""

    def __init__(self, paths: list[Path]) -> None:
        self._paths = paths

    @property
    def app_construct(self) -> cdk.App:
        return cdk.App()

    @property
    def stack_templates(self) -> list[cdk.PolicyValidationStack]:
        return [
            cdk.PolicyValidationStack(
                stack_construct_path=path.stem,
                template_path=str(path),
                account_id=ACCOUNT,
                region="us-east-1",
            )
            for path in self._paths
        ]

    @property
    def template_paths(self) -> list[str]:
        return [str(path) for path in self._paths]

    @property
    def account_id(self) -> str:
        return ACCOUNT

    @property
    def region(self) -> str:
        return "us-east-1"


def unchanged(_: Resource) -> None:
    """Leave the resource as it is."""


def add_unknown_property(resource: Resource) -> None:
    resource.setdefault("Properties", {})["NoSuchProperty"] = "x"


def remove_properties(resource: Resource) -> None:
    resource["Properties"] = {}


def change_types_of_values(resource: Resource) -> None:
    for key in resource.get("Properties", {}):
        resource["Properties"][key] = {"Number": 1}


def refer_to_nothing(resource: Resource) -> None:
    for key in resource.get("Properties", {}):
        resource["Properties"][key] = {"Ref": "NoSuchResource"}


def depend_on_nothing(resource: Resource) -> None:
    resource["DependsOn"] = ["NoSuchResource"]


def write_arn_of_a_partition(resource: Resource) -> None:
    resource.setdefault("Metadata", {})["Arn"] = "arn:aws:iam::111111111111:role/x"
    for key in resource.get("Properties", {}):
        resource["Properties"][key] = "arn:aws:iam::111111111111:role/x"


@pytest.fixture(scope="module")
def engines() -> tuple[NativeTemplateValidation, cdk.CloudFormationValidatePlugin]:
    return NativeTemplateValidation(), cdk.CloudFormationValidatePlugin()


MUTATIONS: list[Callable[[Resource], None]] = [
    unchanged,
    add_unknown_property,
    remove_properties,
    change_types_of_values,
    refer_to_nothing,
    depend_on_nothing,
    write_arn_of_a_partition,
]


def findings(report: Any) -> list[tuple[object, ...]]:
    """Return the violations of a report in a comparable form."""
    assert report.success == all(each.severity != "error" for each in report.violations)
    return sorted(
        (
            violation.rule_name,
            str(violation.severity),
            violation.description,
            str(violation.fix),
            json.dumps(violation.rule_metadata),
            sorted(
                (
                    str(each.resource_logical_id),
                    str(each.construct_path),
                    str(each.template_path),
                    tuple(each.locations),
                )
                for each in violation.violating_resources
            ),
        )
        for violation in report.violations
    )


@pytest.mark.parametrize("mutate", MUTATIONS)
def test_it_finds_in_changed_templates_what_the_validation_of_cdk_finds(
    production: SynthesizedStage,
    mutate: Callable[[Resource], None],
    engines: tuple[NativeTemplateValidation, cdk.CloudFormationValidatePlugin],
    tmp_path: Path,
) -> None:
    paths = []
    for name, template in production.templates.items():
        changed = copy.deepcopy(template)
        for resource in changed["Resources"].values():
            mutate(resource)
        paths.append(tmp_path / f"{name}.template.json")
        paths[-1].write_text(json.dumps(changed))
    context = Context(paths)
    native, library = engines
    expected = findings(library.validate(context))
    assert expected
    assert findings(native.validate(context)) == expected


def test_it_has_the_version_and_the_rules_of_the_validation_of_cdk(
    engines: tuple[NativeTemplateValidation, cdk.CloudFormationValidatePlugin],
) -> None:
    native, library = engines
    assert native.version == library.version
    assert native.name == library.name
    assert set(native.rule_ids) == set(library.rule_ids or [])


def test_the_rules_that_cdk_adds_concern_no_resource_of_a_stage(
    production: SynthesizedStage,
) -> None:
    """The rule files are in the archive of the library, whose listing takes about two seconds."""
    (archive,) = (Path(aws_cdk.__file__).parent / "_jsii").glob("aws-cdk-lib@*.tgz")
    with tarfile.open(archive) as members:
        files = {Path(name).name for name in members.getnames() if name.endswith(".rego")}
    assert files == {"gamelift-fleet.rego"}
    types = {
        resource["Type"]
        for template in production.templates.values()
        for resource in template["Resources"].values()
    }
    assert not any(name.startswith("AWS::GameLift::") for name in types)
