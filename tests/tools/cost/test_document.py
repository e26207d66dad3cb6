"""docs/cost.md is generated, and shows the current estimate."""

import pytest

from settings import load_stage, stage_names
from tests.documents import check_document
from tests.synthesis import synthesize
from tests.tools.cost.page import page
from tests.tools.cost.templates import estimate_of


def test_the_cost_page_is_up_to_date(pytestconfig: pytest.Config) -> None:
    estimates = [estimate_of(synthesize(load_stage(name))) for name in stage_names()]
    check_document("cost.md", page(estimates), pytestconfig)
