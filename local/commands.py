"""The local commands: deploy, diff, destroy, shell, stop."""

import datetime as dt
import os
import shlex
import sys
import time
from collections.abc import Mapping, Sequence
from pathlib import Path

from local import emulator as aws
from local import toolkit
from local.emulator import Emulator, State
from local.environment import DEFAULT_ACCOUNT, isolated, pointed_at, without_aws
from local.problem import LocalError
from local.processes import POLL_SECONDS, Child, Children, stop_process
from settings import SettingsError, StageSettings, load_stage

COMMAND = "python3 dev.py"


class Local:
    """One checkout's embedded AWS and what is done with it.

    Everything that it writes is in `.local/` of the checkout.
    """

    def __init__(
        self, root: Path, inherited: Mapping[str, str], server: Sequence[str] = aws.SERVER
    ) -> None:
        self.root = root
        self.folder = root / ".local"
        self.logs = self.folder / "logs"
        self.state = State(self.folder / "aws.json")
        self._inherited = inherited
        self._server = server
        try:
            self.logs.mkdir(parents=True, exist_ok=True)
            (self.folder / "home").mkdir(exist_ok=True)
        except OSError as error:
            raise LocalError(f"cannot write to {self.folder}: {error.strerror}") from None

    def deploy(self, stage: str, *, keep: bool = False, port: int = 0) -> None:
        """Deploy a stage, starting an embedded AWS unless one is kept, and say what was made."""
        settings = _settings(stage)
        running = self.state.running()
        if running and running.owner:
            raise LocalError(f"another deploy-local runs in this folder (process {running.owner})")
        if running and port not in (0, running.port):
            raise LocalError(
                f"--port {port}: the kept embedded AWS has port {running.port}; "
                f"leave --port out, or first run: {COMMAND} stop-local"
            )
        children = Children()
        try:
            with children.guarded():
                self._deploy(children, settings, running, keep, port)
        finally:
            if self._owned_by_this_process():
                self.state.forget()

    def _deploy(
        self,
        children: Children,
        settings: StageSettings,
        running: Emulator | None,
        keep: bool,
        port: int,
    ) -> None:
        watch = _Watch()
        stage, account = settings.stage, settings.account or DEFAULT_ACCOUNT
        synth = self._synth(children, settings)
        starting = None
        if not running:
            _say("Starting the embedded AWS and synthesizing ...")
            env = self._environment(settings) | {"AWS_REGION": settings.region}
            log = self.logs / "aws.log"
            starting = aws.start(children, self.root, env, log, port, self._server)
            running = starting.wait()
            self.state.remember(running)
            watch.lap("start")
        else:
            _say(f"Using the embedded AWS kept at {running.endpoint}; synthesizing ...")
        try:
            env = self._environment(settings) | pointed_at(
                running.endpoint, settings.region, account
            )
            command = toolkit.bootstrap(account, settings.region)
            bootstrap = children.start(command, self.folder, env, self.logs / "bootstrap.log")
            self._wait_for_both(synth, bootstrap)
            watch.lap("synth and bootstrap")
            since = dt.datetime.now(dt.UTC) - dt.timedelta(seconds=1)
            deploy = children.start(toolkit.deploy(stage, self._assembly(stage)), self.root, env)
            from local import report

            reader = report.Reader(running, settings.region, env["AWS_ACCESS_KEY_ID"])
            if deploy.wait():
                raise LocalError(f"the deploy of {stage} failed; the CLI says why above")
            watch.lap("deploy")
            stacks = reader.stacks(settings.resource_name(), since)
            entry_points = reader.entry_points(stacks)
            watch.lap("reading back")
            print(f"\n{report.table(stacks)}\n\n{report.explanation(stacks, running.has_docker())}")
            for name, value in entry_points.items():
                print(f"{name:14} {value}")
            print(f"\nDeployed {stage} in {watch}.", flush=True)
        except LocalError:
            if starting and keep:
                self._keep(children, starting.child, running)
                print(f"The embedded AWS is kept: {COMMAND} stop-local ends it.", file=sys.stderr)
            raise
        if starting and keep:
            self._keep(children, starting.child, running)
        if keep or not starting:
            print(_how_to_use(running, env, stage))

    def diff(self, stage: str) -> None:
        """Show what a deploy would change."""
        settings = _settings(stage)
        running = self._kept("diff")
        children = Children()
        with children.guarded():
            self._finish_synth(self._synth(children, settings, "-diff"))
            self._cli(
                children, settings, running, toolkit.diff(stage, self._assembly(stage, "-diff"))
            )

    def destroy(self, stage: str) -> None:
        """Delete a stage, and say what is left of it."""
        settings = _settings(stage)
        running = self._kept("destroy")
        children = Children()
        with children.guarded():
            if not (self._assembly(stage) / "manifest.json").exists():
                self._finish_synth(self._synth(children, settings))
            self._cli(children, settings, running, toolkit.destroy(stage, self._assembly(stage)))
        from local import report

        reader = report.Reader(running, settings.region, _access_key(settings))
        left = reader.stacks(settings.resource_name(), dt.datetime.now(dt.UTC))
        if left:
            raise LocalError(f"left: {', '.join(stack.name for stack in left)}")
        print(f"Destroyed {stage}; nothing is left of it.")

    def shell(self) -> int:
        """Open the user's shell with its AWS commands pointed at the embedded AWS."""
        running = self._kept("shell")
        region = self._inherited.get("AWS_REGION") or "us-east-1"
        env = without_aws(self._inherited) | pointed_at(running.endpoint, region)
        shell = self._inherited.get("SHELL") or "/bin/sh"
        print(f"A shell with the AWS at {running.endpoint}. `exit` leaves it.", flush=True)
        os.execve(shell, [shell], env)  # noqa: S606 - the user's own shell

    def stop(self) -> None:
        """Stop the kept embedded AWS, if there is one."""
        running = self.state.running()
        if running and running.owner:
            raise LocalError(f"a deploy-local is at work (process {running.owner}): interrupt it")
        if running:
            stop_process(running.pid)
            self.state.forget()
            print("Stopped the embedded AWS.")
        else:
            print("No embedded AWS runs here.")

    def _kept(self, command: str) -> Emulator:
        running = self.state.running()
        if not running or running.owner:
            raise LocalError(
                f"{command}-local needs a kept embedded AWS; "
                f"first run: {COMMAND} deploy-local STAGE --keep"
            )
        return running

    def _keep(self, children: Children, child: Child, running: Emulator) -> None:
        children.release(child)
        self.state.remember(Emulator(running.pid, running.port, running.endpoint))

    def _owned_by_this_process(self) -> bool:
        try:
            found = self.state.running()
        except LocalError:
            return False
        return bool(found and found.owner == os.getpid())

    def _cli(
        self,
        children: Children,
        settings: StageSettings,
        running: Emulator,
        command: Sequence[str],
    ) -> None:
        account = settings.account or DEFAULT_ACCOUNT
        env = self._environment(settings) | pointed_at(running.endpoint, settings.region, account)
        if children.start(command, self.root, env).wait():
            raise LocalError(f"{' '.join(command[:2])} failed; it says why above")

    def _synth(self, children: Children, settings: StageSettings, suffix: str = "") -> Child:
        """Start a synthesis. Without credentials: the account is given, nothing is looked up."""
        command = toolkit.synth(settings.stage, self._assembly(settings.stage, suffix))
        env = self._environment(settings)
        return children.start(command, self.root, env, self.logs / "synth.log")

    def _finish_synth(self, synth: Child) -> None:
        if synth.wait():
            raise LocalError(toolkit.own_words(synth.output()))

    def _wait_for_both(self, synth: Child, bootstrap: Child) -> None:
        """Wait for two programs; report the first one that fails at once."""
        while None in (codes := (synth.poll(), bootstrap.poll())) and not any(codes):
            time.sleep(POLL_SECONDS)
        if synth.poll():
            raise LocalError(toolkit.own_words(synth.output()))
        if bootstrap.poll():
            raise LocalError(f"cdk bootstrap failed:\n{bootstrap.output().strip()}")

    def _environment(self, settings: StageSettings) -> dict[str, str]:
        return {
            **isolated(self._inherited, self.folder),
            "CDK_DEFAULT_ACCOUNT": settings.account or DEFAULT_ACCOUNT,
            "CDK_DEFAULT_REGION": settings.region,
        }

    def _assembly(self, stage: str, suffix: str = "") -> Path:
        return self.folder / "cdk.out" / f"{stage}{suffix}"


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


def _settings(stage: str) -> StageSettings:
    try:
        return load_stage(stage)
    except SettingsError as error:
        raise LocalError(str(error)) from None


def _access_key(settings: StageSettings) -> str:
    return pointed_at("http://127.0.0.1", "", settings.account or DEFAULT_ACCOUNT)[
        "AWS_ACCESS_KEY_ID"
    ]


def _say(text: str) -> None:
    print(text, file=sys.stderr, flush=True)


def _how_to_use(running: Emulator, env: Mapping[str, str], stage: str) -> str:
    names = pointed_at(running.endpoint, env["AWS_REGION"])
    exports = [f"  export {name}={shlex.quote(env[name])}" for name in names]
    return "\n".join(
        [
            "\nThe embedded AWS keeps running. To point the AWS CLI or boto3 at it:",
            *exports,
            "  unset AWS_PROFILE AWS_SESSION_TOKEN",
            "Or, with the same effect and the CDK CLI beside it:",
            f"  {COMMAND} shell-local",
            f"  {COMMAND} diff-local {stage}",
            f"  {COMMAND} destroy-local {stage}",
            f"  {COMMAND} stop-local",
        ]
    )
