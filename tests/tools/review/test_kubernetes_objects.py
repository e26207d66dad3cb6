"""The Kubernetes objects and Helm releases in templates."""

import json
from typing import Any

import pytest

from tests.synthesis import ACCOUNT
from tools.guard.templates import StackTemplate, Templates
from tools.review.kubernetes_objects import object_differences, parse_json
from tools.review.yaml_diff import yaml_diff

MANIFEST = "Custom::AWSCDK-EKS-KubernetesResource"


def templates(resource_type: str, properties: dict[str, Any]) -> Templates:
    template = {"Resources": {"Id": {"Type": resource_type, "Properties": properties}}}
    return {"s": StackTemplate("s", "us-east-1", ACCOUNT, template)}


def service(port: int) -> Templates:
    item = {"kind": "Service", "metadata": {"name": "a", "namespace": "n"}, "port": port}
    return templates(MANIFEST, {"Manifest": json.dumps([item])})


def test_an_object_is_shown_with_its_changed_lines() -> None:
    (difference,) = object_differences(service(1), service(2))
    assert difference.text.splitlines() == [
        "# Service n/a (s/Id)",
        " metadata:",
        "   name: a",
        "   namespace: n",
        "-port: 1",
        "+port: 2",
    ]


def test_a_new_and_a_removed_object_are_shown_whole() -> None:
    empty = templates(MANIFEST, {"Manifest": "[]"})
    (added,), (removed,) = (
        object_differences(empty, service(1)),
        object_differences(service(1), empty),
    )
    assert "+kind: Service" in added.text
    assert "-kind: Service" in removed.text


@pytest.mark.parametrize(("old", "new"), [(1, True), (1, 1.0), (0, "0"), ("", None)])
def test_values_that_are_equal_in_python_alone_differ(old: object, new: object) -> None:
    assert yaml_diff("x", {"port": old}, {"port": new})


def test_the_order_of_keys_does_not_count() -> None:
    assert yaml_diff("x", {"a": 1, "b": 2}, {"b": 2, "a": 1}) == ""


def test_a_helm_release_is_shown_with_its_values() -> None:
    def release(replicas: int) -> Templates:
        values = {"Fn::Join": ["", [f'{{"replicas":{replicas},"vpc":"', {"Ref": "Vpc"}, '"}']]}
        return templates(
            "Custom::AWSCDK-EKS-HelmChart",
            {"Release": "r", "Namespace": "n", "Chart": "c", "Version": "1", "Values": values},
        )

    (difference,) = object_differences(release(1), release(2))
    assert difference.text.startswith("# HelmRelease n/r (s/Id)\n")
    assert "-  replicas: 1\n+  replicas: 2" in difference.text


@pytest.mark.parametrize(
    ("pieces", "value"),
    [
        (['{"a":"x-', {"Ref": "B"}, '"}'], {"a": "x-${B}"}),
        (['{"a":', {"Ref": "B"}, "}"], {"a": "${B}"}),
        (['{"', {"Ref": "B"}, '":1}'], {"${B}": 1}),
    ],
)
def test_a_reference_is_readable_inside_and_outside_of_a_string(
    pieces: list[Any], value: object
) -> None:
    assert parse_json({"Fn::Join": ["", pieces]}) == value
