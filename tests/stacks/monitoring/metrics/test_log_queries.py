"""The saved queries: their log groups, commands and fields."""

import json
import re
from typing import Any

import pytest

from stacks.monitoring.metrics.log_queries import QUERIES
from tests.stacks.monitoring.metrics.test_log_metrics import example_events, wrap
from tests.synthesis import SynthesizedStage

COMMANDS = {"fields", "filter", "stats", "sort", "limit", "parse", "display", "dedup"}
AUDIT = {
    *("user.username", "verb", "responseStatus.code"),
    *("objectRef.resource", "objectRef.namespace", "objectRef.name"),
}
TRAIL = {
    *("userIdentity.arn", "userIdentity.type", "eventSource", "eventName", "errorCode"),
    *("sourceIPAddress", "requestParameters.secretId"),
}
# The fields that Logs Insights discovers in the logs of AWS services, and those of Fluent Bit.
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
SYSTEM_FIELDS = {"@timestamp", "@message", "@logStream"}
KEYWORDS = {
    *("and", "or", "not", "in", "like", "as", "by", "asc", "desc", "ispresent"),
    *("count", "sum", "pct", "latest", "bin"),
}


def definitions(stage: SynthesizedStage) -> dict[str, dict[str, Any]]:
    resources = stage.resources("monitoring", "AWS::Logs::QueryDefinition").values()
    return {resource["Properties"]["Name"]: resource["Properties"] for resource in resources}


def field_paths(event: Any, prefix: str = "") -> set[str]:
    """Return the paths of all fields of a log event, such as `kubernetes.pod_name`."""
    if not isinstance(event, dict):
        return {prefix}
    return set().union(
        *(field_paths(item, f"{prefix}.{key}".lstrip(".")) for key, item in event.items())
    )


def commands(text: str) -> list[str]:
    return [part.strip() for part in re.split(r"(?:^|\n)\| ", text)]


def used_fields(text: str) -> set[str]:
    """Return every name in a query that is no keyword, literal or alias."""
    quoted = set(re.findall(r"`([^`]+)`", text))
    bare = re.sub(r'"[^"]*"|`[^`]+`|/(?:\\.|[^/\n])+/|\b\d+m\b', " ", text)
    aliases = set(re.findall(r"\bas (\w+)", bare))
    names = set(re.findall(r"@?[A-Za-z_][\w.]*", bare))
    return (names | quoted) - aliases - KEYWORDS - COMMANDS


def test_every_query_is_in_the_stages_folder(stage: SynthesizedStage) -> None:
    folder = stage.settings.resource_name()
    assert set(definitions(stage)) == {f"{folder}/{query.name}" for query in QUERIES}


@pytest.mark.parametrize(
    "name",
    [
        *("slowest-requests", "errors-by-route", "one-request", "containers-that-failed"),
        *("slow-statements", "refused-logins", "slow-commands", "blocked-requests"),
        *("rejected-flows-to-the-data-stores", "who-read-a-secret"),
        *("who-changed-what-in-kubernetes", "who-changed-what-in-aws"),
    ],
)
def test_the_queries_for_incidents_are_saved(stage: SynthesizedStage, name: str) -> None:
    assert f"{stage.settings.resource_name()}/{name}" in definitions(stage)


def test_every_query_refers_to_one_log_group(stage: SynthesizedStage) -> None:
    for name, definition in definitions(stage).items():
        (log_group,) = definition["LogGroupNames"]
        assert "ImportValue" in json.dumps(log_group), name


@pytest.mark.parametrize(
    ("name", "log_group"),
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
def test_a_query_reads_the_log_group_of_its_service(
    stage: SynthesizedStage, name: str, log_group: str
) -> None:
    definition = definitions(stage)[f"{stage.settings.resource_name()}/{name}"]
    assert log_group in json.dumps(definition["LogGroupNames"])


@pytest.mark.parametrize("query", QUERIES, ids=lambda query: query.name)
def test_a_query_uses_commands_of_logs_insights_alone(query: Any) -> None:
    assert {command.split()[0] for command in commands(query.text)} <= COMMANDS


@pytest.mark.parametrize("query", QUERIES, ids=lambda query: query.name)
def test_a_query_uses_fields_of_its_log_group_alone(query: Any) -> None:
    application = set().union(*(field_paths(wrap(event)) for event in example_events()))
    known = FIELDS.get(query.log_group, application)
    parsed = set(re.findall(r"\bas (\w+)", query.text))
    assert used_fields(query.text) <= known | SYSTEM_FIELDS | parsed


@pytest.mark.parametrize("query", QUERIES, ids=lambda query: query.name)
def test_a_query_ends_with_a_limit(query: Any) -> None:
    assert re.fullmatch(r"limit \d+", commands(query.text)[-1])


def test_no_two_queries_are_the_same() -> None:
    assert len({query.text for query in QUERIES}) == len(QUERIES)
    assert len({query.name for query in QUERIES}) == len(QUERIES)
