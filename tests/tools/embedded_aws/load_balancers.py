"""Load balancers of tests, as resources of a stack."""

from __future__ import annotations

import json
import urllib.request
from dataclasses import dataclass, field
from typing import Any
from urllib.error import HTTPError

ELB = "AWS::ElasticLoadBalancingV2"
NOT_FOUND = {"Type": "fixed-response", "FixedResponseConfig": {"StatusCode": "404"}}


def load_balancer(*rules: tuple[str, dict[str, Any]], port: int = 80) -> dict[str, Any]:
    """Return a load balancer with the target groups Blue and Green, and rules by logical id."""
    group = {"VpcId": "vpc-1", "Port": 3001, "Protocol": "HTTP", "TargetType": "ip"}
    listener = {
        "LoadBalancerArn": {"Ref": "Balancer"},
        "Port": port,
        "Protocol": "HTTP",
        "DefaultActions": [NOT_FOUND],
    }
    return {
        "Balancer": {
            "Type": f"{ELB}::LoadBalancer",
            "Properties": {"Subnets": ["subnet-1", "subnet-2"]},
        },
        "Blue": {"Type": f"{ELB}::TargetGroup", "Properties": group},
        "Green": {"Type": f"{ELB}::TargetGroup", "Properties": group},
        "Listener": {"Type": f"{ELB}::Listener", "Properties": listener},
        **{name: {"Type": f"{ELB}::ListenerRule", "Properties": rule} for name, rule in rules},
    }


def rule(priority: int, action: dict[str, Any], *conditions: dict[str, Any]) -> dict[str, Any]:
    """Return the properties of a rule; without conditions it takes every path."""
    every_path = {"Field": "path-pattern", "PathPatternConfig": {"Values": ["/*"]}}
    return {
        "ListenerArn": {"Ref": "Listener"},
        "Priority": priority,
        "Conditions": list(conditions) or [every_path],
        "Actions": [action],
    }


def to_group(name: str) -> dict[str, Any]:
    """Return the action that forwards to one target group."""
    return {"Type": "forward", "TargetGroupArn": {"Ref": name}}


def split(blue: int, green: int, sticky_seconds: int | None = 300) -> dict[str, Any]:
    """Return the action that forwards to both target groups."""
    groups = [
        {"TargetGroupArn": {"Ref": name}, "Weight": weight}
        for name, weight in (("Blue", blue), ("Green", green))
    ]
    stickiness: dict[str, Any] = {"Enabled": sticky_seconds is not None}
    if sticky_seconds is not None:
        stickiness["DurationSeconds"] = sticky_seconds
    config = {"TargetGroups": groups, "TargetGroupStickinessConfig": stickiness}
    return {"Type": "forward", "ForwardConfig": config}


@dataclass
class Answer:
    """The response of a load balancer."""

    status: int
    body: dict[str, Any]
    cookie: str = field(default="")


def request(endpoint: str, name: str, path: str = "/", **headers: str) -> Answer:
    """Send a request to the load balancer with this name."""
    call = urllib.request.Request(f"{endpoint}/_alb/{name}{path}", headers=headers)  # noqa: S310
    try:
        with urllib.request.urlopen(call) as response:  # noqa: S310 - 127.0.0.1
            status, text, found = response.status, response.read(), response.headers
    except HTTPError as error:
        status, text, found = error.code, error.read(), error.headers
    body = json.loads(text) if text.startswith(b"{") else {}
    return Answer(status, body, found.get("Set-Cookie", ""))
