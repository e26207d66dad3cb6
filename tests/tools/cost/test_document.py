"""docs/cost.md and its charts: what the stages cost, and why not what the design says."""

import pytest

from settings import load_stage, stage_names
from tests.documents import check_document
from tests.synthesis import SynthesizedStage, synthesize
from tests.tools.cost.page import page
from tests.tools.cost.templates import estimate_of
from tools.cost import chart


def test_the_page_is_current(pytestconfig: pytest.Config) -> None:
    estimates = [estimate_of(synthesize(load_stage(name))) for name in stage_names()]
    check_document("cost.md", page(estimates), pytestconfig)


def test_the_chart_is_current(stage: SynthesizedStage, pytestconfig: pytest.Config) -> None:
    name = f"cost-{stage.settings.stage}.svg"
    check_document(name, chart.svg(estimate_of(stage)), pytestconfig)
