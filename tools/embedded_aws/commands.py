"""What can be done with an embedded AWS that a deploy left running."""

import datetime as dt
import os
from typing import NoReturn

from tools.embedded_aws.checkout import COMMAND, Checkout, Target
from tools.embedded_aws.environment import pointed_at, without_aws
from tools.embedded_aws.errors import LocalError
from tools.embedded_aws.processes import Children, stop_process
from tools.embedded_aws.toolkit import Toolkit, finish

_NOT_DESTROYED = (
    "cdk destroy failed; the CDK CLI says why above. A stage with deletion_protection is destroyed "
    f"neither here nor on AWS.\nTo end the embedded AWS with all in it: {COMMAND} stop-local"
)


def diff(checkout: Checkout, stage: str) -> None:
    """Show what a deploy of the stage would change."""
    target = Target.of(checkout, stage)
    emulator = checkout.kept_emulator("diff")
    checkout.prepare()
    with Children().guarded() as children:
        toolkit = Toolkit(children, target)
        finish(toolkit.start_synth("diff"), "")
        finish(toolkit.start_diff(emulator.endpoint), "cdk diff failed")


def destroy(checkout: Checkout, stage: str) -> None:
    """Delete a stage, unless it is protected against just that, as on AWS.

    What was deployed is deleted, also while today's settings cannot be synthesized.

    Raises:
        LocalError: the CLI failed, or a stack of the stage is left.
    """
    target = Target.of(checkout, stage)
    emulator = checkout.kept_emulator("destroy")
    checkout.prepare()
    with Children().guarded() as children:
        toolkit = Toolkit(children, target)
        if not (target.assembly() / "manifest.json").exists():
            finish(toolkit.start_synth(), "")
        finish(toolkit.start_destroy(emulator.endpoint), _NOT_DESTROYED)
    # boto3 takes half a second to import: not for a destroy that failed.
    from tools.embedded_aws import report

    reader = report.Reader(emulator, target.environment_at(emulator.endpoint))
    left = reader.stacks(target.settings.resource_name(), dt.datetime.now(dt.UTC))
    if left:
        raise LocalError(f"left of {stage}: {', '.join(stack.name for stack in left)}")
    print(f"Destroyed {stage}; no stack of it is left.")


def shell(checkout: Checkout) -> NoReturn:
    """Open the user's shell, with the AWS CLI, boto3 and the CDK pointed at the embedded AWS."""
    emulator = checkout.kept_emulator("shell")
    inherited = checkout.inherited
    region = inherited.get("AWS_REGION") or inherited.get("AWS_DEFAULT_REGION") or "us-east-1"
    env = without_aws(inherited) | pointed_at(emulator.endpoint, region)
    program = inherited.get("SHELL") or "/bin/sh"
    print(f"A shell with the AWS at {emulator.endpoint}; `exit` leaves it.", flush=True)
    os.execve(program, [program], env)  # noqa: S606 - the user's own shell


def stop(checkout: Checkout) -> None:
    """Stop the embedded AWS that was left running, if there is one."""
    running = checkout.state.running()
    if running and running.owner:
        raise LocalError(f"a deploy-local is at work (process {running.owner}): interrupt it")
    if not running:
        print("No embedded AWS runs here.")
        return
    stop_process(running.pid)
    checkout.state.forget()
    print("Stopped the embedded AWS.")
