"""The API calls of the release machine, and the variables that their results set."""

from typing import Any

from stacks.delivery.states import State, States, choose, jsonata, read, wait, when, write

_CAPABILITIES = ["CAPABILITY_IAM", "CAPABILITY_NAMED_IAM"]
"""Those of `cdk deploy`. An update without them fails, because the template has policies."""
_STACK = "$states.result.Stacks[0]"
_RULE_ACTION = "$states.result.Rules[0].Actions[0]"
_PARAMETERS = (
    "$map($names, function($name) {( $value := $lookup($changes, $name); $exists($value) "
    "? {'ParameterKey': $name, 'ParameterValue': $string($value)} "
    ": {'ParameterKey': $name, 'UsePreviousValue': true} )})"
)
"""Every parameter of the stack. One that is left out would fall back to its default ("Parameter",
AWS CloudFormation API Reference)."""

OLD_TARGETS = "$lookup($outputs, $lookup($config.targets, $old))"
NEW_TARGETS = "$lookup($outputs, $lookup($config.targets, $new))"
RULE = "$lookup($outputs, $config.rule)"
POSITION = "$lookup($values, $config.traffic)"
STEP = "$plan[$index]"
RECORD_STEP = (
    f"$append($steps, [{{'position': {STEP}.position, 'share': {STEP}.share, "
    "'requests': $requests}])"
)
IS_BUSY = "$contains($cause, /_IN_PROGRESS|Rate exceeded|Status Code: 5/)"
"""Whether an update was refused because the stack is being updated, or failed on the way."""
IS_UNCHANGED = "$contains($cause, 'No updates are to be performed')"
IS_IN_PROGRESS = "$contains($status, /_IN_PROGRESS$/)"
IS_COMPLETE = (
    "$status in ['CREATE_COMPLETE', 'UPDATE_COMPLETE', 'UPDATE_ROLLBACK_COMPLETE', "
    "'IMPORT_COMPLETE', 'IMPORT_ROLLBACK_COMPLETE']"
)
CAUSE = jsonata("$string($states.errorOutput.Cause)")
NEXT_TRY = jsonata("$tries + 1")


def describe_stack(stack_name: str, *, following: str, on_error: State) -> State:
    """Read the stack: `status`, the `values` and `names` of its parameters, and `outputs`."""
    return read(
        "cloudformation:describeStacks",
        {"StackName": stack_name},
        {
            "status": jsonata(f"{_STACK}.StackStatus"),
            "values": jsonata(f"$merge({_STACK}.Parameters.{{ParameterKey: ParameterValue}})"),
            "names": jsonata(f"[{_STACK}.Parameters.ParameterKey]"),
            "outputs": jsonata(f"$merge([{{}}, {_STACK}.Outputs.{{OutputKey: OutputValue}}])"),
            "attempt": jsonata("$attempt + 1"),
        },
        following=following,
        on_error=on_error,
    )


def update_stack(stack_name: str, *, following: str, on_error: State) -> State:
    """Update the parameters in `changes`. The others and the template keep their values."""
    return write(
        "cloudformation:updateStack",
        {
            "StackName": stack_name,
            "UsePreviousTemplate": True,
            "Capabilities": _CAPABILITIES,
            "ClientRequestToken": jsonata(
                "$states.context.Execution.Name & '-' & $string($attempt)"
            ),
            "Parameters": jsonata(_PARAMETERS),
        },
        following=following,
        on_error=on_error,
    )


def retry_update(
    phase: str,
    polls: int,
    *,
    applied: str,
    otherwise: str,
    only_if: str | None = None,
    reason: str | None = None,
) -> States:
    """Return the states after an error of the phase's update: it is repeated from `<phase> stack`.

    Args:
        phase: the name of the state that updates the stack.
        polls: how often the update is repeated, every 10 seconds.
        applied: the next state if the stack has the values already.
        otherwise: the next state if the update is not repeated.
        only_if: a condition of the repetition.
        reason: the expression of the variable `reason` in the state `otherwise`.
    """
    condition = f"{only_if} and $tries < {polls}" if only_if else f"$tries < {polls}"
    rules = [when(IS_UNCHANGED, applied), when(condition, f"{phase} wait")]
    assign = {"reason": jsonata(reason)} if reason else {}
    return {
        f"{phase} error": choose(rules, otherwise, **assign),
        f"{phase} wait": wait(10, f"{phase} stack", tries=NEXT_TRY),
    }


def describe_rule(*, following: str, on_error: State) -> State:
    """Read the rule that forwards requests: `live` has the weight of each target group."""
    weights = f"{_RULE_ACTION}.ForwardConfig.TargetGroups"
    return read(
        "elasticloadbalancingv2:describeRules",
        {"RuleArns": [jsonata(RULE)]},
        {
            "live": jsonata(
                f"$exists({weights}) ? $merge({weights}.{{TargetGroupArn: Weight}}) "
                f": {{{_RULE_ACTION}.TargetGroupArn: 1}}"
            )
        },
        following=following,
        on_error=on_error,
    )


def modify_rule(*, following: str, on_error: State) -> State:
    """Forward all requests to the old track."""
    return write(
        "elasticloadbalancingv2:modifyRule",
        {
            "RuleArn": jsonata(RULE),
            "Actions": [{"Type": "forward", "TargetGroupArn": jsonata(OLD_TARGETS)}],
        },
        following=following,
        on_error=on_error,
    )


def describe_targets(targets: str, *, following: str, on_error: State) -> State:
    """Count the targets of a track: `healthy`, `initial` and `registered`."""
    descriptions = "$states.result.TargetHealthDescriptions"
    return read(
        "elasticloadbalancingv2:describeTargetHealth",
        {"TargetGroupArn": jsonata(targets)},
        {
            "healthy": jsonata(f"$count({descriptions}[TargetHealth.State = 'healthy'])"),
            "initial": jsonata(f"$count({descriptions}[TargetHealth.State = 'initial'])"),
            "registered": jsonata(f"$count({descriptions})"),
        },
        following=following,
        on_error=on_error,
    )


def describe_alarms(names: str, *, following: str, on_error: State) -> State:
    """Read the alarms: `alarming` has those in ALARM, and those that do not exist."""
    found = "$states.result.MetricAlarms"
    return read(
        "cloudwatch:describeAlarms",
        {"AlarmNames": jsonata(f"[{names}]")},
        {
            "alarming": jsonata(
                f"( $found := {found}; [{names}[$not($ in $found.AlarmName)], "
                "$found[StateValue = 'ALARM'].AlarmName] )"
            )
        },
        following=following,
        on_error=on_error,
    )


def count_requests(*, following: str, on_error: State) -> State:
    """Count the requests that the new track received since `since`: `requests`."""
    dimensions = [
        {
            "Name": "LoadBalancer",
            # A rule's ARN ends with listener-rule/app/NAME/ID/LISTENER/RULE.
            "Value": jsonata(
                f"$join($split($substringAfter({RULE}, ':listener-rule/'), '/')[[0..2]], '/')"
            ),
        },
        {
            "Name": "TargetGroup",
            "Value": jsonata(f"'targetgroup/' & $substringAfter({NEW_TARGETS}, ':targetgroup/')"),
        },
    ]
    metric: dict[str, Any] = {
        "Namespace": "AWS/ApplicationELB",
        "MetricName": "RequestCount",
        "Dimensions": dimensions,
    }
    values = "$states.result.MetricDataResults[0].Values"
    return read(
        "cloudwatch:getMetricData",
        {
            "StartTime": jsonata("$since"),
            "EndTime": jsonata("$states.context.State.EnteredTime"),
            "MetricDataQueries": [
                {"Id": "requests", "MetricStat": {"Metric": metric, "Period": 60, "Stat": "Sum"}}
            ],
        },
        {"requests": jsonata(f"$exists({values}) ? $sum({values}) : 0")},
        following=following,
        on_error=on_error,
    )


def publish(topic_arn: str, subject: str, message: str, *, following: str) -> State:
    """Publish a message. A failure does not end the execution, which has more to do."""
    return write(
        "sns:publish",
        {"TopicArn": topic_arn, "Subject": subject, "Message": message},
        following=following,
        on_error={"ErrorEquals": ["States.ALL"], "Output": {}, "Next": following},
    )
