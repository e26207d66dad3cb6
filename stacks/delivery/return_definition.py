"""The return of the release machine: how all traffic comes back to the old track."""

from stacks.delivery.calls import (
    CAUSE,
    IS_COMPLETE,
    IS_IN_PROGRESS,
    NEXT_TRY,
    OLD_TARGETS,
    POSITION,
    RECORD_STEP,
    RULE,
    count_requests,
    describe_rule,
    describe_stack,
    describe_targets,
    modify_rule,
    publish,
    retry_update,
    update_stack,
)
from stacks.delivery.states import (
    States,
    assignment,
    catch,
    choose,
    jsonata,
    read,
    wait,
    when,
)

_WRITE_POLLS = 360
_VERIFY_POLLS = 60
_ROLLOUT_POLLS = 360
"""A return of a rolling release waits for the roll-out of the previous image, up to 30 minutes."""
_TIDY_POLLS = 120
_ROUNDS = 3
_OWN_ENDS = ["Busy", "Refused", "NotPrepared", "OldTrackRemains", "Returned"]
"""The errors of a release that left the traffic as it was, or that returned it itself."""
_IMAGE_PARAMETER = "$lookup($config.images, $old)"


def return_states(stack_name: str, stage: str, critical_topic_arn: str) -> States:
    """Return the states. A release that fails enters them at `Return`.

    Args:
        stack_name: the workloads stack.
        stage: the name of the stage, such as spywatcher-staging, for messages.
        critical_topic_arn: the topic that pages.
    """
    return {
        **_look_at_execution(),
        **_look(stack_name),
        **_withdraw_and_write(stack_name),
        **_verify(stack_name),
        **_tell(stage, critical_topic_arn),
        **_tidy(stack_name),
    }


def _look_at_execution() -> States:
    """Find out what the execution that `return` names was doing, and whether it still owns that."""
    unreadable = catch("Refused", reason=CAUSE)
    return {
        "Look execution": read(
            "sfn:describeExecution",
            {"ExecutionArn": jsonata("$request.return")},
            {
                "ended": jsonata(
                    "{'name': $states.result.Name, 'status': $states.result.Status, "
                    "'error': $exists($states.result.Error) ? $states.result.Error : ''}"
                ),
                "request": jsonata("$parse($states.result.Input)"),
            },
            following="Look owner",
            on_error=unreadable,
        ),
        "Look owner": choose(
            [
                when(
                    "$ended.status in ['RUNNING', 'SUCCEEDED'] or $not($exists($request.service)) "
                    f"or $ended.error in {_OWN_ENDS}",
                    "NothingToReturn",
                    reason=jsonata(
                        "$ended.name & ' has the status ' & $ended.status & ' ' & $ended.error"
                    ),
                )
            ],
            "Look running",
        ),
        "Look running": read(
            "sfn:listExecutions",
            {
                "StateMachineArn": jsonata("$states.context.StateMachine.Id"),
                "StatusFilter": "RUNNING",
            },
            {
                "owners": jsonata(
                    "[$states.result.Executions"
                    "[$substringBefore(Name, '-') = $request.service].Name]"
                )
            },
            following="Look choice",
            on_error=unreadable,
        ),
        "Look choice": choose(
            [
                when(
                    "$count($owners) > 0",
                    "NothingToReturn",
                    reason=jsonata("'Another release runs: ' & $owners[0]"),
                )
            ],
            "Start check",
            reason=jsonata("$ended.name & ' ended with the status ' & $ended.status & '.'"),
        ),
        "NothingToReturn": {
            "Type": "Pass",
            "Output": jsonata("{'outcome': 'NothingToReturn', 'reason': $reason}"),
            "Next": "Success",
        },
    }


def _look(stack_name: str) -> States:
    """Check whether there is something to return, and whether the old track can take it."""
    is_old_image = f"$lookup($values, {_IMAGE_PARAMETER}) = $previous"
    stuck = catch("Stuck", reason=CAUSE)
    return {
        "Return": assignment("Look", tries=0),
        "Look": describe_stack(stack_name, following="Look position", on_error=stuck),
        "Look position": choose(
            [
                when(
                    f"$strategy = 'rolling' ? ({is_old_image}) "
                    f": ($not($exists({POSITION})) or {POSITION} in ['blue', 'green'])",
                    "Look end",
                ),
                when(f"$not($exists({RULE})) or $not($exists({OLD_TARGETS}))", "Stuck"),
                when("$strategy = 'rolling'", "Write stack", rounds=0, tries=0),
            ],
            "Look targets",
        ),
        "Look end": choose([when("$isReturn", "NothingToReturn")], "Returned"),
        "Look targets": describe_targets(OLD_TARGETS, following="Look healthy", on_error=stuck),
        "Look healthy": choose(
            [
                when(
                    "$healthy = 0",
                    "Stuck",
                    reason=jsonata("$reason & ' The old track has no healthy target.'"),
                )
            ],
            "Withdraw",
            rounds=0,
            tries=0,
        ),
    }


def _withdraw_and_write(stack_name: str) -> States:
    """Change the listener rule within seconds. Then write the same to the stack, which may be busy.

    Without the second step, the next update of the stack would move the traffic again.
    """
    write_retry = catch("Write error", cause=CAUSE)
    return {
        "Withdraw": modify_rule(
            following="Write stack",
            on_error={"ErrorEquals": ["States.ALL"], "Output": {}, "Next": "Write stack"},
        ),
        "Write stack": describe_stack(stack_name, following="Write choice", on_error=write_retry),
        # An update that was under way may have been rolled back, or have removed a track.
        "Write choice": choose(
            [
                when(
                    f"$strategy != 'rolling' and {IS_COMPLETE} and {POSITION} = $old",
                    "Tell step",
                    position=jsonata("$old"),
                    tries=0,
                ),
                when(f"$strategy != 'rolling' and {IS_COMPLETE} and {POSITION} = $new", "Look end"),
            ],
            "Write changes",
        ),
        "Write changes": assignment(
            "Write",
            changes=jsonata(
                f"$strategy = 'rolling' ? {{{_IMAGE_PARAMETER}: $previous}} "
                ": {$config.traffic: $lookup($config.start, $old)}"
            ),
        ),
        "Write": update_stack(stack_name, following="Write made", on_error=write_retry),
        **retry_update(
            "Write",
            _WRITE_POLLS,
            applied="Write made",
            otherwise="Stuck",
            reason="$reason & ' The stack could not be updated: ' & $cause",
        ),
        "Write made": assignment("Verify", tries=0),
    }


def _verify(stack_name: str) -> States:
    """Wait for the update, which a former one may have preceded, and compare the listener rule."""
    is_returned = (
        f"$strategy = 'rolling' ? $lookup($values, {_IMAGE_PARAMETER}) = $previous "
        f": ({POSITION} = $lookup($config.start, $old) and $count($keys($live)) = 1 "
        f"and $exists($lookup($live, {OLD_TARGETS})))"
    )
    polls = f"($strategy = 'rolling' ? {_ROLLOUT_POLLS} : {_VERIFY_POLLS})"
    status = jsonata("$reason & ' The workloads stack has the status ' & $status & '.'")
    next_round = {"rounds": jsonata("$rounds + 1"), "tries": 0}
    stuck = catch("Stuck", reason=CAUSE)
    return {
        "Verify": wait(5, "Verify stack", tries=NEXT_TRY),
        "Verify stack": describe_stack(stack_name, following="Verify rule", on_error=stuck),
        "Verify rule": describe_rule(following="Verify choice", on_error=stuck),
        "Verify choice": choose(
            [
                when(f"{IS_IN_PROGRESS} and $tries < {polls}", "Verify"),
                when(
                    f"{IS_COMPLETE} and ({is_returned})",
                    "Tell step",
                    position=jsonata("$strategy = 'rolling' ? $old : $lookup($config.start, $old)"),
                    tries=0,
                ),
                when(f"$rounds >= {_ROUNDS}", "Stuck", reason=status),
                when("$strategy = 'rolling'", "Write stack", **next_round),
            ],
            "Withdraw",
            **next_round,
        ),
    }


def _tell(stage: str, critical_topic_arn: str) -> States:
    """Page: a release returned, or a person has to return it.

    The requests of the step that was under way are counted after the traffic has returned.
    """
    seen = (
        "$count($steps) = 0 ? 'No requests reached the new image.' : 'Requests seen: ' & "
        "$join($steps.($string(share) & ' %: ' & (requests < 0 ? 'unknown' : $string(requests))), "
        "', ')"
    )
    return {
        "Tell step": choose([when("$isMoving", "Tell requests")], "Tell"),
        "Tell requests": count_requests(
            following="Tell record", on_error=catch("Tell record", requests=jsonata("-1"))
        ),
        "Tell record": assignment("Tell", isMoving=False, steps=jsonata(RECORD_STEP)),
        "Tell": publish(
            critical_topic_arn,
            f"{stage}: a release was returned",
            jsonata(
                f"'{stage}: the release ' & $release & ' of the ' & $service & ' was returned, and "
                f"all requests reach the previous image. Reason: ' & $reason & ' ' & ({seen})"
            ),
            following="Tidy choice",
        ),
        "Stuck": publish(
            critical_topic_arn,
            f"{stage}: a release needs a person",
            jsonata(
                f"'{stage}: the release ' & $release & ' of the ' & $service & ' could not be "
                "returned. Position: ' & $position & '. Reason: ' & $reason & ' Run: python3 "
                f"dev.py release status {stage.partition('-')[2]}'"
            ),
            following="NotReturned",
        ),
    }


def _tidy(stack_name: str) -> States:
    """Remove the new track. If that fails, the traffic is right nevertheless."""
    left = catch("Tidy left", cause=CAUSE)
    return {
        "Tidy choice": choose([when("$strategy = 'rolling'", "Returned")], "Tidy stack"),
        "Tidy stack": describe_stack(stack_name, following="Tidy changes", on_error=left),
        "Tidy changes": assignment(
            "Tidy", changes=jsonata("{$config.traffic: $old, $config.floor: $config.minimum}")
        ),
        "Tidy": update_stack(
            stack_name, following="Tidied", on_error=catch("Tidy error", cause=CAUSE)
        ),
        **retry_update("Tidy", _TIDY_POLLS, applied="Tidied", otherwise="Tidy left"),
        "Tidied": wait(10, "Tidied stack", tries=NEXT_TRY),
        "Tidied stack": describe_stack(stack_name, following="Tidied choice", on_error=left),
        "Tidied choice": choose(
            [
                when(f"{IS_IN_PROGRESS} and $tries < {_TIDY_POLLS}", "Tidied"),
                when(
                    f"{IS_COMPLETE} and {POSITION} = $old",
                    "Returned",
                    position=jsonata("$old"),
                ),
            ],
            "Tidy left",
        ),
        "Tidy left": assignment(
            "Returned", reason=jsonata("$reason & ' The new track was not removed.'")
        ),
    }
