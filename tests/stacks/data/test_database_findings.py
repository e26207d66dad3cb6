"""The accepted security findings about PostgreSQL."""

import json
from pathlib import Path

import aws_cdk as cdk
import pytest
from cdk_nag import AwsSolutionsChecks

from settings import StageSettings, load_stage
from stacks.stage import SpyWatcherStage
from tests.gates.findings import cdk_nag_findings_in
from tests.stacks.data.variants import recovered_production
from tests.synthesis import ACCOUNT, ROOT


def test_no_security_finding_prevents_a_recovery() -> None:
    """Every synthesis runs the checks, which find no encryption on a restored instance."""
    context = json.loads((ROOT / "cdk.json").read_text())["context"]
    app = cdk.App(context=context, analytics_reporting=False)
    environment = cdk.Environment(account=ACCOUNT, region="us-east-1")
    stage = SpyWatcherStage(app, settings=recovered_production(), environment=environment)
    cdk.Validations.of(stage).add_plugins(AwsSolutionsChecks())
    try:
        app.synth()
    except RuntimeError as error:  # findings about other stacks, which tests/gates reports
        print(error)
    report = json.loads((Path(app.outdir) / "validation-report.json").read_text())
    findings = [
        (violation["ruleName"], construct["constructPath"])
        for plugin in report["pluginReports"]
        for violation in plugin["violations"]
        for construct in violation["violatingConstructs"]
        if "/data/Database" in construct.get("constructPath", "")
    ]
    assert findings == []


@pytest.mark.nightly
def test_the_settings_may_turn_enhanced_monitoring_off() -> None:
    values = load_stage("staging").model_dump()
    values["database"] |= {"enhanced_monitoring_seconds": 0, "read_replicas": 1}
    assert cdk_nag_findings_in(StageSettings.model_validate(values)) == set()
