"""A service with two tracks: positions, rules, what runs, and alarms (docs/delivery.md)."""

import json
import re
from typing import Any

import pytest

from settings.delivery import TRACKS
from tests.stage_variants import with_strategy
from tests.synthesis import SynthesizedStage, synthesize
from tools.templates.text import as_text

POSITIONS = ("blue", "100-0", "95-5", "75-25", "50-50", "25-75", "5-95", "0-100", "green")
MANIFEST = "Custom::AWSCDK-EKS-KubernetesResource"
RULE = "AWS::ElasticLoadBalancingV2::ListenerRule"

each_position = pytest.mark.parametrize("position", POSITIONS)
each_service = pytest.mark.parametrize("service", ["Backend", "Frontend"])


@pytest.fixture(scope="module")
def stage() -> SynthesizedStage:
    return synthesize(with_strategy("canary", stage="production"))


class Position:
    """Evaluates the conditions of the workloads template at a position of the traffic."""

    def __init__(self, stage: SynthesizedStage, position: str) -> None:
        self.template = stage.templates["workloads"]
        self._parameters = {
            name: str(parameter["Default"])
            for name, parameter in self.template["Parameters"].items()
        } | {"BackendTraffic": position, "FrontendTraffic": position}

    def is_met(self, condition: str) -> bool:
        return bool(self.value(self.template["Conditions"][condition]))

    def value(self, node: Any) -> Any:
        """Return a value with its conditions, parameters and mappings resolved."""
        if isinstance(node, list):
            return [self.value(item) for item in node]
        if not isinstance(node, dict):
            return node
        if len(node) == 1:
            ((function, argument),) = node.items()
            match function:
                case "Ref":
                    return self._parameters.get(argument, argument)
                case "Fn::If":
                    condition, then, otherwise = argument
                    return self.value(then if self.is_met(condition) else otherwise)
                case "Fn::Equals":
                    return self.value(argument[0]) == self.value(argument[1])
                case "Fn::Or":
                    return any(self.value(argument))
                case "Fn::Not":
                    return not self.value(argument[0])
                case "Fn::FindInMap":
                    name, key, attribute = self.value(argument)
                    return self.template["Mappings"][name][key][attribute]
        return {key: self.value(item) for key, item in node.items()}

    def resources(self) -> dict[str, Any]:
        """Return the resources that exist at the position."""
        return {
            logical_id: resource
            for logical_id, resource in self.template["Resources"].items()
            if "Condition" not in resource or self.is_met(resource["Condition"])
        }

    def action(self, rule: str) -> dict[str, Any]:
        """Return the action of the rule whose logical id begins like this."""
        (properties,) = (
            resource["Properties"]
            for logical_id, resource in self.resources().items()
            if re.fullmatch(rf"Traffic{rule}Rule[0-9A-F]{{8}}", logical_id)
        )
        (action,) = self.value(properties["Actions"])
        return dict(action)

    def shares(self, service: str) -> dict[str, int]:
        """Return the percentage of the traffic of each track that receives some."""
        action = self.action(service)
        if "TargetGroupArn" in action:
            return {_track(action["TargetGroupArn"]): 100}
        return {
            _track(group["TargetGroupArn"]): int(group["Weight"])
            for group in action["ForwardConfig"]["TargetGroups"]
        }

    def tracks(self, service: str) -> set[str]:
        """Return the tracks whose Deployment exists."""
        name = f"spywatcher-{service.lower()}"
        objects = [
            (item["kind"], item["metadata"]["name"])
            for resource in self.resources().values()
            if resource["Type"] == MANIFEST
            for item in json.loads(_quoted(as_text(resource["Properties"]["Manifest"])))
        ]
        return {
            track
            for track, suffix in (("blue", ""), ("green", "-green"))
            if ("Deployment", name + suffix) in objects
        }


def _track(logical_id: str) -> str:
    return "green" if "GreenTargets" in logical_id else "blue"


def _quoted(text: str) -> str:
    """Quote the numbers that a parameter gives."""
    return re.sub(r":(\$\{\w+\})", r':"\1"', text)


@each_service
@each_position
def test_the_rule_forwards_the_shares_of_the_position(
    stage: SynthesizedStage, service: str, position: str
) -> None:
    blue = {"blue": 100, "green": 0}.get(position)
    blue = int(position.partition("-")[0]) if blue is None else blue
    expected = {"blue": blue, "green": 100 - blue}
    shares = Position(stage, position).shares(service)
    assert shares == {track: share for track, share in expected.items() if share}


@each_position
def test_no_position_sends_traffic_to_a_track_that_does_not_run(
    stage: SynthesizedStage, position: str
) -> None:
    for service in ("Backend", "Frontend"):
        at = Position(stage, position)
        assert set(at.shares(service)) <= at.tracks(service)


@pytest.mark.parametrize(
    "position, tracks",
    [
        ("blue", {"blue"}),
        *((position, {"blue", "green"}) for position in POSITIONS[1:-1]),
        ("green", {"green"}),
    ],
)
def test_a_track_that_is_not_needed_does_not_exist(
    stage: SynthesizedStage, position: str, tracks: set[str]
) -> None:
    assert Position(stage, position).tracks("Backend") == tracks


@pytest.mark.parametrize("position", ["blue", "100-0", "0-100", "green"])
def test_one_target_group_without_stickiness_receives_all_traffic(
    stage: SynthesizedStage, position: str
) -> None:
    """A cookie of the rule would keep clients on a track whose weight is 0."""
    action = Position(stage, position).action("Backend")
    assert set(action) == {"Type", "TargetGroupArn"}


@pytest.mark.parametrize("position", POSITIONS[2:-2])
def test_clients_stay_on_their_track_while_the_traffic_is_split(
    stage: SynthesizedStage, position: str
) -> None:
    config = Position(stage, position).action("Backend")["ForwardConfig"]
    assert config["TargetGroupStickinessConfig"] == {"Enabled": True, "DurationSeconds": 300}


@each_service
@each_position
def test_probes_reach_a_track_without_all_the_traffic(
    stage: SynthesizedStage, service: str, position: str
) -> None:
    at = Position(stage, position)
    probed = _track(at.action(f"{service}Probe")["TargetGroupArn"])
    assert at.shares(service).get(probed, 0) < 100


def test_both_target_groups_are_always_in_use(stage: SynthesizedStage) -> None:
    """The load balancer checks no target of a group without a rule."""
    for position in POSITIONS:
        at = Position(stage, position)
        used = {*at.shares("Backend"), _track(at.action("BackendProbe")["TargetGroupArn"])}
        assert used == set(TRACKS)


def test_probes_are_requests_to_the_same_paths_with_the_secret_header(
    stage: SynthesizedStage,
) -> None:
    rules = {
        logical_id.removeprefix("Traffic").partition("Rule")[0]: resource["Properties"]
        for logical_id, resource in stage.resources("workloads", RULE).items()
    }
    for service in ("Backend", "Frontend"):
        rule, probe = rules[service], rules[f"{service}Probe"]
        assert probe["Priority"] < rule["Priority"]
        paths, header = probe["Conditions"]
        assert [paths] == rule["Conditions"]
        assert header["HttpHeaderConfig"]["HttpHeaderName"] == "X-Spywatcher-Track"
        (value,) = header["HttpHeaderConfig"]["Values"]
        assert as_text(value).startswith("{{resolve:secretsmanager:${TrafficProbeSecret")


def test_the_value_of_the_header_has_no_wildcard_and_fits_a_condition(
    stage: SynthesizedStage,
) -> None:
    """At most 128 characters, with the wildcards * and ? (HttpHeaderConditionConfig, ELB API)."""
    secret = stage.only("workloads", "AWS::SecretsManager::Secret")["GenerateSecretString"]
    assert secret["ExcludePunctuation"] and secret["PasswordLength"] <= 128


def test_an_empty_target_group_keeps_its_zones_in_dns(stage: SynthesizedStage) -> None:
    """target_group_health.dns_failover: "off" (TargetGroupAttribute, ELB API Reference)."""
    key = "target_group_health.dns_failover.minimum_healthy_targets.count"
    groups = stage.resources("workloads", "AWS::ElasticLoadBalancingV2::TargetGroup")
    assert len(groups) == 4
    for group in groups.values():
        attributes = {a["Key"]: a["Value"] for a in group["Properties"]["TargetGroupAttributes"]}
        assert attributes[key] == "off"


def test_nothing_that_always_exists_depends_on_a_track(stage: SynthesizedStage) -> None:
    resources = stage.templates["workloads"]["Resources"]
    for logical_id, resource in resources.items():
        depends_on = resource.get("DependsOn", [])
        for other in [depends_on] if isinstance(depends_on, str) else depends_on:
            condition = resources[other].get("Condition")
            assert condition in (None, resource.get("Condition")), f"{logical_id} -> {other}"


def test_two_tracks_are_created_at_the_same_time_as_three_other_objects_at_most(
    stage: SynthesizedStage,
) -> None:
    """The first deployment creates a track of each service after everything else."""
    resources = stage.templates["workloads"]["Resources"]
    heads = [
        resource
        for resource in resources.values()
        if resource["Type"] == MANIFEST
        and "Condition" in resource
        and not any("Condition" in resources[other] for other in resource["DependsOn"])
    ]
    assert len(heads) == 4


def test_both_tracks_have_the_floor_of_the_release_as_their_minimum(
    stage: SynthesizedStage,
) -> None:
    text = json.dumps(stage.templates["workloads"])
    assert text.count('\\"minReplicas\\":", {"Ref": "BackendFloor"}') == 2
    assert text.count('\\"minReplicaCount\\":", {"Ref": "BackendFloor"}') == 2
    floor = stage.templates["workloads"]["Parameters"]["BackendFloor"]
    assert (floor["Type"], floor["Default"]) == ("Number", 2)


def test_a_track_overwrites_objects_that_a_failed_deletion_left(stage: SynthesizedStage) -> None:
    """CDK's kubectl provider ignores a failed deletion."""
    for resource in stage.resources("workloads", MANIFEST).values():
        assert resource["Properties"].get("Overwrite", False) == ("Condition" in resource)


def test_the_outputs_that_the_release_machine_reads_are_no_exports(
    stage: SynthesizedStage,
) -> None:
    outputs = stage.templates["workloads"]["Outputs"]
    for service in ("Backend", "Frontend"):
        for name in ("Rule", "BlueTargets", "GreenTargets"):
            assert "Export" not in outputs[f"{service}{name}"]


def test_a_service_with_two_tracks_does_not_wait_for_a_roll_out(stage: SynthesizedStage) -> None:
    """The release machine waits for healthy targets instead."""
    waits = stage.resources("workloads", "Custom::AWSCDK-EKS-KubernetesObjectValue").values()
    assert {wait["Properties"]["ObjectType"] for wait in waits} == {"job"}


def evaluate(expression: str, metrics: dict[str, float]) -> float:
    """Evaluate a metric math expression as CloudWatch does, for values that exist."""
    python = re.sub(r"FILL\((\w+), 0\)", r"\1", expression)
    python = python.replace("AND", "and").replace("MAX", "max").replace("IF(", "choose(")
    functions = {"max": max, "choose": lambda condition, then, other: then if condition else other}
    return float(eval(python, {"__builtins__": {}}, {**functions, **metrics}))  # noqa: S307


def alarm(stage: SynthesizedStage, name: str) -> dict[str, Any]:
    (properties,) = (
        resource["Properties"]
        for resource in stage.resources("workloads", "AWS::CloudWatch::Alarm").values()
        if resource["Properties"]["AlarmName"] == stage.settings.resource_name(name)
    )
    return dict(properties)


@pytest.mark.parametrize(
    "requests, errors, failures, other_requests, other_errors, breaches",
    [
        (100, 6, 0, 1000, 10, True),
        (100, 3, 3, 1000, 10, True),
        (100, 5, 0, 1000, 0, False),
        (100, 10, 0, 1000, 60, False),
        (100, 13, 0, 1000, 60, True),
        (19, 19, 0, 1000, 0, False),
        (100, 100, 0, 0, 0, True),
    ],
    ids=[
        "more than 5 % and more than twice the other's",
        "failed connections count",
        "5 % exactly",
        "less than twice the other's, as when the database fails",
        "more than twice the other's",
        "too few requests",
        "no traffic on the other track",
    ],
)
def test_an_alarm_compares_the_errors_of_a_track_with_a_limit_and_the_other_track(
    stage: SynthesizedStage,
    requests: int,
    errors: int,
    failures: int,
    other_requests: int,
    other_errors: int,
    breaches: bool,
) -> None:
    properties = alarm(stage, "backend-green-errors")
    (expression,) = (m["Expression"] for m in properties["Metrics"] if "Expression" in m)
    value = evaluate(
        expression,
        {
            "requests": requests,
            "errors": errors,
            "failures": failures,
            "other_requests": other_requests,
            "other_errors": other_errors,
            "other_failures": 0,
        },
    )
    assert (value > properties["Threshold"]) == breaches
    assert (properties["EvaluationPeriods"], properties["TreatMissingData"]) == (2, "notBreaching")


@pytest.mark.parametrize(
    "requests, time, other_time, breaches",
    [(100, 1.6, 1.0, True), (100, 1.4, 1.0, False), (100, 0.9, 0.1, False), (10, 9, 0.1, False)],
)
def test_an_alarm_compares_the_response_time_of_a_track_with_a_limit_and_the_other_track(
    stage: SynthesizedStage, requests: int, time: float, other_time: float, breaches: bool
) -> None:
    properties = alarm(stage, "backend-blue-slow")
    (expression,) = (m["Expression"] for m in properties["Metrics"] if "Expression" in m)
    value = evaluate(expression, {"requests": requests, "time": time, "other_time": other_time})
    assert (value > properties["Threshold"]) == breaches


def test_the_alarms_of_a_track_measure_that_track(stage: SynthesizedStage) -> None:
    for track in TRACKS:
        for metric in alarm(stage, f"frontend-{track}-errors")["Metrics"]:
            if "MetricStat" not in metric:
                continue
            dimensions = metric["MetricStat"]["Metric"]["Dimensions"]
            (group,) = (d["Value"] for d in dimensions if d["Name"] == "TargetGroup")
            is_own = _track(as_text(group)) == track
            assert is_own != metric["Id"].startswith("other_")
