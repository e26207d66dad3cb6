"""A checkout of this repository and a stage of it: the folders and environments of the commands."""

import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from settings import SettingsError, StageSettings, load_stage
from tools.embedded_aws import emulator as aws
from tools.embedded_aws.emulator import Emulator, StateFile
from tools.embedded_aws.environment import DEFAULT_ACCOUNT, endpoint_variables, isolated_environment
from tools.embedded_aws.errors import EmbeddedAwsError

COMMAND = "python3 dev.py"


@dataclass(frozen=True)
class Checkout:
    """A working copy of this repository. The local commands write to its `.local/` alone."""

    root: Path
    inherited: Mapping[str, str]
    """The environment of the user's shell; the programs get few of its variables."""
    server: Sequence[str] = aws.SERVER

    @property
    def folder(self) -> Path:
        """The folder of everything that the local commands write."""
        return self.root / ".local"

    @property
    def logs(self) -> Path:
        """The folder of the logs of programs that do not write to the terminal."""
        return self.folder / "logs"

    @property
    def state(self) -> StateFile:
        """The file that names the embedded AWS that runs for this checkout."""
        return StateFile(self.folder / "aws.json")

    def create_folders(self) -> None:
        """Create the folders.

        Raises:
            EmbeddedAwsError: they cannot be written to.
        """
        try:
            self.logs.mkdir(parents=True, exist_ok=True)
            (self.folder / "home").mkdir(exist_ok=True)
        except OSError as error:
            raise EmbeddedAwsError(f"cannot write to {self.folder}: {error.strerror}") from None

    def isolate_this_process(self) -> None:
        """Remove the user's variables, from which boto3 would take profiles and proxies."""
        os.environ.clear()
        os.environ.update(isolated_environment(self.inherited, self.folder))

    def kept_emulator(self, command: str) -> Emulator:
        """Return the embedded AWS that an earlier command left running.

        Raises:
            EmbeddedAwsError: there is none.
        """
        running = self.state.running()
        if not running or running.owner:
            raise EmbeddedAwsError(
                f"{command} needs a kept embedded AWS; "
                f"first run: {COMMAND} deploy-local STAGE --keep"
            )
        return running


@dataclass(frozen=True)
class Target:
    """A stage of a checkout, with the account and region that it is deployed to."""

    checkout: Checkout
    settings: StageSettings

    @classmethod
    def of(cls, checkout: Checkout, stage: str) -> "Target":
        """Read the stage's settings.

        Raises:
            EmbeddedAwsError: the settings cannot be used; the text is that of the SettingsError.
        """
        try:
            return cls(checkout, load_stage(stage))
        except SettingsError as error:
            raise EmbeddedAwsError(str(error)) from None

    @property
    def stage(self) -> str:
        """The stage's name."""
        return self.settings.stage

    @property
    def account(self) -> str:
        """The account that the embedded AWS emulates."""
        return self.settings.account or DEFAULT_ACCOUNT

    @property
    def region(self) -> str:
        """The stage's region."""
        return self.settings.region

    def assembly(self, purpose: str = "deploy") -> Path:
        """Return the folder of the cloud assembly; `diff` must not overwrite the deployed one."""
        return self.checkout.folder / "cdk.out" / f"{self.stage}-{purpose}"

    def environment(self) -> dict[str, str]:
        """Return the environment of a program that must not reach any AWS, not even ours."""
        return {
            **isolated_environment(self.checkout.inherited, self.checkout.folder),
            "CDK_DEFAULT_ACCOUNT": self.account,
            "CDK_DEFAULT_REGION": self.region,
        }

    def environment_at(self, endpoint: str) -> dict[str, str]:
        """Return the environment of a program that uses the embedded AWS."""
        return self.environment() | endpoint_variables(endpoint, self.region, self.account)
