"""INFRASTRUCTURE.md: ALB, Network Layer, TLS/SSL; application.md: paths and health checks."""

from typing import Any

import pytest

from settings import load_stage
from tests.synthesis import SynthesizedStage, synthesize


def attributes(resource: dict[str, Any], key: str) -> dict[str, Any]:
    return {each["Key"]: each["Value"] for each in resource[key]}


def load_balancer(stage: SynthesizedStage) -> dict[str, Any]:
    return stage.only("network", "AWS::ElasticLoadBalancingV2::LoadBalancer")


def listeners(stage: SynthesizedStage) -> dict[int, dict[str, Any]]:
    found = stage.resources("network", "AWS::ElasticLoadBalancingV2::Listener").values()
    return {each["Properties"]["Port"]: each["Properties"] for each in found}


def rules(stage: SynthesizedStage) -> list[tuple[list[str], dict[str, Any]]]:
    """Return the paths and the action of each listener rule, in the order of priority."""
    found = stage.resources("workloads", "AWS::ElasticLoadBalancingV2::ListenerRule").values()
    ordered = sorted((each["Properties"] for each in found), key=lambda p: int(p["Priority"]))
    return [
        (each["Conditions"][0]["PathPatternConfig"]["Values"], each["Actions"][0])
        for each in ordered
    ]


def targets(stage: SynthesizedStage) -> dict[int, dict[str, Any]]:
    found = stage.resources("workloads", "AWS::ElasticLoadBalancingV2::TargetGroup").values()
    return {each["Properties"]["Port"]: each["Properties"] for each in found}


def test_the_load_balancer_is_internet_facing_in_three_zones(stage: SynthesizedStage) -> None:
    properties = load_balancer(stage)
    assert properties["Scheme"] == "internet-facing"
    assert len(properties["Subnets"]) == 3


def test_invalid_headers_are_dropped_and_http2_is_enabled(stage: SynthesizedStage) -> None:
    values = attributes(load_balancer(stage), "LoadBalancerAttributes")
    assert values["routing.http.drop_invalid_header_fields.enabled"] == "true"
    assert values["routing.http2.enabled"] == "true"


def test_access_logs_are_enabled(stage: SynthesizedStage) -> None:
    values = attributes(load_balancer(stage), "LoadBalancerAttributes")
    assert values["access_logs.s3.enabled"] == "true"


def test_only_a_protected_stage_has_deletion_protection(stage: SynthesizedStage) -> None:
    values = attributes(load_balancer(stage), "LoadBalancerAttributes")
    expected = str(stage.settings.deletion_protection).lower()
    assert values["deletion_protection.enabled"] == expected


def test_https_uses_tls_1_2_or_1_3(stage: SynthesizedStage) -> None:
    listener = listeners(stage)[443]
    assert listener["Protocol"] == "HTTPS"
    assert listener["SslPolicy"] == "ELBSecurityPolicy-TLS13-1-2-Res-2021-06"
    assert len(listener["Certificates"]) == 1


def test_http_requests_are_redirected_to_https(stage: SynthesizedStage) -> None:
    listener = listeners(stage)[80]
    (action,) = listener["DefaultActions"]
    assert action["RedirectConfig"]["Protocol"] == "HTTPS"
    assert action["RedirectConfig"]["StatusCode"] == "HTTP_301"
    assert sorted(listeners(stage)) == [80, 443]


def test_a_request_that_matches_no_rule_gets_404(stage: SynthesizedStage) -> None:
    (action,) = listeners(stage)[443]["DefaultActions"]
    assert action["FixedResponseConfig"]["StatusCode"] == "404"


def test_the_internet_cannot_reach_the_metrics(stage: SynthesizedStage) -> None:
    paths, action = rules(stage)[0]
    assert "/metrics" in paths and "/metrics/*" in paths
    assert action["FixedResponseConfig"]["StatusCode"] == "404"


def test_the_backend_gets_its_public_paths_and_the_frontend_gets_the_rest(
    stage: SynthesizedStage,
) -> None:
    _, (backend_paths, backend), (rest, frontend) = rules(stage)
    assert backend_paths == ["/api/*", "/health/*", "/socket.io/*"]
    assert "BackendTargets" in str(backend)
    assert rest == ["/*"]
    assert "FrontendTargets" in str(frontend)


@pytest.mark.parametrize("port, path", [(3001, "/health/ready"), (80, "/")])
def test_health_checks_run_every_30_seconds(stage: SynthesizedStage, port: int, path: str) -> None:
    group = targets(stage)[port]
    assert group["HealthCheckPath"] == path
    assert group["HealthCheckIntervalSeconds"] == 30
    assert group["HealthCheckTimeoutSeconds"] == 5
    assert group["HealthyThresholdCount"] == 2
    assert group["UnhealthyThresholdCount"] == 3


@pytest.mark.parametrize("port", [3001, 80])
def test_targets_are_deregistered_within_30_seconds(stage: SynthesizedStage, port: int) -> None:
    values = attributes(targets(stage)[port], "TargetGroupAttributes")
    assert values["deregistration_delay.timeout_seconds"] == "30"
    assert targets(stage)[port]["TargetType"] == "ip"


def test_requests_of_a_client_go_to_one_backend_pod_for_a_day(stage: SynthesizedStage) -> None:
    backend = attributes(targets(stage)[3001], "TargetGroupAttributes")
    assert backend["stickiness.enabled"] == "true"
    assert backend["stickiness.lb_cookie.duration_seconds"] == "86400"
    frontend = attributes(targets(stage)[80], "TargetGroupAttributes")
    assert frontend["stickiness.enabled"] == "false"


def test_the_certificate_is_for_the_domain_and_validated_in_its_hosted_zone(
    stage: SynthesizedStage,
) -> None:
    certificate = stage.only("network", "AWS::CertificateManager::Certificate")
    domain = stage.settings.domain
    assert certificate["DomainName"] == domain.name
    assert certificate["ValidationMethod"] == "DNS"
    (option,) = certificate["DomainValidationOptions"]
    assert option["HostedZoneId"] == domain.hosted_zone_id


def test_a_certificate_in_the_settings_replaces_the_created_one() -> None:
    arn = f"arn:aws:acm:us-east-1:111111111111:certificate/{'0' * 8}-0000-0000-0000-{'0' * 12}"
    settings = load_stage("staging")
    domain = settings.domain.model_copy(update={"certificate_arn": arn})
    stage = synthesize(settings.model_copy(update={"domain": domain}))
    assert listeners(stage)[443]["Certificates"] == [{"CertificateArn": arn}]
    assert not stage.resources("network", "AWS::CertificateManager::Certificate")


def test_the_domain_is_an_alias_of_the_load_balancer(stage: SynthesizedStage) -> None:
    record = stage.only("network", "AWS::Route53::RecordSet")
    assert record["Name"] == f"{stage.settings.domain.name}."
    assert record["Type"] == "A"
    assert record["AliasTarget"]


def test_shield_advanced_is_enabled_by_the_settings_alone() -> None:
    """Shield Standard protects every load balancer without a resource."""
    settings = load_stage("production")
    advanced = settings.firewall.model_copy(update={"shield_advanced": True})
    stage = synthesize(settings.model_copy(update={"firewall": advanced}))
    assert len(stage.resources("network", "AWS::Shield::Protection")) == 1
    assert not synthesize(settings).resources("network", "AWS::Shield::Protection")
