"""The texts that alarms and rules send to the operators, and the links in them."""

import re
from typing import Any

from settings import StageSettings, load_stage
from tests.simulators.alarm_simulator import COMPOSITE_ALARM, METRIC_ALARM, StageAlarms
from tests.synthesis import ROOT, SynthesizedStage, synthesize
from tools.templates.text import as_text

RUNBOOK = "docs/runbooks/alarms.md"
RUNBOOK_LINK = re.compile(
    r"https://github\.com/(?P<repository>[^/]+/[^/]+)/blob/main/(?P<file>[^\s#]+)#(?P<section>[\w-]+)"
)


def runbook_sections() -> set[str]:
    """Return the headings of the runbook, which are the anchors of the links."""
    return set(re.findall(r"^## (\S+)$", (ROOT / RUNBOOK).read_text(), re.MULTILINE))


def descriptions(stage: SynthesizedStage) -> dict[str, str]:
    """Return the descriptions of the alarms by name."""
    return {
        name: as_text(alarm["AlarmDescription"]) for name, alarm in StageAlarms(stage).all.items()
    }


def event_messages(stage: SynthesizedStage) -> list[str]:
    """Return the messages that EventBridge rules send to the critical topic."""
    rules = stage.resources("monitoring", "AWS::Events::Rule").values()
    targets = [target for rule in rules for target in rule["Properties"]["Targets"]]
    return [
        as_text(target["InputTransformer"]["InputTemplate"])
        for target in targets
        if "InputTransformer" in target
    ]


def linked_section(text: str) -> str:
    """Return the section of the runbook that a text links to."""
    (link,) = RUNBOOK_LINK.finditer(text)
    return link["section"]


def linked_sections(stage: SynthesizedStage, *stacks: str) -> set[str]:
    """Return the sections that the alarms and rules of a stage link to.

    Args:
        stage: The stage.
        stacks: The stacks whose alarms are read; by default all.
    """
    alarms = [
        as_text(resource["Properties"]["AlarmDescription"])
        for stack in stacks or stage.templates
        for resource in stage.templates[stack]["Resources"].values()
        if resource["Type"] in (METRIC_ALARM, COMPOSITE_ALARM)
    ]
    return {linked_section(text) for text in [*alarms, *event_messages(stage)]}


def synthesize_with(stage_name: str, **sections: dict[str, Any]) -> SynthesizedStage:
    """Synthesize a stage with changes to sections of its settings."""
    values = load_stage(stage_name).model_dump()
    changed = {name: values[name] | section for name, section in sections.items()}
    return synthesize(StageSettings.model_validate(values | changed))


def with_read_replicas() -> SynthesizedStage:
    """Synthesize staging with two read replicas, which neither stage has."""
    return synthesize_with("staging", database={"read_replicas": 2})
