"""Runs the CDK CLI, unmodified and with the arguments that a person would type."""

import re
import time

from tools.embedded_aws.checkout import Target
from tools.embedded_aws.emulator import Emulator
from tools.embedded_aws.errors import LocalError
from tools.embedded_aws.processes import POLL_SECONDS, Child, Children, is_running

_QUIET = ("--no-notices",)
_FRAME = re.compile(r"^(\[Error|\w*Error:|.*: Subprocess exited with error \d+)")


class Toolkit:
    """The CDK CLI at work on one stage."""

    def __init__(self, children: Children, target: Target) -> None:
        self._children = children
        self._target = target

    def start_synth(self, purpose: str = "deploy") -> Child:
        """Start a synthesis. Without credentials: the account is given, nothing is looked up."""
        target = self._target
        where = ["-c", f"stage={target.stage}", "-o", str(target.assembly(purpose))]
        log = target.checkout.logs / "synth.log"
        command = ["cdk", "synth", "--quiet", *where, *_QUIET]
        return self._children.start(command, target.checkout.root, target.environment(), log)

    def start_bootstrap(self, endpoint: str) -> Child:
        """Start to create what the CDK needs in an environment. Needs no app, so no synthesis."""
        target = self._target
        command = ["cdk", "bootstrap", f"aws://{target.account}/{target.region}", *_QUIET]
        log = target.checkout.logs / "bootstrap.log"
        env = target.environment_at(endpoint)
        return self._children.start(command, target.checkout.folder, env, log)

    def start_deploy(self, endpoint: str) -> Child:
        """Start to deploy every stack of the stage, those that do not need each other at once.

        Directly: a change set for each stack would double the time, and nobody reviews it here.
        """
        options = ["--require-approval=never", "--concurrency=4", "--method=direct"]
        return self._start(endpoint, "deploy", *options)

    def start_diff(self, endpoint: str) -> Child:
        """Start to compare with what is deployed."""
        return self._start(endpoint, "diff", "--no-change-set", purpose="diff")

    def start_destroy(self, endpoint: str) -> Child:
        """Start to delete every stack of the stage."""
        return self._start(endpoint, "destroy", "--force")

    def _start(self, endpoint: str, command: str, *options: str, purpose: str = "deploy") -> Child:
        target = self._target
        what = ["--app", str(target.assembly(purpose)), f"{target.stage}/*"]
        env = target.environment_at(endpoint)
        return self._children.start(
            ["cdk", command, *what, *options, *_QUIET], target.checkout.root, env
        )


def finish(child: Child, fault: str, needs: Emulator | None = None) -> None:
    """Wait for a program.

    Raises:
        LocalError: it failed, with this text, and its log if it has one; or the embedded AWS
            that it needs has ended: the CLI would try again and again.
    """
    while (code := child.poll()) is None:
        if needs and not is_running(needs.pid):
            raise LocalError("the embedded AWS ended; why is in .local/logs")
        time.sleep(POLL_SECONDS)
    if code:
        raise LocalError("\n".join(filter(None, [fault, own_words(child.output())])))


def own_words(output: str) -> str:
    """Return what the app itself said when it refused to synthesize, without the CLI's frame."""
    lines = [line for line in output.strip().splitlines() if not _FRAME.match(line)]
    return "\n".join(lines).strip() or output.strip()
