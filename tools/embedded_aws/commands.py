"""The commands that use an embedded AWS that a deploy has left running."""

import datetime as dt
import os
from typing import NoReturn

from tools.embedded_aws.checkout import COMMAND, Checkout, Target
from tools.embedded_aws.environment import endpoint_variables, without_aws_variables
from tools.embedded_aws.errors import EmbeddedAwsError
from tools.embedded_aws.processes import ChildProcesses, stop_process
from tools.embedded_aws.toolkit import Toolkit, wait_for

_DESTROY_FAILED = (
    "cdk destroy failed; the CDK CLI says why above. A stage with deletion_protection can be "
    "destroyed neither here nor on AWS.\nTo stop the embedded AWS with all that it holds: "
    f"{COMMAND} stop-local"
)


def diff(checkout: Checkout, stage: str) -> None:
    """Show what a deploy of the stage would change."""
    target = Target.of(checkout, stage)
    emulator = checkout.kept_emulator("diff-local")
    checkout.create_folders()
    with ChildProcesses() as processes:
        toolkit = Toolkit(processes, target)
        wait_for(toolkit.start_synth("diff"), "")
        wait_for(toolkit.start_diff(emulator.endpoint), "cdk diff failed")


def destroy(checkout: Checkout, stage: str) -> None:
    """Delete a stage. As on AWS, this fails for a stage that is protected against deletion.

    The assembly of the last deploy is used, so that settings that cannot be synthesized any more
    do not keep the stage from being deleted.

    Raises:
        EmbeddedAwsError: the CDK CLI failed, or a stack of the stage still exists.
    """
    target = Target.of(checkout, stage)
    emulator = checkout.kept_emulator("destroy-local")
    checkout.create_folders()
    with ChildProcesses() as processes:
        toolkit = Toolkit(processes, target)
        if not (target.assembly() / "manifest.json").exists():
            wait_for(toolkit.start_synth(), "")
        wait_for(toolkit.start_destroy(emulator.endpoint), _DESTROY_FAILED)
    # Imported here: boto3 takes half a second, which a failed destroy does not need.
    from tools.embedded_aws import report

    reader = report.Reader(emulator, target.environment_at(emulator.endpoint))
    left = reader.stacks(target.settings.resource_name(), dt.datetime.now(dt.UTC))
    if left:
        names = ", ".join(stack.name for stack in left)
        raise EmbeddedAwsError(f"{stage} is not deleted completely; these stacks exist: {names}")
    print(f"Destroyed {stage}: none of its stacks exists any more.")


def shell(checkout: Checkout) -> NoReturn:
    """Open the user's shell, in which the AWS CLI, boto3 and the CDK use the embedded AWS."""
    emulator = checkout.kept_emulator("shell-local")
    inherited = checkout.inherited
    region = inherited.get("AWS_REGION") or inherited.get("AWS_DEFAULT_REGION") or "us-east-1"
    variables = endpoint_variables(emulator.endpoint, region)
    # Imported here: boto3 takes half a second, which the other commands do not need.
    from tools.embedded_aws.connections import connection_urls

    emulator.require_servers()
    urls = connection_urls(emulator, variables)
    env = without_aws_variables(inherited) | variables | urls
    program = inherited.get("SHELL") or "/bin/sh"
    for name, url in urls.items():
        print(f"{name}={url}")
    if urls:
        print(f"The certificate authority of both servers is {emulator.mode().certificate}.")
    print(f"This shell uses the embedded AWS at {emulator.endpoint}; `exit` leaves it.", flush=True)
    os.execve(program, [program], env)  # noqa: S606 - the user's own shell


def stop(checkout: Checkout) -> None:
    """Stop the kept embedded AWS, if there is one."""
    running = checkout.state.running()
    if running and running.owner:
        raise EmbeddedAwsError(
            f"a deploy-local runs in this folder (process {running.owner}); interrupt it instead"
        )
    if not running:
        print("No embedded AWS runs here.")
        return
    stop_process(running.pid)
    checkout.state.delete()
    print("Stopped the embedded AWS.")
