"""The descriptions of the alarms, their links, and the treatment of missing data."""

import re

from settings import load_stage
from tests.simulators.alarm_simulator import StageAlarms
from tests.stacks.monitoring.alarm_messages import (
    RUNBOOK,
    RUNBOOK_LINK,
    descriptions,
    event_messages,
    linked_section,
    linked_sections,
    runbook_sections,
    with_read_replicas,
)
from tests.stage_variants import with_strategy
from tests.synthesis import ROOT, SynthesizedStage, synthesize

DASHBOARD_LINK = re.compile(r"#dashboards/dashboard/(\S+)")


def test_every_link_of_every_alarm_has_a_target(stage: SynthesizedStage) -> None:
    dashboards = {
        dashboard["Properties"]["DashboardName"]
        for dashboard in stage.resources("monitoring", "AWS::CloudWatch::Dashboard").values()
    }
    for text in [*descriptions(stage).values(), *event_messages(stage)]:
        (link,) = RUNBOOK_LINK.finditer(text)
        assert link["repository"] == stage.settings.access.github_repository
        assert link["file"] == RUNBOOK
        assert link["section"] in runbook_sections()
        for name in DASHBOARD_LINK.findall(text):
            assert name in dashboards


def test_the_description_of_a_notifying_alarm_has_a_summary_and_a_first_check(
    stage: SynthesizedStage,
) -> None:
    alarms = StageAlarms(stage)
    for name, text in descriptions(stage).items():
        assert 0 < len(text) <= 1024, name
        if alarms.topics(name):
            assert re.fullmatch(
                r"[A-Z].+\n\nFirst check: .+\nDashboard: \S+\nRunbook: \S+", text, re.DOTALL
            ), name


def test_an_alarm_has_a_runbook_section_with_its_name(stage: SynthesizedStage) -> None:
    for name, text in descriptions(stage).items():
        without_number = re.sub(r"-(replica-)?\d+", "", name)
        section = without_number.removesuffix("-warning").removesuffix("-page")
        assert linked_section(text) == section


def test_every_section_of_the_runbook_has_a_link_to_it() -> None:
    linked = {"subscriptions"}
    two_tracks = synthesize(with_strategy("canary", stage="production"))
    for stage in (two_tracks, synthesize(load_stage("production")), with_read_replicas()):
        linked |= linked_sections(stage)
    assert runbook_sections() == linked


def test_files_that_the_runbook_links_to_exist() -> None:
    sections = runbook_sections()
    text = (ROOT / RUNBOOK).read_text()
    for target in re.findall(r"\]\(([^)]+)\)", text):
        path, _, anchor = target.partition("#")
        assert (ROOT / "docs/runbooks" / path).exists() if path else anchor in sections, target


def test_missing_data_breaches_only_where_the_resource_always_reports(
    stage: SynthesizedStage,
) -> None:
    alarms = StageAlarms(stage).metric_alarms
    breaching = {name for name, alarm in alarms.items() if alarm["TreatMissingData"] == "breaching"}
    always_reporting = {"backend-down", "frontend-down", "database-unavailable", "backup-missing"}
    always_reporting |= {name for name in alarms if re.fullmatch(r"cache-\d-unavailable", name)}
    assert breaching - {"cluster-without-nodes"} == always_reporting
    assert alarms["certificate-expiring"]["TreatMissingData"] == "ignore"
