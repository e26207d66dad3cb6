"""Saved queries: each asks its own log group, with commands that Logs Insights knows."""

import json
import re
from typing import Any

import pytest

from stacks.monitoring.metrics.log_queries import QUERIES
from tests.stacks.monitoring.metrics.test_log_metrics import examples, wrapped
from tests.synthesis import SynthesizedStage

COMMANDS = {"fields", "filter", "stats", "sort", "limit", "parse", "display", "dedup"}
# What CloudWatch finds in the events of AWS's own logs, and the add-on's Fluent Bit writes.
AUDIT = {
    *("user.username", "verb", "responseStatus.code"),
    *("objectRef.resource", "objectRef.namespace", "objectRef.name"),
}
TRAIL = {
    *("userIdentity.arn", "userIdentity.type", "eventSource", "eventName", "errorCode"),
    *("sourceIPAddress", "requestParameters.secretId"),
}
FIELDS: dict[str, set[str]] = {
    "nodes": {"hostname", "systemd_unit", "message"},
    "control_plane": AUDIT,
    "postgresql": set(),
    "redis_slow_log": {"CacheClusterId", "ClientAddress", "Command", "Duration (us)"},
    "firewall": {
        *("action", "terminatingRuleId"),
        *("httpRequest.uri", "httpRequest.clientIp", "httpRequest.country"),
    },
    "flows": {"action", "dstPort", "srcAddr", "dstAddr", "packets"},
    "trail": TRAIL,
}
BUILT_IN = {"@timestamp", "@message", "@logStream"}
WORDS = {
    *("and", "or", "not", "in", "like", "as", "by", "asc", "desc", "ispresent"),
    *("count", "sum", "pct", "latest", "bin"),
}


def definitions(stage: SynthesizedStage) -> dict[str, dict[str, Any]]:
    found = stage.resources("monitoring", "AWS::Logs::QueryDefinition").values()
    return {each["Properties"]["Name"]: each["Properties"] for each in found}


def paths(line: Any, prefix: str = "") -> set[str]:
    if not isinstance(line, dict):
        return {prefix}
    found = (paths(item, f"{prefix}.{key}".lstrip(".")) for key, item in line.items())
    return set().union(*found)


def commands(text: str) -> list[str]:
    return [part.strip() for part in re.split(r"(?:^|\n)\| ", text)]


def used_fields(text: str) -> set[str]:
    """Return every name in a query that is no word of the language, no literal and no alias."""
    quoted = set(re.findall(r"`([^`]+)`", text))
    bare = re.sub(r'"[^"]*"|`[^`]+`|/(?:\\.|[^/\n])+/|\b\d+m\b', " ", text)
    aliases = set(re.findall(r"\bas (\w+)", bare))
    names = set(re.findall(r"@?[A-Za-z_][\w.]*", bare))
    return (names | quoted) - aliases - WORDS - COMMANDS


def test_every_query_is_in_the_stages_folder(stage: SynthesizedStage) -> None:
    folder = stage.settings.resource_name()
    assert set(definitions(stage)) == {f"{folder}/{query.name}" for query in QUERIES}


@pytest.mark.parametrize(
    "question",
    [
        *("slowest-requests", "errors-by-route", "one-request", "containers-that-failed"),
        *("slow-statements", "refused-logins", "slow-commands", "blocked-requests"),
        *("rejected-flows-to-the-data-stores", "who-read-a-secret"),
        *("who-changed-what-in-kubernetes", "who-changed-what-in-aws"),
    ],
)
def test_the_questions_of_an_incident_are_saved(stage: SynthesizedStage, question: str) -> None:
    assert f"{stage.settings.resource_name()}/{question}" in definitions(stage)


def test_every_query_reads_one_log_group_by_reference(stage: SynthesizedStage) -> None:
    for name, definition in definitions(stage).items():
        (group,) = definition["LogGroupNames"]
        assert "ImportValue" in json.dumps(group), name


@pytest.mark.parametrize(
    ("question", "group"),
    [
        ("slowest-requests", "ApplicationLogs"),
        ("containers-that-failed", "DataplaneLogs"),
        ("who-changed-what-in-kubernetes", "ControlPlaneLogs"),
        ("slow-statements", "/postgresql"),
        ("slow-commands", "SlowLog"),
        ("blocked-requests", "FirewallLogs"),
        ("rejected-flows-to-the-data-stores", "FlowLogs"),
        ("who-read-a-secret", "TrailLogs"),
    ],
)
def test_a_query_reads_where_its_answer_is(
    stage: SynthesizedStage, question: str, group: str
) -> None:
    definition = definitions(stage)[f"{stage.settings.resource_name()}/{question}"]
    assert group in json.dumps(definition["LogGroupNames"])


@pytest.mark.parametrize("query", QUERIES, ids=lambda query: query.name)
def test_a_query_has_only_commands_that_logs_insights_knows(query: Any) -> None:
    assert {command.split()[0] for command in commands(query.text)} <= COMMANDS


@pytest.mark.parametrize("query", QUERIES, ids=lambda query: query.name)
def test_a_query_asks_for_fields_that_its_log_group_has(query: Any) -> None:
    application = set().union(*(paths(wrapped(line)) for line in examples()))
    known = FIELDS.get(query.log_group, application)
    parsed = set(re.findall(r"\bas (\w+)", query.text))
    assert used_fields(query.text) <= known | BUILT_IN | parsed


@pytest.mark.parametrize("query", QUERIES, ids=lambda query: query.name)
def test_a_query_ends_with_a_limit(query: Any) -> None:
    assert re.fullmatch(r"limit \d+", commands(query.text)[-1])


def test_no_two_queries_ask_the_same() -> None:
    assert len({query.text for query in QUERIES}) == len(QUERIES)
    assert len({query.name for query in QUERIES}) == len(QUERIES)
