"""The definition of the release machine: the phases of a release, in their order.

The first word of a state's name is its phase. The names have no other characters than letters and
spaces, because the names of states "must not contain" many others ("StateExitedEventDetails", AWS
Step Functions API Reference). docs/delivery.md describes each phase with its limits.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from stacks.delivery.calls import (
    CAUSE,
    IS_BUSY,
    IS_COMPLETE,
    IS_IN_PROGRESS,
    NEW_TARGETS,
    NEXT_TRY,
    OLD_TARGETS,
    POSITION,
    RECORD_STEP,
    RULE,
    STEP,
    count_requests,
    describe_alarms,
    describe_rule,
    describe_stack,
    describe_targets,
    publish,
    retry_update,
    update_stack,
)
from stacks.delivery.return_definition import return_states
from stacks.delivery.service_release import POLL_SECONDS
from stacks.delivery.states import (
    State,
    States,
    assignment,
    catch,
    choose,
    fail,
    jsonata,
    read,
    request,
    wait,
    when,
)

_SURVEY_POLLS = 60
_PREPARED_POLLS = 180
_HEALTHY_POLLS = 48
_MOVE_POLLS = 30
_MOVED_POLLS = 60
_FINISH_POLLS = 120

REPORT = (
    "{'reason': $reason, 'service': $service, 'image': $image, 'release': $release, "
    "'strategy': $strategy, 'from': $old, 'position': $position, 'steps': $steps}"
)
"""The cause of every failure, as JSON."""


@dataclass(frozen=True, kw_only=True)
class Environment:
    """The resources that the machine uses."""

    stack_name: str
    """The workloads stack, whose parameters it updates."""
    domain: str
    """The domain name of the application."""
    connection_arn: str | None
    """The connection with the header of the idle track, if a service has two tracks."""
    critical_topic_arn: str
    warning_topic_arn: str
    name: str
    """The name of the stage, such as spywatcher-staging, for messages."""


def release_definition(
    environment: Environment, services: Mapping[str, Mapping[str, Any]], *, timeout_seconds: int
) -> dict[str, Any]:
    """Return the definition.

    Args:
        environment: the resources that the machine uses.
        services: what the machine knows of each service, by its name.
        timeout_seconds: how long an execution may run.
    """
    states: States = {
        **_start(services),
        **_alone(),
        **_survey(environment),
        **_prepare(environment),
        **_bake("Bake", STEP + ".polls", following="Bake requests"),
        **_after_bake(has_two_tracks=environment.connection_arn is not None),
        **_released(environment),
        **return_states(environment.stack_name, environment.name, environment.critical_topic_arn),
        **_failures("Busy", "Refused", "NotPrepared", "Returned", "NotReturned"),
    }
    if environment.connection_arn is not None:
        states |= {
            **_healthy(),
            **_smoke(environment.domain, environment.connection_arn),
            **_move(environment.stack_name),
            **_bake("Hold", "$config.holdPolls", following="Finish stack"),
            **_finish(environment.stack_name),
            **_failures("OldTrackRemains"),
        }
    return {
        "Comment": "Releases a service of the stage (docs/delivery.md)",
        "QueryLanguage": "JSONata",
        "TimeoutSeconds": timeout_seconds,
        "StartAt": "Start",
        "States": states,
    }


def _start(services: Mapping[str, Mapping[str, Any]]) -> States:
    """Set the variables. The input is a release, or `return` with the ARN of a release."""
    nothing = dict.fromkeys(("service", "image", "release", "strategy", "old", "new"), "")
    return {
        "Start": assignment(
            "Start input",
            **nothing,
            services=services,
            request=jsonata("$states.input"),
            isReturn=jsonata("$exists($states.input.return)"),
            reason="",
            position="",
            steps=[],
            outputs={},
            isMoving=False,
            index=0,
            tries=0,
            attempt=0,
        ),
        "Start input": choose([when("$isReturn", "Look execution")], "Start check"),
        "Start check": choose(
            [
                when(
                    "$not($exists($lookup($lookup($lookup($services, $request.service).plans, "
                    "$request.strategy), $request.from)))",
                    "Refused",
                    reason="The stage has no such service, strategy or track.",
                )
            ],
            "Start release",
        ),
        "Start release": assignment(
            "Start plan",
            service=jsonata("$request.service"),
            image=jsonata("$request.image"),
            release=jsonata("$request.release"),
            strategy=jsonata("$request.strategy"),
            old=jsonata("$request.from"),
            new=jsonata(
                "$request.strategy = 'rolling' ? $request.from "
                ": $request.from = 'blue' ? 'green' : 'blue'"
            ),
            previous=jsonata("$request.previous"),
            position=jsonata("$request.from"),
            config=jsonata("$lookup($services, $request.service)"),
        ),
        "Start plan": choose(
            [when("$isReturn", "Look")],
            "Alone",
            plan=jsonata("[$lookup($lookup($config.plans, $strategy), $old)]"),
        ),
    }


def _alone() -> States:
    """End if an earlier execution of the stage runs. Both services are in the same stack.

    One that holds its old track does not count. The list of executions is eventually consistent.
    """
    running = "$states.result.Executions"
    this = f"{running}[ExecutionArn = $states.context.Execution.Id]"
    return {
        "Alone": wait(5, "Alone list"),
        "Alone list": read(
            "sfn:listExecutions",
            {
                "StateMachineArn": jsonata("$states.context.StateMachine.Id"),
                "StatusFilter": "RUNNING",
            },
            {
                "earlier": jsonata(
                    f"( $this := {this}; [{running}[ExecutionArn != $states.context.Execution.Id "
                    "and ($not($exists($this)) or StartDate < $this.StartDate "
                    "or (StartDate = $this.StartDate and Name < $this.Name))]"
                    ".{'arn': ExecutionArn, 'name': Name}] )"
                )
            },
            following="Alone phases",
            on_error=catch("Refused", reason=CAUSE),
        ),
        "Alone phases": {
            "Type": "Map",
            "Items": jsonata("$earlier"),
            "ItemProcessor": {
                "ProcessorConfig": {"Mode": "INLINE"},
                "StartAt": "Alone phase",
                "States": {"Alone phase": _read_phase()},
            },
            "Assign": {
                "active": jsonata("[$states.result[$not($contains(state, /^Hold/))].name]"),
            },
            "Output": {},
            "Catch": [catch("Refused", reason=CAUSE)],
            "Next": "Alone choice",
        },
        "Alone choice": choose(
            [when("$count($active) > 0", "Busy", reason=jsonata("$active[0] & ' is running.'"))],
            "Survey",
        ),
    }


def _read_phase() -> State:
    """Return the task that reads the state which an execution, the input, has entered last."""
    state = read(
        "sfn:getExecutionHistory",
        {
            "ExecutionArn": jsonata("$states.input.arn"),
            "ReverseOrder": True,
            "MaxResults": 20,
            "IncludeExecutionData": False,
        },
        {},
        following="",
        on_error={},
    )
    del state["Next"], state["Catch"]
    # The parentheses make [0] choose one of all events; without them it chooses one of each event.
    entered = "($states.result.Events[$exists(StateEnteredEventDetails)].StateEnteredEventDetails)"
    return {
        **state,
        "Output": {
            "name": jsonata("$states.input.name"),
            "state": jsonata(f"( $name := {entered}[0].Name; $exists($name) ? $name : '' )"),
        },
        "End": True,
    }


def _survey(environment: Environment) -> States:
    """Check that the release can begin. Nothing has changed when this ends with `Refused`."""
    refused = catch("Refused", reason=CAUSE)
    return {
        "Survey": describe_stack(
            environment.stack_name, following="Survey stack", on_error=refused
        ),
        "Survey stack": choose(
            [
                when(f"{IS_IN_PROGRESS} and $tries < {_SURVEY_POLLS}", "Survey wait"),
                when(
                    f"$not({IS_COMPLETE})",
                    "Refused",
                    reason=jsonata("'The workloads stack has the status ' & $status & '.'"),
                ),
                when(
                    f"$not($exists({RULE})) or $not($exists({OLD_TARGETS}))",
                    "Refused",
                    reason="The workloads stack lacks the outputs of the service. Deploy it first.",
                ),
            ],
            "Survey rule",
        ),
        "Survey wait": wait(10, "Survey", tries=NEXT_TRY),
        "Survey rule": describe_rule(following="Survey alarms", on_error=refused),
        "Survey alarms": describe_alarms(
            "$config.alarms.start", following="Survey targets", on_error=refused
        ),
        "Survey targets": describe_targets(
            OLD_TARGETS, following="Survey result", on_error=refused
        ),
        "Survey result": choose(
            [
                when(
                    f"$strategy != 'rolling' and $not($exists({POSITION}) and {POSITION} = $old)",
                    "Refused",
                    reason=jsonata(
                        "'The release begins at the position ' & $old & '. The position is ' & "
                        f"($exists({POSITION}) ? {POSITION} : 'not deployed yet') & '.'"
                    ),
                ),
                when(
                    "$lookup($values, $lookup($config.images, $old)) != $previous",
                    "Refused",
                    reason=jsonata(
                        "'The ' & $old & ' track has another image than the release names: ' & "
                        "$lookup($values, $lookup($config.images, $old))"
                    ),
                ),
                when(
                    f"$not($count($keys($live)) = 1 and $exists($lookup($live, {OLD_TARGETS})))",
                    "Refused",
                    reason="The listener rule does not forward all requests to the old track.",
                ),
                when(
                    "$count($alarming) > 0",
                    "Refused",
                    reason=jsonata(
                        "'These alarms are in ALARM, or do not exist: ' & $join($alarming, ', ')"
                    ),
                ),
                when("$healthy = 0", "Refused", reason="The old track has no healthy target."),
            ],
            "Prepare changes",
            floor=jsonata("$min([$max([$config.minimum, $healthy]), $config.prewarmed])"),
        ),
    }


def _prepare(environment: Environment) -> States:
    """Update the image. For a service with two tracks, this creates the new track."""
    migrations = "$config.runsJobs ? {'MigrationsImage': $image, 'Release': $release} : {}"
    tracks = (
        "$strategy = 'rolling' ? {} : "
        "{$config.traffic: $lookup($config.start, $old), $config.floor: $floor}"
    )
    page = publish(
        environment.critical_topic_arn,
        f"{environment.name}: a release could not be prepared",
        jsonata(
            f"'The workloads stack of {environment.name} has the status ' & $status & ' after the "
            "preparation of a release of the ' & $service & '. The traffic is unchanged.'"
        ),
        following="NotPrepared",
    )
    return {
        "Prepare changes": assignment(
            "Prepare",
            changes=jsonata(
                f"$merge([{{$lookup($config.images, $new): $image}}, {tracks}, {migrations}])"
            ),
        ),
        "Prepare": update_stack(
            environment.stack_name,
            following="Prepare made",
            on_error=catch("Prepare error", cause=CAUSE),
        ),
        "Prepare made": assignment("Prepared", tries=0),
        "Prepare error": choose(
            [when(f"{IS_BUSY} and $tries < {_SURVEY_POLLS}", "Survey wait")],
            "Refused",
            reason=jsonata("$cause"),
        ),
        "Prepared": wait(10, "Prepared stack", tries=NEXT_TRY),
        "Prepared stack": describe_stack(
            environment.stack_name,
            following="Prepared status",
            on_error=catch("Return", reason=CAUSE),
        ),
        "Prepared status": choose(
            [
                when(f"{IS_IN_PROGRESS} and $tries < {_PREPARED_POLLS}", "Prepared"),
                when(
                    f"{IS_COMPLETE} and $lookup($values, $lookup($config.images, $new)) = $image "
                    f"and ($strategy = 'rolling' or {POSITION} = $lookup($config.start, $old))",
                    "Prepared next",
                    tries=0,
                ),
                when(
                    IS_COMPLETE,
                    "NotPrepared",
                    reason="CloudFormation undid the update. Its events have the cause.",
                ),
            ],
            "Prepared page",
            reason=jsonata("'The workloads stack has the status ' & $status & '.'"),
        ),
        "Prepared page": page,
        "Prepared next": _after_preparation(has_two_tracks=environment.connection_arn is not None),
    }


def _after_preparation(*, has_two_tracks: bool) -> State:
    """Return the state after the update: the roll-out of a rolling release is then complete."""
    rolled_out = {"isMoving": True, "since": jsonata("$states.context.State.EnteredTime")}
    if not has_two_tracks:
        return assignment("Bake", **rolled_out)
    position = jsonata("$lookup($config.start, $old)")
    return choose(
        [when("$strategy != 'rolling'", "Healthy", position=position)], "Bake", **rolled_out
    )


def _healthy() -> States:
    """Wait until the new track has as many healthy targets as the old one."""
    return {
        "Healthy": describe_targets(
            NEW_TARGETS, following="Healthy count", on_error=catch("Return", reason=CAUSE)
        ),
        "Healthy count": choose(
            [
                when("$healthy >= $floor and $initial = 0", "Smoke", tries=0),
                when(f"$tries < {_HEALTHY_POLLS}", "Healthy wait"),
            ],
            "Return",
            reason=jsonata(
                "'The new track has ' & $healthy & ' healthy targets of ' & $floor & ' after 8 "
                "minutes.'"
            ),
        ),
        "Healthy wait": wait(10, "Healthy", tries=NEXT_TRY),
    }


def _smoke(domain: str, connection_arn: str) -> States:
    """Request each path from the new track, before it receives traffic."""
    return {
        "Smoke": request(
            jsonata(f"'https://{domain}' & $config.smokePaths[$tries]"),
            connection_arn,
            {"httpStatus": jsonata("$states.result.StatusCode")},
            following="Smoke status",
            on_error=catch(
                "Return",
                reason=jsonata(
                    "$config.smokePaths[$tries] & ' failed on the new track: ' & "
                    "$string($states.errorOutput.Error)"
                ),
            ),
        ),
        "Smoke status": choose(
            [
                when(
                    "$httpStatus != 200",
                    "Return",
                    reason=jsonata(
                        "$config.smokePaths[$tries] & ' has the status ' & $httpStatus & ' on the "
                        "new track.'"
                    ),
                ),
                when("$tries + 1 < $count($config.smokePaths)", "Smoke", tries=NEXT_TRY),
            ],
            "Move stack",
            tries=0,
        ),
    }


def _move(stack_name: str) -> States:
    """Move the position to the next step, and wait until the listener rule has the weights."""
    returned = catch("Return", reason=CAUSE)
    weight = "$lookup($live, $lookup($outputs, $config.targets.{track}))"
    has_weights = " and ".join(
        f"{weight.format(track=track)} = {STEP}.weights.{track}" for track in ("blue", "green")
    )
    is_last = f"$count($keys($live)) = 1 and $exists($lookup($live, {NEW_TARGETS}))"
    return {
        "Move stack": describe_stack(stack_name, following="Move alarms", on_error=returned),
        "Move alarms": describe_alarms(
            "$lookup($config.alarms, $new)", following="Move choice", on_error=returned
        ),
        "Move choice": choose(
            [_when_alarming("Return")],
            "Move",
            changes=jsonata(f"{{$config.traffic: {STEP}.position}}"),
        ),
        "Move": update_stack(
            stack_name, following="Move made", on_error=catch("Move error", cause=CAUSE)
        ),
        **retry_update(
            "Move",
            _MOVE_POLLS,
            applied="Move made",
            otherwise="Return",
            only_if=IS_BUSY,
            reason="$cause",
        ),
        "Move made": assignment(
            "Moved",
            tries=0,
            isMoving=True,
            position=jsonata(f"{STEP}.position"),
            since=jsonata("$states.context.State.EnteredTime"),
        ),
        "Moved": wait(5, "Moved rule", tries=NEXT_TRY),
        "Moved rule": describe_rule(following="Moved choice", on_error=returned),
        "Moved choice": choose(
            [
                when(f"{STEP}.share = 100 ? ({is_last}) : ({has_weights})", "Bake", tries=0),
                when(f"$tries < {_MOVED_POLLS}", "Moved"),
            ],
            "Return",
            reason="The listener rule did not receive the weights within 5 minutes.",
        ),
    }


def _bake(phase: str, polls: str, *, following: str) -> States:
    """Observe the alarms and the targets of the new track for a number of polls."""
    returned = catch("Return", reason=CAUSE)
    return {
        phase: wait(POLL_SECONDS, f"{phase} alarms", tries=NEXT_TRY),
        f"{phase} alarms": describe_alarms(
            "$lookup($config.alarms, $new)", following=f"{phase} targets", on_error=returned
        ),
        f"{phase} targets": describe_targets(
            NEW_TARGETS, following=f"{phase} choice", on_error=returned
        ),
        f"{phase} choice": choose(
            [
                _when_alarming("Return"),
                when(
                    "$healthy < $floor / 2",
                    "Return",
                    reason=jsonata(
                        "'The new track has ' & $healthy & ' healthy targets, and needs at least "
                        "half of ' & $floor & '.'"
                    ),
                ),
                when(f"$tries < {polls}", phase),
            ],
            following,
            tries=0,
        ),
    }


def _when_alarming(following: str) -> State:
    reason = "'These alarms are in ALARM, or do not exist: ' & $join($alarming, ', ')"
    return when("$count($alarming) > 0", following, reason=jsonata(reason))


def _after_bake(*, has_two_tracks: bool) -> States:
    """Record the step with the requests that the new track received, and go on to the next one."""
    next_step = choose(
        [when("$index + 1 < $count($plan)", "Move stack", index=jsonata("$index + 1"))],
        "Released",
    )
    return {
        "Bake requests": count_requests(
            following="Bake record", on_error=catch("Bake record", requests=jsonata("-1"))
        ),
        "Bake record": assignment(
            "Bake next" if has_two_tracks else "Released",
            isMoving=False,
            steps=jsonata(RECORD_STEP),
        ),
        **({"Bake next": next_step} if has_two_tracks else {}),
    }


def _released(environment: Environment) -> States:
    """Report the release. A service with two tracks then holds its old track."""
    has_two_tracks = environment.connection_arn is not None
    return {
        "Released": publish(
            environment.warning_topic_arn,
            f"{environment.name}: released",
            jsonata(
                f"'{environment.name}: all requests to the ' & $service & ' reach ' & $image & "
                "'. Requests seen: ' & $join($steps.($string(share) & ' %: ' & "
                "(requests < 0 ? 'unknown' : $string(requests))), ', ')"
            ),
            following="Released next" if has_two_tracks else "Done",
        ),
        **(
            {"Released next": choose([when("$strategy = 'rolling'", "Done")], "Hold", tries=0)}
            if has_two_tracks
            else {}
        ),
        "Done": {
            "Type": "Pass",
            "Output": jsonata(
                "{'outcome': 'Released', 'service': $service, 'image': $image, 'release': "
                "$release, 'strategy': $strategy, 'from': $old, 'to': $new, 'steps': $steps}"
            ),
            "Next": "Success",
        },
        "Success": {"Type": "Succeed"},
    }


def _finish(stack_name: str) -> States:
    """Remove the old track."""
    remains = catch("OldTrackRemains", reason=CAUSE)
    too_late = "The old track was not removed within 20 minutes."
    return {
        "Finish stack": describe_stack(stack_name, following="Finish changes", on_error=remains),
        "Finish changes": assignment(
            "Finish",
            changes=jsonata("{$config.traffic: $new, $config.floor: $config.minimum}"),
        ),
        "Finish": update_stack(
            stack_name, following="Finished", on_error=catch("Finish error", cause=CAUSE)
        ),
        **retry_update(
            "Finish",
            _FINISH_POLLS,
            applied="Finished",
            otherwise="OldTrackRemains",
            only_if=IS_BUSY,
            reason="$cause",
        ),
        "Finished": wait(10, "Finished stack", tries=NEXT_TRY),
        "Finished stack": describe_stack(stack_name, following="Finished status", on_error=remains),
        "Finished status": choose(
            [
                when(f"$tries >= {_FINISH_POLLS}", "OldTrackRemains", reason=too_late),
                when(IS_IN_PROGRESS, "Finished"),
                when(f"{IS_COMPLETE} and {POSITION} = $new", "Finished targets"),
            ],
            "OldTrackRemains",
            reason=jsonata("'The workloads stack has the status ' & $status & '.'"),
        ),
        "Finished targets": describe_targets(
            OLD_TARGETS, following="Finished choice", on_error=remains
        ),
        "Finished choice": choose([when("$registered > 0", "Finished")], "Done"),
    }


def _failures(*errors: str) -> States:
    return {error: fail(error, jsonata(f"$string({REPORT})")) for error in errors}
