"""Keeps the `ForwardConfig` of actions, and forwards by its weights and its stickiness.

ministack 1.5.33 keeps the first target group of a `ForwardConfig` only, whether a template or an
API call sets it, and returns none. Elastic Load Balancing returns a `ForwardConfig` for each
forward action, and `TargetGroupArn` where there is one target group (Elastic Load Balancing API
Reference, "Action"). A client that has the cookie of a target group stays with that group until the
cookie expires, whatever the weights are (User Guide for Application Load Balancers, "Target group
stickiness").
"""

from __future__ import annotations

import random
import time
from collections.abc import Awaitable, Callable, Mapping, Sequence
from http.cookies import SimpleCookie
from typing import Any

from ministack.services import alb  # type: ignore[import-untyped]
from ministack.services.cloudformation import provisioners  # type: ignore[import-untyped]

Action = dict[str, Any]
ForwardConfig = dict[str, Any]

COOKIE = "AWSALBTG"
_MAXIMUM_GROUPS = 5
_MAXIMUM_WEIGHT = 999
_MAXIMUM_STICKINESS_SECONDS = 604_800


def keep_forward_configs() -> None:
    """Replace the functions of the emulator that read, write and execute actions."""
    provisioners._elbv2_listener_actions = _from_template(provisioners._elbv2_listener_actions)
    alb._parse_actions = _from_request(alb._parse_actions)
    alb._action_xml = _to_xml(alb._action_xml)
    alb._execute_action = _executing(alb._execute_action)
    for name in ("CreateListener", "ModifyListener", "CreateRule", "ModifyRule"):
        alb._ACTION_MAP[name] = _refusing(alb._ACTION_MAP[name])


class ForwardActionError(ValueError):
    """Elastic Load Balancing refuses a forward action."""

    def __init__(self, code: str, message: str) -> None:
        super().__init__(message)
        self.code = code


def _refusing(handle: Callable[..., Any]) -> Callable[..., Any]:
    """Return the error of the API for an action that is refused."""

    def handle_call(params: Mapping[str, Any]) -> Any:  # noqa: ANN401 - the emulator's response
        try:
            return handle(params)
        except ForwardActionError as error:
            return alb._error(error.code, str(error))

    return handle_call


def _from_template(read: Callable[..., list[Action]]) -> Callable[..., list[Action]]:
    def read_actions(
        properties: Mapping[str, Any],
        load_balancer: str | None,
        prop: str = "DefaultActions",
    ) -> list[Action]:
        actions = read(properties, load_balancer, prop)
        for action, declared in zip(actions, properties.get(prop) or [], strict=True):
            _add_config(action, declared.get("ForwardConfig") or {})
        return actions

    return read_actions


def _from_request(parse: Callable[..., list[Action]]) -> Callable[..., list[Action]]:
    def parse_actions(params: Mapping[str, Any], prefix: str = "DefaultActions") -> list[Action]:
        actions = parse(params, prefix)
        for number, action in enumerate(actions, start=1):
            _add_config(action, _parse_config(params, f"{prefix}.member.{number}.ForwardConfig"))
        return actions

    return parse_actions


def _parse_config(params: Mapping[str, Any], prefix: str) -> ForwardConfig:
    groups: list[dict[str, Any]] = []
    while arn := alb._p(params, f"{prefix}.TargetGroups.member.{len(groups) + 1}.TargetGroupArn"):
        member = f"{prefix}.TargetGroups.member.{len(groups) + 1}"
        groups.append({"TargetGroupArn": arn, "Weight": alb._p(params, f"{member}.Weight") or 1})
    if not groups:
        return {}
    stickiness = f"{prefix}.TargetGroupStickinessConfig"
    return {
        "TargetGroups": groups,
        "TargetGroupStickinessConfig": {
            "Enabled": alb._p(params, f"{stickiness}.Enabled"),
            "DurationSeconds": alb._p(params, f"{stickiness}.DurationSeconds"),
        },
    }


def _add_config(action: Action, declared: Mapping[str, Any]) -> None:
    """Set the configuration of a forward action, with one type for each value.

    Raises:
        ForwardActionError: Elastic Load Balancing refuses the configuration.
    """
    if action["Type"] != "forward":
        return
    groups = declared.get("TargetGroups") or [{"TargetGroupArn": action.get("TargetGroupArn", "")}]
    stickiness = declared.get("TargetGroupStickinessConfig") or {}
    config: ForwardConfig = {
        "TargetGroups": [
            {"TargetGroupArn": group["TargetGroupArn"], "Weight": int(group.get("Weight", 1))}
            for group in groups
        ],
        "TargetGroupStickinessConfig": {
            "Enabled": str(stickiness.get("Enabled") or "false").lower() == "true"
        },
    }
    if stickiness.get("DurationSeconds"):
        seconds = int(stickiness["DurationSeconds"])
        config["TargetGroupStickinessConfig"]["DurationSeconds"] = seconds
    _refuse(config)
    action["ForwardConfig"] = config
    action.pop("TargetGroupArn", None)
    if len(groups) == 1:
        action["TargetGroupArn"] = groups[0]["TargetGroupArn"]


def _refuse(config: ForwardConfig) -> None:
    """Raise an error for what Elastic Load Balancing refuses (API Reference, "Action")."""
    groups = config["TargetGroups"]
    stickiness = config["TargetGroupStickinessConfig"]
    if len(groups) > _MAXIMUM_GROUPS:
        raise ForwardActionError(
            "TooManyTargets", f"A forward action takes at most {_MAXIMUM_GROUPS} target groups"
        )
    for group in groups:
        if group["TargetGroupArn"] not in alb._tgs:
            message = f"Target group '{group['TargetGroupArn']}' not found"
            raise ForwardActionError("TargetGroupNotFound", message)
        if not 0 <= group["Weight"] <= _MAXIMUM_WEIGHT:
            raise _invalid(f"The weight {group['Weight']} is not from 0 to {_MAXIMUM_WEIGHT}")
    seconds = stickiness.get("DurationSeconds", 0)
    if stickiness["Enabled"] and not 1 <= seconds <= _MAXIMUM_STICKINESS_SECONDS:
        raise _invalid(f"The duration {seconds} is not from 1 to {_MAXIMUM_STICKINESS_SECONDS}")
    if len(groups) > 1 and not stickiness["Enabled"] and any(map(_is_sticky, groups)):
        raise _invalid("A target group of several has stickiness, and the action has none")


def _invalid(message: str) -> ForwardActionError:
    return ForwardActionError("InvalidLoadBalancerAction", message)


def _is_sticky(group: Mapping[str, Any]) -> bool:
    attributes = alb._tg_attrs.get(group["TargetGroupArn"], [])
    return {"Key": "stickiness.enabled", "Value": "true"} in attributes


def _to_xml(render: Callable[[Action], str]) -> Callable[[Action], str]:
    def action_xml(action: Action) -> str:
        text = render(action)
        if "ForwardConfig" not in action:
            return text
        return text.removesuffix("</member>") + _config_xml(action["ForwardConfig"]) + "</member>"

    return action_xml


def _config_xml(config: ForwardConfig) -> str:
    groups = "".join(
        f"<member><TargetGroupArn>{group['TargetGroupArn']}</TargetGroupArn>"
        f"<Weight>{group['Weight']}</Weight></member>"
        for group in config["TargetGroups"]
    )
    stickiness = config["TargetGroupStickinessConfig"]
    duration = stickiness.get("DurationSeconds")
    return (
        f"<ForwardConfig><TargetGroups>{groups}</TargetGroups><TargetGroupStickinessConfig>"
        f"<Enabled>{str(stickiness['Enabled']).lower()}</Enabled>"
        + (f"<DurationSeconds>{duration}</DurationSeconds>" if duration else "")
        + "</TargetGroupStickinessConfig></ForwardConfig>"
    )


def _executing(execute: Callable[..., Awaitable[Any]]) -> Callable[..., Awaitable[Any]]:
    async def execute_action(
        action: Action, method: str, path: str, headers: dict[str, str], *request: object
    ) -> Any:  # noqa: ANN401 - the emulator's response
        config = action.get("ForwardConfig")
        if config is None:
            return await execute(action, method, path, headers, *request)
        group = choose_group(config, headers.get("cookie", ""))
        chosen = action | {"TargetGroupArn": group}
        response = await execute(chosen, method, path, headers, *request)
        stickiness = config["TargetGroupStickinessConfig"]
        if not stickiness["Enabled"]:
            return response
        status, answer_headers, body = response
        cookie = _cookie(group, stickiness["DurationSeconds"])
        return status, answer_headers | {"Set-Cookie": cookie}, body

    return execute_action


def choose_group(config: ForwardConfig, cookies: str) -> str:
    """Return the ARN of the target group for a request with these cookies.

    A target group of weight 0 gets no requests, but those of the clients that have its cookie.
    """
    groups: Sequence[Mapping[str, Any]] = config["TargetGroups"]
    arns = [str(group["TargetGroupArn"]) for group in groups]
    if config["TargetGroupStickinessConfig"]["Enabled"]:
        kept = _group_of_cookie(cookies)
        if kept in arns:
            return kept
    weights = [group["Weight"] for group in groups]
    return random.choices(arns, weights if any(weights) else None)[0]  # noqa: S311 - no secret


def _cookie(group: str, seconds: int) -> str:
    """Return the cookie of a target group. AWS encrypts its value."""
    expiry = int(time.time()) + seconds
    return f"{COOKIE}={group}|{expiry}; Max-Age={seconds}; Path=/"


def _group_of_cookie(cookies: str) -> str:
    """Return the target group of the cookie; empty if there is none, or it has expired."""
    morsel = SimpleCookie(cookies).get(COOKIE)
    group, _, expiry = (morsel.value if morsel else "").partition("|")
    return group if expiry.isdigit() and int(expiry) > time.time() else ""
