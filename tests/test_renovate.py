"""renovate.json, with which Renovate proposes updates: what it finds, and what it leaves alone."""

import json
import re
from typing import Any

import pytest

from settings.versions import CHARTS, CLUSTER_AUTOSCALER, POSTGRESQL_CLIENT_TAG
from tests.synthesis import ROOT

CONFIGURATION = json.loads((ROOT / "renovate.json").read_text())
FILE = "settings/versions.py"


def found(datasource: str) -> list[dict[str, str]]:
    """Return what the expressions for a datasource find in settings/versions.py."""
    text = (ROOT / FILE).read_text()
    return [
        {
            key.removesuffix("Template"): value
            for key, value in manager.items()
            if key.endswith("Template")
        }
        | match.groupdict()
        for manager in CONFIGURATION["customManagers"]
        if manager["datasourceTemplate"] == datasource
        for expression in manager["matchStrings"]
        for match in re.finditer(python_expression(expression), text)
    ]


def python_expression(expression: str) -> str:
    """Return an expression of JavaScript in the syntax of Python, which names groups otherwise."""
    return expression.replace("(?<", "(?P<")


def test_every_helm_chart_is_found_with_its_repository_and_its_version() -> None:
    charts = {(chart.repository, chart.name, chart.version) for chart in CHARTS.values()}
    assert {
        (item["registryUrl"], item["depName"], item["currentValue"]) for item in found("helm")
    } == charts


def test_the_image_with_psql_is_found_with_its_tag() -> None:
    (image,) = found("docker")
    assert (image["depName"], image["currentValue"]) == ("postgres", POSTGRESQL_CLIENT_TAG.tag)


def test_the_image_of_the_cluster_autoscaler_is_found_for_each_version_of_kubernetes() -> None:
    images = found("github-tags")
    assert [f"v{item['currentValue']}" for item in images] == [
        image.tag for image in CLUSTER_AUTOSCALER.values()
    ]
    tag = re.compile(python_expression(images[0]["extractVersion"]))
    match = tag.match("cluster-autoscaler-1.35.2")
    assert match is not None
    assert match["version"] == "1.35.2"
    assert not tag.match("cluster-autoscaler-chart-9.59.0")


def test_the_expressions_read_the_file_with_the_versions() -> None:
    for manager in CONFIGURATION["customManagers"]:
        (pattern,) = manager["managerFilePatterns"]
        assert re.search(pattern.strip("/"), FILE)


def test_the_files_that_people_pin_are_read_and_the_compiled_ones_are_not() -> None:
    (pattern,) = CONFIGURATION["pip_requirements"]["managerFilePatterns"]
    sources = sorted(path.name for path in ROOT.glob("requirements*.in"))
    assert len(sources) == 3
    for name in sources:
        assert re.search(pattern.strip("/"), name)
    compiled = [name.replace(".in", ".txt") for name in sources]
    assert sorted(CONFIGURATION["ignorePaths"]) == sorted(compiled)


def rule(package: str) -> dict[str, Any]:
    (found_rule,) = (
        rule
        for rule in CONFIGURATION["packageRules"]
        if package in rule.get("matchPackageNames", ())
    )
    return dict(found_rule)


def test_the_cdk_library_and_the_cli_are_updated_together_and_stay_below_3() -> None:
    assert rule("aws-cdk") == rule("aws-cdk-lib")
    assert rule("aws-cdk")["groupName"]
    assert rule("aws-cdk")["allowedVersions"] == "<3"


@pytest.mark.parametrize(
    ("package", "updates"), [("postgres", {"major"}), ("kubernetes/autoscaler", {"major", "minor"})]
)
def test_an_image_keeps_the_version_that_something_else_decides(
    package: str, updates: set[str]
) -> None:
    assert set(rule(package)["matchUpdateTypes"]) == updates
    assert rule(package)["enabled"] is False


def test_an_update_is_a_week_old_and_a_person_merges_it() -> None:
    assert CONFIGURATION["minimumReleaseAge"] == "7 days"
    assert "minimumReleaseAge" not in json.dumps(CONFIGURATION["packageRules"])
    assert CONFIGURATION["automerge"] is False
    assert "automerge" not in json.dumps(CONFIGURATION["packageRules"])
