"""Tasks that call AWS services, as the Step Functions Developer Guide describes them."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from tests.tools.embedded_aws.conftest import Stack
from tests.tools.embedded_aws.state_machines import run, run_failing, start, task

SDK = "arn:aws:states:::aws-sdk"
TEMPLATE: dict[str, Any] = {
    "Parameters": {
        "Position": {"Type": "String", "Default": "blue", "AllowedValues": ["blue", "green"]},
        "Floor": {"Type": "Number", "Default": 2},
    },
    "Conditions": {"GreenRuns": {"Fn::Equals": [{"Ref": "Position"}, "green"]}},
    "Resources": {
        "Topic": {"Type": "AWS::SNS::Topic"},
        "Green": {"Type": "AWS::SNS::Topic", "Condition": "GreenRuns"},
    },
    "Outputs": {"Floor": {"Value": {"Ref": "Floor"}}},
}


@pytest.fixture
def sfn(aws: Callable[[str], Any]) -> Any:
    return aws("stepfunctions")


@pytest.fixture
def deployed(stack: Stack) -> Stack:
    assert stack.deploy_template(TEMPLATE) == "CREATE_COMPLETE"
    return stack


def test_a_task_updates_a_stack_and_describes_it(deployed: Stack, sfn: Any) -> None:
    states = {
        "Update": _update(deployed, Position="green", Floor="5") | {"Next": "Wait"},
        "Wait": {"Type": "Wait", "Seconds": 1, "Next": "Describe"},
        "Describe": task(f"{SDK}:cloudformation:describeStacks", {"StackName": deployed.name}),
    }
    del states["Update"]["End"]

    [found] = run(sfn, states)["Stacks"]

    values = {p["ParameterKey"]: p["ParameterValue"] for p in found["Parameters"]}
    assert (found["StackStatus"], values["Position"]) == ("UPDATE_COMPLETE", "green")
    assert [(o["OutputKey"], o["OutputValue"]) for o in found["Outputs"]] == [("Floor", "5")]
    assert "Green" in deployed.physical_ids()


def test_a_parameter_that_an_update_leaves_out_falls_back_to_its_default(
    deployed: Stack, sfn: Any
) -> None:
    run(sfn, {"Update": _update(deployed, Position="green", Floor="5")})
    run(sfn, {"Update": _update(deployed, Position=None)})
    assert deployed.outputs()["Floor"] == "2"
    assert "Green" in deployed.physical_ids()

    run(sfn, {"Update": _update(deployed, Floor="7")})
    assert "Green" not in deployed.physical_ids()


def test_an_update_without_a_change_fails_with_the_name_of_the_base_exception(
    deployed: Stack, sfn: Any
) -> None:
    update = _update(deployed, Position=None, Floor=None)

    error, cause = run_failing(sfn, {"Update": update})

    assert (error, cause) == (
        "CloudFormation.CloudFormationException",
        "No updates are to be performed.",
    )


def test_a_value_of_another_type_ends_the_execution(deployed: Stack, sfn: Any) -> None:
    update = _update(deployed, Floor="5")
    update["Arguments"]["Parameters"][0]["ParameterValue"] = 5

    error, cause = run_failing(sfn, {"Update": update})

    assert error == "States.Runtime"
    assert "ParameterValue" in cause


def test_an_unknown_rule_has_the_error_of_its_code(sfn: Any) -> None:
    arguments = {"RuleArn": "arn:aws:elasticloadbalancing:us-east-1:0:listener-rule/none"}
    actions = [{"Type": "fixed-response", "FixedResponseConfig": {"StatusCode": "404"}}]
    modify = task(f"{SDK}:elasticloadbalancingv2:modifyRule", arguments | {"Actions": actions})

    error, _cause = run_failing(sfn, {"Modify": modify})

    assert error == "ElasticLoadBalancingV2.RuleNotFoundException"


def test_a_catcher_can_name_the_error_of_a_service(sfn: Any) -> None:
    missing = task(f"{SDK}:cloudformation:describeStacks", {"StackName": "no-such-stack"})
    name = "CloudFormation.CloudFormationException"
    missing["Catch"] = [{"ErrorEquals": [name], "Next": "Caught"}]
    states = {"Missing": missing, "Caught": {"Type": "Pass", "Output": "caught", "End": True}}

    assert run(sfn, states) == "caught"


def test_a_task_reads_the_state_that_set_alarm_state_has_set(
    aws: Callable[[str], Any], stack: Stack, sfn: Any
) -> None:
    stack.deploy({"Alarm": _math_alarm(stack.name)})
    described = task(f"{SDK}:cloudwatch:describeAlarms", {"AlarmNames": [stack.name]})
    [alarm] = run(sfn, {"Describe": described})["MetricAlarms"]
    assert alarm["StateValue"] == "INSUFFICIENT_DATA"

    aws("cloudwatch").set_alarm_state(
        AlarmName=stack.name, StateValue="ALARM", StateReason="the test"
    )

    [alarm] = run(sfn, {"Describe": described})["MetricAlarms"]
    assert alarm["StateValue"] == "ALARM"


def test_a_task_reads_metric_data(sfn: Any) -> None:
    metric = {"Metric": {"Namespace": "N", "MetricName": "M"}, "Period": 60, "Stat": "Sum"}
    arguments = {
        "StartTime": "2026-11-25T10:00:00Z",
        "EndTime": "2026-11-25T11:00:00Z",
        "MetricDataQueries": [{"Id": "requests", "MetricStat": metric}],
    }

    found = run(sfn, {"Read": task(f"{SDK}:cloudwatch:getMetricData", arguments)})

    [result] = found["MetricDataResults"]
    assert (result["Id"], result["Values"]) == ("requests", [])


def test_a_task_publishes_to_a_topic(deployed: Stack, sfn: Any) -> None:
    topic = deployed.physical_ids()["Topic"]
    arguments = {"TopicArn": topic, "Subject": "s", "Message": "m"}

    assert run(sfn, {"Publish": task(f"{SDK}:sns:publish", arguments)})["MessageId"]


def test_a_task_lists_the_executions_and_reads_their_last_state(sfn: Any) -> None:
    other = start(sfn, {"Hold": {"Type": "Wait", "Seconds": 60, "End": True}})
    machine = sfn.describe_execution(executionArn=other)["stateMachineArn"]
    listing = {"StateMachineArn": machine, "StatusFilter": "RUNNING"}
    history = {
        "ExecutionArn": other,
        "ReverseOrder": True,
        "MaxResults": 20,
        "IncludeExecutionData": False,
    }

    found = run(sfn, {"List": task(f"{SDK}:sfn:listExecutions", listing)})
    events = run(sfn, {"Read": task(f"{SDK}:sfn:getExecutionHistory", history)})["Events"]

    assert [execution["ExecutionArn"] for execution in found["Executions"]] == [other]
    entered = [e["StateEnteredEventDetails"]["Name"] for e in events if "Entered" in e["Type"]]
    assert entered == ["Hold"]
    sfn.stop_execution(executionArn=other)
    ended = run(sfn, {"D": task(f"{SDK}:sfn:describeExecution", {"ExecutionArn": other})})
    assert ended["Status"] == "ABORTED"


def _update(stack: Stack, **values: str | None) -> dict[str, Any]:
    """Return a Task that sends values, or the previous value for None."""
    parameters = [
        {"ParameterKey": key}
        | ({"UsePreviousValue": True} if value is None else {"ParameterValue": value})
        for key, value in values.items()
    ]
    arguments = {
        "StackName": stack.name,
        "UsePreviousTemplate": True,
        "Parameters": parameters,
        "Capabilities": ["CAPABILITY_IAM"],
    }
    return task(f"{SDK}:cloudformation:updateStack", arguments)


def _math_alarm(name: str) -> dict[str, Any]:
    metric = {"Metric": {"Namespace": "N", "MetricName": "M"}, "Period": 60, "Stat": "Sum"}
    return {
        "Type": "AWS::CloudWatch::Alarm",
        "Properties": {
            "AlarmName": name,
            "ComparisonOperator": "GreaterThanThreshold",
            "Threshold": 1,
            "EvaluationPeriods": 2,
            "Metrics": [
                {"Id": "part", "MetricStat": metric, "ReturnData": False},
                {"Id": "whole", "Expression": "part * 2"},
            ],
        },
    }
