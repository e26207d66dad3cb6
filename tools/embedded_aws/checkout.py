"""Where the local commands keep their things in a checkout, and what their programs may see."""

import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from settings import SettingsError, StageSettings, load_stage
from tools.embedded_aws import emulator as aws
from tools.embedded_aws.emulator import Emulator, State
from tools.embedded_aws.environment import DEFAULT_ACCOUNT, isolated, pointed_at
from tools.embedded_aws.errors import LocalError

COMMAND = "python3 dev.py"


@dataclass(frozen=True)
class Checkout:
    """A working copy of this repository. Everything written is in its `.local/`."""

    root: Path
    inherited: Mapping[str, str]
    """The environment of the user's shell, of which the programs started see little."""
    server: Sequence[str] = aws.SERVER

    @property
    def folder(self) -> Path:
        """The folder that holds all that a local command leaves behind."""
        return self.root / ".local"

    @property
    def logs(self) -> Path:
        """The folder of the logs of programs that do not write to the terminal."""
        return self.folder / "logs"

    @property
    def state(self) -> State:
        """The memory of which embedded AWS runs for this checkout."""
        return State(self.folder / "aws.json")

    def prepare(self) -> None:
        """Make the folders.

        Raises:
            LocalError: there is no permission to write here.
        """
        try:
            self.logs.mkdir(parents=True, exist_ok=True)
            (self.folder / "home").mkdir(exist_ok=True)
        except OSError as error:
            raise LocalError(f"cannot write to {self.folder}: {error.strerror}") from None

    def isolate_this_process(self) -> None:
        """Forget the user's environment, of which boto3 would read profiles and proxies."""
        os.environ.clear()
        os.environ.update(isolated(self.inherited, self.folder))

    def kept_emulator(self, command: str) -> Emulator:
        """Return the embedded AWS that an earlier command left running.

        Raises:
            LocalError: there is none.
        """
        running = self.state.running()
        if not running or running.owner:
            raise LocalError(
                f"{command}-local needs a kept embedded AWS; "
                f"first run: {COMMAND} deploy-local STAGE --keep"
            )
        return running


@dataclass(frozen=True)
class Target:
    """A stage of a checkout: what is deployed, and for which account and region."""

    checkout: Checkout
    settings: StageSettings

    @classmethod
    def of(cls, checkout: Checkout, stage: str) -> "Target":
        """Read the stage's settings.

        Raises:
            LocalError: they cannot be used; the text is the settings' own.
        """
        try:
            return cls(checkout, load_stage(stage))
        except SettingsError as error:
            raise LocalError(str(error)) from None

    @property
    def stage(self) -> str:
        """The stage's name."""
        return self.settings.stage

    @property
    def account(self) -> str:
        """The account that the embedded AWS plays."""
        return self.settings.account or DEFAULT_ACCOUNT

    @property
    def region(self) -> str:
        """The stage's region."""
        return self.settings.region

    def assembly(self, purpose: str = "deploy") -> Path:
        """Return the folder of the cloud assembly; that of `diff` is not the deployed one."""
        return self.checkout.folder / "cdk.out" / f"{self.stage}-{purpose}"

    def environment(self) -> dict[str, str]:
        """Return the environment of a program that must not reach any AWS."""
        return {
            **isolated(self.checkout.inherited, self.checkout.folder),
            "CDK_DEFAULT_ACCOUNT": self.account,
            "CDK_DEFAULT_REGION": self.region,
        }

    def environment_at(self, endpoint: str) -> dict[str, str]:
        """Return the environment of a program that uses the embedded AWS."""
        return self.environment() | pointed_at(endpoint, self.region, self.account)
