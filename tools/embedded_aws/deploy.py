"""Deploys a stage to the embedded AWS and says what was made."""

import contextlib
import datetime as dt
import shlex
import sys
import time
from collections.abc import Iterator, Sequence
from dataclasses import replace

from tools.embedded_aws import emulator as aws
from tools.embedded_aws.checkout import COMMAND, Checkout, Target
from tools.embedded_aws.emulator import Emulator
from tools.embedded_aws.environment import pointed_at
from tools.embedded_aws.errors import LocalError
from tools.embedded_aws.processes import POLL_SECONDS, Child, Children
from tools.embedded_aws.replacements import refuse_replacements
from tools.embedded_aws.toolkit import Toolkit, finish


def deploy(
    checkout: Checkout,
    stage: str,
    *,
    keep: bool = False,
    port: int = 0,
    allowed_replacements: Sequence[str] = (),
) -> None:
    """Deploy a stage. An embedded AWS is started unless an earlier command left one running.

    One that is started here ends with this command, unless `keep`; interrupted, in any case.

    Raises:
        LocalError: the settings or the port cannot be used, a step failed, or the deploy would
            replace or delete a resource that holds data and that `allowed_replacements` lacks.
    """
    target = Target.of(checkout, stage)
    checkout.prepare()
    kept = _usable(checkout.state.running(), port)
    watch = _Watch()
    with Children().guarded() as children:
        toolkit = Toolkit(children, target)
        synth = toolkit.start_synth()
        with contextlib.ExitStack() as stack:
            if kept:
                _say(f"Using the embedded AWS kept at {kept.endpoint}; synthesizing {stage} ...")
                emulator = kept
            else:
                _say(f"Starting the embedded AWS; synthesizing {stage} ...")
                emulator = stack.enter_context(_started(children, target, keep, port))
            watch.lap("start")
            _prepare(toolkit, emulator, synth)
            watch.lap("synthesis and bootstrap")
            refuse_replacements(target, kept, allowed_replacements)
            watch.lap("guard")
            _deploy(toolkit, target, emulator, watch)
    print(f"\nDeployed {stage} in {watch}.")
    if keep or kept:
        print(_how_to_use(emulator, target))


def _deploy(toolkit: Toolkit, target: Target, emulator: Emulator, watch: "_Watch") -> None:
    since = dt.datetime.now(dt.UTC) - dt.timedelta(seconds=1)
    deployment = toolkit.start_deploy(emulator.endpoint)
    # boto3 takes half a second to import: while the CLI works.
    from tools.embedded_aws import report

    reader = report.Reader(emulator, target.environment_at(emulator.endpoint))
    finish(deployment, f"the deploy of {target.stage} failed; the CDK CLI says why above", emulator)
    watch.lap("deploy")
    stacks = reader.stacks(target.settings.resource_name(), since)
    print(f"\n{report.table(stacks)}\n\n{report.explanation(stacks, emulator.has_docker())}")
    for name, value in reader.entry_points(stacks).items():
        print(f"{name:14} {value}")
    watch.lap("reading back")


def _usable(running: Emulator | None, port: int) -> Emulator | None:
    """Return the embedded AWS that is kept here, refusing what does not go together with it."""
    if running and running.owner:
        raise LocalError(f"another deploy-local runs in this folder (process {running.owner})")
    if running and port not in (0, running.port):
        raise LocalError(
            f"--port {port}: the kept embedded AWS has port {running.port}; "
            f"leave --port out, or first run: {COMMAND} stop-local"
        )
    if port and not running:
        aws.refuse_taken(port)
    return running


@contextlib.contextmanager
def _started(children: Children, target: Target, keep: bool, port: int) -> Iterator[Emulator]:
    """Start an embedded AWS, and let it live on afterwards if that is wanted.

    A failed deploy leaves it running too: that is when one wants to look. An interrupt does not.
    """
    checkout = target.checkout
    env = target.environment() | {"AWS_REGION": target.region}
    log = checkout.logs / "aws.out"
    starting = aws.start(children, checkout.root, env, log, port, checkout.server)
    emulator = starting.wait()
    checkout.state.remember(emulator)
    left = False
    try:
        yield emulator
        left = keep
    except LocalError:
        if keep:
            left = True
            _say(f"The embedded AWS keeps running; {COMMAND} stop-local ends it.")
        raise
    finally:
        if left:
            children.release(starting.child)
            checkout.state.remember(replace(emulator, owner=0))
        else:
            checkout.state.forget()


def _prepare(toolkit: Toolkit, emulator: Emulator, synth: Child) -> None:
    """Bootstrap while the synthesis works; report the first that fails without the other."""
    bootstrap = toolkit.start_bootstrap(emulator.endpoint)
    while not any(codes := (synth.poll(), bootstrap.poll())) and None in codes:
        time.sleep(POLL_SECONDS)
    if synth.poll() is not None:
        finish(synth, "")
    finish(bootstrap, "cdk bootstrap failed:")
    finish(synth, "")


class _Watch:
    """Says how long the parts of a command took."""

    def __init__(self) -> None:
        self._start = self._last = time.monotonic()
        self._laps: list[str] = []

    def lap(self, name: str) -> None:
        now = time.monotonic()
        self._laps.append(f"{name} {now - self._last:.1f} s")
        self._last = now

    def __str__(self) -> str:
        return f"{self._last - self._start:.1f} s ({', '.join(self._laps)})"


def _say(text: str) -> None:
    print(text, file=sys.stderr, flush=True)


def _how_to_use(emulator: Emulator, target: Target) -> str:
    variables = pointed_at(emulator.endpoint, target.region, target.account)
    return "\n".join(
        [
            "\nThe embedded AWS keeps running. To point the AWS CLI or boto3 at it:",
            *(f"  export {name}={shlex.quote(value)}" for name, value in variables.items()),
            "  unset AWS_PROFILE AWS_SESSION_TOKEN",
            "The same in a shell of its own, and what else can be done with it:",
            f"  {COMMAND} shell-local",
            f"  {COMMAND} diff-local {target.stage}",
            f"  {COMMAND} destroy-local {target.stage}",
            f"  {COMMAND} stop-local",
        ]
    )
