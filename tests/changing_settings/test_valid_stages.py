"""Twenty stages with other valid settings pass the checks of the real ones."""

import functools
import json
from pathlib import Path

import pytest
from hypothesis import HealthCheck, Phase, given
from hypothesis import settings as hypothesis_settings

from settings import StageSettings
from tests.changing_settings.stage_documents import changed_stages
from tests.gates.findings import cdk_nag_findings_in
from tests.gates.test_literal_arns import foreign_arns
from tests.gates.test_templates import check_with_cfn_lint
from tests.synthesis import SynthesizedStage, synthesize, synthesize_account
from tools.cost.free import is_free
from tools.cost.pricing import PRICING_FUNCTIONS

pytestmark = pytest.mark.nightly

STAGES = 20


@functools.cache
def draw_stages() -> list[StageSettings]:
    """Return stages that are the same in each run."""
    drawn: list[StageSettings] = []

    @hypothesis_settings(
        max_examples=STAGES,
        derandomize=True,
        database=None,
        deadline=None,
        phases=[Phase.generate],
        suppress_health_check=list(HealthCheck),
    )
    @given(changed_stages())
    def draw(settings: StageSettings) -> None:
        drawn.append(settings)

    draw()
    return drawn


@pytest.fixture(scope="module", params=range(STAGES))
def changed_stage(request: pytest.FixtureRequest) -> SynthesizedStage:
    return synthesize.__wrapped__(draw_stages()[request.param])


def test_a_stage_with_other_settings_has_no_arn_of_another_account(
    changed_stage: SynthesizedStage,
) -> None:
    assert foreign_arns(changed_stage) == set()


def test_a_stage_with_other_settings_has_a_price(changed_stage: SynthesizedStage) -> None:
    types = {
        resource["Type"]
        for template in changed_stage.templates.values()
        for resource in template["Resources"].values()
    }
    assert {name for name in types if name not in PRICING_FUNCTIONS and not is_free(name)} == set()


def test_a_stage_with_other_settings_has_no_finding_of_cdk_nag(
    changed_stage: SynthesizedStage,
) -> None:
    assert cdk_nag_findings_in(changed_stage.settings) == set()


def test_a_stage_with_other_settings_has_no_finding_of_cfn_lint(
    changed_stage: SynthesizedStage, tmp_path: Path
) -> None:
    account = synthesize_account.__wrapped__(changed_stage.settings)
    for stack, template in {**changed_stage.templates, **account.templates}.items():
        (tmp_path / f"{stack}.template.json").write_text(json.dumps(template))
    check_with_cfn_lint(tmp_path)
