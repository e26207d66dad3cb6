"""What counts as a change of a stack."""

import copy
from dataclasses import replace
from pathlib import Path

from tests.synthesis import SynthesizedStage
from tests.tools.review import mutations
from tests.tools.review.stages import Mutation, comparison, deployed


def changed_stacks(stage: SynthesizedStage, mutate: Mutation, folder: Path) -> list[str]:
    stacks = comparison(stage, mutate, folder / "cdk.out").changed_stacks
    return [stack.construct_path.rpartition("/")[2] for stack in stacks]


def test_the_versions_of_the_library_do_not_count(
    production: SynthesizedStage, tmp_path: Path
) -> None:
    def another_library(templates: mutations.Templates) -> None:
        analytics = {"Type": "AWS::CDK::Metadata", "Properties": {"Analytics": "v2:deflate64:x"}}
        templates["data"]["Resources"]["CDKMetadata"] = analytics
        templates["data"]["Conditions"] = {"CDKMetadataAvailable": {"Fn::Or": []}}

    assert changed_stacks(production, another_library, tmp_path) == []


def test_characters_that_cloudformation_does_not_return_do_not_count(
    production: SynthesizedStage, tmp_path: Path
) -> None:
    def umlaut(templates: mutations.Templates) -> None:
        templates["data"]["Description"] = "Für Daten"

    before = dict(deployed(production))
    data = before["spywatcher-production-data"]
    template = {**copy.deepcopy(data.template), "Description": "F?r Daten"}
    before["spywatcher-production-data"] = replace(data, template=template)
    result = comparison(production, umlaut, tmp_path / "cdk.out", before)
    assert result.changed_stacks == []


def test_each_other_difference_counts(production: SynthesizedStage, tmp_path: Path) -> None:
    def output(templates: mutations.Templates) -> None:
        templates["network"]["Outputs"]["New"] = {"Value": "x"}

    assert changed_stacks(production, output, tmp_path) == ["network"]
