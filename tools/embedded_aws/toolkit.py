"""Runs the CDK CLI, unmodified and with the arguments that a person would type."""

import re
import time

from settings.model import ACCOUNT_STAGE
from tools.cdk_context import bootstrap_qualifier
from tools.embedded_aws.checkout import Target
from tools.embedded_aws.emulator import Emulator
from tools.embedded_aws.errors import EmbeddedAwsError
from tools.embedded_aws.processes import POLL_SECONDS, ChildProcess, ChildProcesses, is_running

_COMMON_OPTIONS = ("--no-notices",)
_CLI_LINE = re.compile(r"^(\[Error|\w*Error:|.*: Subprocess exited with error \d+)")


class Toolkit:
    """The CDK CLI, applied to one stage."""

    def __init__(self, processes: ChildProcesses, target: Target) -> None:
        self._processes = processes
        self._target = target

    def start_synth(self, purpose: str = "deploy") -> ChildProcess:
        """Start a synthesis. It has no credentials: it knows the account, and looks nothing up."""
        target = self._target
        context = ["-c", f"stage={target.stage}", "-o", str(target.assembly(purpose))]
        log = target.checkout.logs / "synth.log"
        command = ["cdk", "synth", "--quiet", *context, *_COMMON_OPTIONS]
        return self._processes.start(command, target.checkout.root, target.environment(), log)

    def start_bootstrap(self, endpoint: str) -> ChildProcess:
        """Start the bootstrap of the account and region. It needs no app, so no synthesis."""
        target = self._target
        environment = f"aws://{target.account}/{target.region}"
        # The CLI does not find cdk.json from the folder that it runs in.
        qualifier = f"--qualifier={bootstrap_qualifier(target.checkout.root)}"
        command = ["cdk", "bootstrap", environment, qualifier, *_COMMON_OPTIONS]
        log = target.checkout.logs / "bootstrap.log"
        env = target.environment_at(endpoint)
        return self._processes.start(command, target.checkout.folder, env, log)

    def start_deploy(self, endpoint: str) -> ChildProcess:
        """Start to deploy the stacks of the account and of the stage; independent ones at once.

        The CLI uses no change sets: they would double the time, and nobody reviews them here.
        """
        options = ["--require-approval=never", "--concurrency=4", "--method=direct"]
        return self._start(endpoint, "deploy", f"{ACCOUNT_STAGE}/*", *options)

    def start_diff(self, endpoint: str) -> ChildProcess:
        """Start the comparison with what is deployed."""
        account = f"{ACCOUNT_STAGE}/*"
        return self._start(endpoint, "diff", account, "--no-change-set", purpose="diff")

    def start_destroy(self, endpoint: str) -> ChildProcess:
        """Start to delete every stack of the stage. Other stages may share its account."""
        return self._start(endpoint, "destroy", "--force")

    def _start(
        self, endpoint: str, command: str, *options: str, purpose: str = "deploy"
    ) -> ChildProcess:
        target = self._target
        app = ["--app", str(target.assembly(purpose)), f"{target.stage}/*"]
        env = target.environment_at(endpoint)
        return self._processes.start(
            ["cdk", command, *app, *options, *_COMMON_OPTIONS], target.checkout.root, env
        )


def wait_for(process: ChildProcess, message: str, needed: Emulator | None = None) -> None:
    """Wait until a program of the CDK CLI ends.

    Args:
        process: the program.
        message: the text of the error if the program fails; its log, if it has one, is appended.
        needed: the embedded AWS that the program uses. If it ends, the wait ends: the CLI would
            retry for minutes.

    Raises:
        EmbeddedAwsError: the program failed, or the embedded AWS has ended.
    """
    while (code := process.poll()) is None:
        if needed and not is_running(needed.pid):
            raise EmbeddedAwsError("the embedded AWS has ended; its logs are in .local/logs")
        time.sleep(POLL_SECONDS)
    if code:
        log = application_message(process.output())
        raise EmbeddedAwsError("\n".join(filter(None, [message, log])))


def application_message(output: str) -> str:
    """Return what the app printed when it refused to synthesize, without the lines of the CLI."""
    lines = [line for line in output.strip().splitlines() if not _CLI_LINE.match(line)]
    return "\n".join(lines).strip() or output.strip()
