"""The pictures in docs/dashboards, which show a reviewer what a change does to a dashboard."""

import xml.etree.ElementTree as ElementTree

import pytest

from settings import load_stage
from tests.documents import check_document
from tests.stacks.monitoring.dashboards.dashboard_body import dashboard_picture
from tests.synthesis import synthesize

PICTURES = [
    ("production", "operations"),
    ("production", "business"),
    # A stage without Container Insights has other widgets about nodes, and none about pods.
    ("staging", "operations"),
]


@pytest.mark.parametrize(("stage_name", "dashboard"), PICTURES)
def test_the_picture_of_each_dashboard_is_current(
    stage_name: str, dashboard: str, pytestconfig: pytest.Config
) -> None:
    picture = dashboard_picture(synthesize(load_stage(stage_name)), dashboard)
    ElementTree.fromstring(picture)  # noqa: S314  from our own renderer
    check_document(f"dashboards/{stage_name}-{dashboard}.svg", picture, pytestconfig)
