"""Deploys a stage to the embedded AWS, and reports what was created."""

import contextlib
import datetime as dt
import shlex
import sys
import time
from collections.abc import Iterator, Sequence
from dataclasses import replace

from settings.model import ACCOUNT_STAGE, PROJECT
from tools.embedded_aws import emulator as aws
from tools.embedded_aws.checkout import COMMAND, Checkout, Target
from tools.embedded_aws.deployment_guard import refuse_replacements
from tools.embedded_aws.emulator import Emulator
from tools.embedded_aws.environment import endpoint_variables
from tools.embedded_aws.errors import EmbeddedAwsError
from tools.embedded_aws.processes import (
    POLL_SECONDS,
    ChildProcess,
    ChildProcesses,
    is_running,
)
from tools.embedded_aws.toolkit import Toolkit, wait_for


def deploy(
    checkout: Checkout,
    stage: str,
    *,
    keep: bool = False,
    port: int = 0,
    control_plane_only: bool = False,
    allowed_replacements: Sequence[str] = (),
) -> None:
    """Deploy a stage. An embedded AWS is started unless an earlier command left one running.

    An embedded AWS that is started here ends with this command, unless `keep` is true. An
    interrupt ends it in both cases.

    Raises:
        EmbeddedAwsError: the settings or the port cannot be used, a step failed, or the deploy
            would replace or delete a resource that holds data and is not in
            `allowed_replacements`.
    """
    target = Target.of(checkout, stage)
    checkout.create_folders()
    kept = _kept_emulator(checkout.state.running(), port, control_plane_only)
    stopwatch = _Stopwatch()
    with ChildProcesses() as processes:
        toolkit = Toolkit(processes, target)
        synth = toolkit.start_synth()
        with contextlib.ExitStack() as stack:
            if kept:
                _print(f"Using the embedded AWS kept at {kept.endpoint}; synthesizing {stage} ...")
                emulator = kept
            else:
                _print(f"Starting the embedded AWS; synthesizing {stage} ...")
                options = ["--port", str(port), *["--control-plane-only"] * control_plane_only]
                emulator = stack.enter_context(_new_emulator(processes, target, keep, options))
            stopwatch.lap("start")
            _finish_synth_and_bootstrap(toolkit, emulator, synth)
            stopwatch.lap("synthesis and bootstrap")
            emulator.require_servers()
            refuse_replacements(target, kept, allowed_replacements)
            stopwatch.lap("guard")
            _deploy(toolkit, target, emulator, stopwatch)
    print(f"\nDeployed {stage} in {stopwatch}.")
    if keep or kept:
        print(_instructions(emulator, target))


def _deploy(toolkit: Toolkit, target: Target, emulator: Emulator, stopwatch: "_Stopwatch") -> None:
    since = dt.datetime.now(dt.UTC) - dt.timedelta(seconds=1)
    deployment = toolkit.start_deploy(emulator.endpoint)
    # Imported here, while the CLI works: boto3 takes half a second.
    from tools.embedded_aws import report

    reader = report.Reader(emulator, target.environment_at(emulator.endpoint))
    try:
        wait_for(deployment, f"the deploy of {target.stage} failed", emulator)
    except EmbeddedAwsError as error:
        if not is_running(emulator.pid):
            raise
        failures = reader.failures(f"{PROJECT}-", since) or ["the CDK CLI says why above"]
        raise EmbeddedAwsError("\n  ".join([f"{error}:", *failures])) from None
    stopwatch.lap("deploy")
    emulator.require_servers()
    stacks = reader.stacks(f"{PROJECT}-{ACCOUNT_STAGE}", since)
    stacks += reader.stacks(target.settings.resource_name(), since)
    print(f"\n{report.table(stacks)}\n\n{report.explanation(stacks, emulator.mode())}")
    for name, value in reader.entry_points(stacks).items():
        print(f"{name:14} {value}")
    stopwatch.lap("reading back")


def _kept_emulator(
    running: Emulator | None, port: int, control_plane_only: bool
) -> Emulator | None:
    """Return the kept embedded AWS, if there is one; refuse options that it does not have."""
    if running and running.owner:
        raise EmbeddedAwsError(
            f"another deploy-local runs in this folder (process {running.owner})"
        )
    if running and port not in (0, running.port):
        raise EmbeddedAwsError(
            f"--port {port}: the kept embedded AWS has port {running.port}; "
            f"leave --port out, or first run: {COMMAND} stop-local"
        )
    if running and control_plane_only and not running.mode().control_plane_only:
        raise EmbeddedAwsError(
            "--control-plane-only: the kept embedded AWS has servers; "
            f"leave it out, or first run: {COMMAND} stop-local"
        )
    if running:
        running.require_servers()
    elif port:
        aws.require_free(port)
    return running


@contextlib.contextmanager
def _new_emulator(
    processes: ChildProcesses, target: Target, keep: bool, options: Sequence[str]
) -> Iterator[Emulator]:
    """Start an embedded AWS. With `keep` it outlives the block, unless a signal ends the block.

    It is kept after a failed deploy too, so that the user can examine the failure.
    """
    checkout = target.checkout
    env = target.environment() | {"AWS_REGION": target.region}
    log = checkout.logs / "aws.out"
    starting = aws.start(processes, checkout.root, env, log, options, checkout.server)
    emulator = starting.wait()
    checkout.state.write(emulator)
    kept = False
    try:
        yield emulator
        kept = keep
    except EmbeddedAwsError:
        if keep:
            kept = True
            _print(f"The embedded AWS keeps running; {COMMAND} stop-local stops it.")
        raise
    finally:
        if kept:
            processes.release(starting.process)
            checkout.state.write(replace(emulator, owner=0))
        else:
            checkout.state.delete()


def _finish_synth_and_bootstrap(toolkit: Toolkit, emulator: Emulator, synth: ChildProcess) -> None:
    """Bootstrap while the synthesis runs. The first of the two to fail ends the command."""
    bootstrap = toolkit.start_bootstrap(emulator.endpoint)
    while not any(codes := (synth.poll(), bootstrap.poll())) and None in codes:
        time.sleep(POLL_SECONDS)
    if synth.poll() is not None:
        wait_for(synth, "")
    wait_for(bootstrap, "cdk bootstrap failed:")
    wait_for(synth, "")


class _Stopwatch:
    """Measures how long the parts of a command take."""

    def __init__(self) -> None:
        self._start = self._last = time.monotonic()
        self._laps: list[str] = []

    def lap(self, name: str) -> None:
        now = time.monotonic()
        self._laps.append(f"{name} {now - self._last:.1f} s")
        self._last = now

    def __str__(self) -> str:
        return f"{self._last - self._start:.1f} s ({', '.join(self._laps)})"


def _print(text: str) -> None:
    print(text, file=sys.stderr, flush=True)


def _instructions(emulator: Emulator, target: Target) -> str:
    """Return how to use the kept embedded AWS."""
    variables = endpoint_variables(emulator.endpoint, target.region, target.account)
    return "\n".join(
        [
            "\nThe embedded AWS keeps running. To use it with the AWS CLI or boto3:",
            *(f"  export {name}={shlex.quote(value)}" for name, value in variables.items()),
            "  unset AWS_PROFILE AWS_SESSION_TOKEN",
            "A shell with these variables, and the other commands that use it:",
            f"  {COMMAND} shell-local",
            f"  {COMMAND} diff-local {target.stage}",
            f"  {COMMAND} destroy-local {target.stage}",
            f"  {COMMAND} stop-local",
        ]
    )
