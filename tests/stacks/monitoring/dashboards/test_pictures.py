"""docs/dashboards: what a change does to a dashboard, for the eye."""

import xml.etree.ElementTree as ElementTree

import pytest

from settings import load_stage
from tests.documents import check_document
from tests.stacks.monitoring.dashboards.body import picture
from tests.synthesis import synthesize

PICTURES = [
    ("production", "operations"),
    ("production", "business"),
    # Without Container Insights it shows other metrics of nodes, and none of pods.
    ("staging", "operations"),
]


@pytest.mark.parametrize(("stage", "kind"), PICTURES)
def test_the_picture_of_each_dashboard_is_current(
    stage: str, kind: str, pytestconfig: pytest.Config
) -> None:
    drawn = picture(synthesize(load_stage(stage)), kind)
    ElementTree.fromstring(drawn)  # noqa: S314  drawn here
    check_document(f"dashboards/{stage}-{kind}.svg", drawn, pytestconfig)
