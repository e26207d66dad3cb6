"""The fields of Kubernetes objects that the API server does not allow to change."""

import json

from tests.synthesis import SynthesizedStage
from tools.templates.immutable_fields import (
    IMMUTABLE_FIELDS,
    KINDS_WITHOUT_IMMUTABLE_FIELDS,
    changed_immutable_fields,
)
from tools.templates.text import as_text

MANIFEST = "Custom::AWSCDK-EKS-KubernetesResource"


def applied_kinds(stage: SynthesizedStage) -> set[str]:
    return {
        item["kind"]
        for stack in stage.templates
        for resource in stage.resources(stack, MANIFEST).values()
        for item in json.loads(as_text(resource["Properties"]["Manifest"]))
    }


def test_every_applied_kind_has_its_immutable_fields_or_a_source_that_it_has_none(
    stage: SynthesizedStage,
) -> None:
    known = IMMUTABLE_FIELDS.keys() | KINDS_WITHOUT_IMMUTABLE_FIELDS.keys()
    assert applied_kinds(stage) - known == set()


def test_no_kind_both_has_immutable_fields_and_has_none() -> None:
    assert IMMUTABLE_FIELDS.keys() & KINDS_WITHOUT_IMMUTABLE_FIELDS.keys() == set()


def test_a_kind_that_no_stage_applies_is_not_listed(
    staging: SynthesizedStage, production: SynthesizedStage
) -> None:
    applied = applied_kinds(staging) | applied_kinds(production)
    assert KINDS_WITHOUT_IMMUTABLE_FIELDS.keys() <= applied


def test_a_binding_cannot_change_its_target_group() -> None:
    old = {"spec": {"targetGroupARN": "a", "targetType": "ip", "serviceRef": {"port": 80}}}
    new = {"spec": {"targetGroupARN": "b", "targetType": "ip", "serviceRef": {"port": 8080}}}
    assert changed_immutable_fields("TargetGroupBinding", old, new) == ["spec.targetGroupARN"]
