"""The backend's own metrics on the dashboards."""

import json

from tests.synthesis import SynthesizedStage


def test_only_a_stage_that_scrapes_the_backend_shows_its_metrics(stage: SynthesizedStage) -> None:
    dashboards = stage.resources("monitoring", "AWS::CloudWatch::Dashboard").values()
    is_shown = any("http_requests_total" in json.dumps(dashboard) for dashboard in dashboards)
    assert is_shown == stage.settings.cluster.application_metrics
