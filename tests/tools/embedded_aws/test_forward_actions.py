"""Forward actions with several target groups, as Elastic Load Balancing has them."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from typing import Any

import pytest
from botocore.exceptions import ClientError

from tests.tools.embedded_aws.conftest import Stack
from tests.tools.embedded_aws.load_balancers import load_balancer, rule, split, to_group
from tests.tools.embedded_aws.state_machines import run, task
from tools.embedded_aws.load_balancing.forward_actions import COOKIE, choose_group

REQUESTS = 2000


@pytest.fixture
def elb(aws: Callable[[str], Any]) -> Any:
    return aws("elbv2")


@pytest.fixture
def ids(stack: Stack) -> dict[str, str]:
    """The physical ids of a load balancer whose rule forwards to blue."""
    resources = load_balancer(("Main", rule(10, to_group("Blue"))))
    assert stack.deploy(resources) == "CREATE_COMPLETE", stack.failures()
    return stack.physical_ids()


def test_a_template_keeps_weights_and_stickiness(stack: Stack, elb: Any) -> None:
    stack.deploy(load_balancer(("Main", rule(10, split(95, 5)))))
    ids = stack.physical_ids()

    assert _action(elb, ids["Main"]) == {
        "Type": "forward",
        "Order": 1,
        "ForwardConfig": {
            "TargetGroups": [
                {"TargetGroupArn": ids["Blue"], "Weight": 95},
                {"TargetGroupArn": ids["Green"], "Weight": 5},
            ],
            "TargetGroupStickinessConfig": {"Enabled": True, "DurationSeconds": 300},
        },
    }


def test_an_action_with_one_target_group_has_it_in_both_forms(
    elb: Any, ids: dict[str, str]
) -> None:
    assert _action(elb, ids["Main"]) == {
        "Type": "forward",
        "Order": 1,
        "TargetGroupArn": ids["Blue"],
        "ForwardConfig": {
            "TargetGroups": [{"TargetGroupArn": ids["Blue"], "Weight": 1}],
            "TargetGroupStickinessConfig": {"Enabled": False},
        },
    }


def test_an_update_moves_a_rule_between_one_and_two_target_groups(
    stack: Stack, elb: Any, ids: dict[str, str]
) -> None:
    for blue, green in ((95, 5), (0, 100)):
        resources = load_balancer(("Main", rule(10, split(blue, green))))
        assert stack.deploy(resources) == "UPDATE_COMPLETE"
        groups = _action(elb, ids["Main"])["ForwardConfig"]["TargetGroups"]
        assert [group["Weight"] for group in groups] == [blue, green]

    stack.deploy(load_balancer(("Main", rule(10, to_group("Green")))))
    assert _action(elb, ids["Main"])["TargetGroupArn"] == ids["Green"]


def test_modify_rule_replaces_the_configuration(elb: Any, ids: dict[str, str]) -> None:
    groups = [
        {"TargetGroupArn": ids["Blue"], "Weight": 25},
        {"TargetGroupArn": ids["Green"], "Weight": 75},
    ]
    stickiness = {"Enabled": True, "DurationSeconds": 60}
    config = {"TargetGroups": groups, "TargetGroupStickinessConfig": stickiness}

    elb.modify_rule(RuleArn=ids["Main"], Actions=[{"Type": "forward", "ForwardConfig": config}])

    assert _action(elb, ids["Main"])["ForwardConfig"] == config


def test_a_task_reads_and_modifies_a_rule(
    aws: Callable[[str], Any], elb: Any, ids: dict[str, str]
) -> None:
    integration = "arn:aws:states:::aws-sdk:elasticloadbalancingv2"
    action = {"Type": "forward", "TargetGroupArn": ids["Green"]}
    modify = task(
        f"{integration}:modifyRule", {"RuleArn": ids["Main"], "Actions": [action]}, Next="Read"
    )
    del modify["End"]
    read = task(f"{integration}:describeRules", {"RuleArns": [ids["Main"]]})

    [found] = run(aws("stepfunctions"), {"Modify": modify, "Read": read})["Rules"]

    group = {"TargetGroupArn": ids["Green"], "Weight": 1}
    assert found["Actions"][0]["ForwardConfig"]["TargetGroups"] == [group]


@pytest.mark.parametrize(
    ("change", "code"),
    [
        ({"Weight": 1000}, "InvalidLoadBalancerAction"),
        ({"TargetGroupArn": "none"}, "TargetGroupNotFound"),
    ],
)
def test_an_invalid_target_group_is_refused(
    elb: Any, ids: dict[str, str], change: dict[str, Any], code: str
) -> None:
    groups = [{"TargetGroupArn": ids["Blue"], "Weight": 1}]
    groups.append({"TargetGroupArn": ids["Green"], "Weight": 1} | change)
    action = {"Type": "forward", "ForwardConfig": {"TargetGroups": groups}}

    with pytest.raises(ClientError) as refused:
        elb.modify_rule(RuleArn=ids["Main"], Actions=[action])

    assert refused.value.response["Error"]["Code"] == code
    assert _action(elb, ids["Main"])["TargetGroupArn"] == ids["Blue"]


def test_stickiness_of_a_target_group_requires_that_of_the_action(stack: Stack) -> None:
    resources = load_balancer(("Main", rule(10, split(50, 50, sticky_seconds=None))))
    attributes = [{"Key": "stickiness.enabled", "Value": "true"}]
    resources["Blue"]["Properties"] = resources["Blue"]["Properties"] | {
        "TargetGroupAttributes": attributes
    }

    assert stack.deploy(resources) == "ROLLBACK_COMPLETE"
    assert "stickiness" in stack.failures()["Main"]


def test_requests_are_split_by_the_weights() -> None:
    counts = Counter(choose_group(_config(95, 5), "") for _ in range(REQUESTS))

    assert 0.02 < counts["green"] / REQUESTS < 0.09


def test_a_client_stays_with_the_target_group_of_its_cookie_at_weight_zero() -> None:
    config = _config(100, 0, sticky=True)

    assert choose_group(config, f"{COOKIE}=green|9999999999") == "green"
    assert choose_group(config, f"{COOKIE}=green|1000000000") == "blue"


def test_a_target_group_that_the_action_lacks_gets_no_client_back() -> None:
    config = _config(100, 0, sticky=True)
    del config["TargetGroups"][1]

    assert choose_group(config, f"{COOKIE}=green|9999999999") == "blue"


def _config(blue: int, green: int, *, sticky: bool = False) -> dict[str, Any]:
    groups = [
        {"TargetGroupArn": "blue", "Weight": blue},
        {"TargetGroupArn": "green", "Weight": green},
    ]
    stickiness = {"Enabled": sticky, "DurationSeconds": 300}
    return {"TargetGroups": groups, "TargetGroupStickinessConfig": stickiness}


def _action(elb: Any, rule_arn: str) -> dict[str, Any]:
    [action] = elb.describe_rules(RuleArns=[rule_arn])["Rules"][0]["Actions"]
    return dict(action)
