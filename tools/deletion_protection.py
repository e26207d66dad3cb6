"""Checks that a stage is complete before it is protected against deletion.

A protected stack whose creation fails can be neither rolled back nor created again: CloudFormation
does not delete resources with deletion protection, and the CDK CLI cannot delete a stack with
termination protection. A stage is therefore first deployed with `deletion_protection: false`.
"""

from collections.abc import Sequence
from dataclasses import dataclass

from settings import StageSettings

FIRST_DEPLOYMENT = "docs/first-deploy.md"
RUNBOOK = "docs/runbooks/failed-creation.md"


@dataclass(frozen=True)
class DeployedStack:
    """The state of a stack in CloudFormation."""

    name: str
    status: str
    is_protected: bool
    """Whether the stack has termination protection."""

    @property
    def is_created(self) -> bool:
        """Whether the creation of the stack was successful, whatever its updates were."""
        return self.status == "CREATE_COMPLETE" or self.status.startswith(("UPDATE_", "IMPORT_"))


class StageProtection:
    """The deletion protection of a stage: in its settings, and of its deployed stacks."""

    def __init__(
        self,
        settings: StageSettings,
        stack_names: Sequence[str],
        deployed: Sequence[DeployedStack],
    ) -> None:
        """Compare the settings with the deployed stacks.

        Args:
            settings: the settings of the stage.
            stack_names: the names of all stacks that the stage has when it is complete.
            deployed: the stacks of the stage in CloudFormation.
        """
        self._settings = settings
        created = {stack.name for stack in deployed if stack.is_created}
        self.missing_stacks = [name for name in stack_names if name not in created]
        """The stacks of the stage that are not created yet."""
        self._is_protected = any(stack.is_protected for stack in deployed)

    def refusal(self) -> str | None:
        """Return why the stage must not be deployed as its settings are; None if it may be.

        A stage with a protected stack was complete once. It may get further stacks.
        """
        if not self._settings.deletion_protection or self._is_protected or not self.missing_stacks:
            return None
        return (
            f"{self._key}: found true before the first deployment is complete (not deployed: "
            f"{self._missing_names}); allowed: false until all stacks are deployed, then true "
            f"({FIRST_DEPLOYMENT})"
        )

    def is_unprotected_production(self) -> bool:
        """Return whether this is a complete production stage that its settings do not protect."""
        is_production = self._settings.stage.startswith("production")
        is_complete = not self.missing_stacks
        return is_production and is_complete and not self._settings.deletion_protection

    def note(self) -> str | None:
        """Return what to know or to do although the stage may be deployed; None if nothing."""
        if self.is_unprotected_production():
            return (
                f"{self._key}: found false, and every stack of the stage is deployed; set it to "
                "true and deploy again"
            )
        if self._settings.deletion_protection and self._is_protected and self.missing_stacks:
            return (
                f"{self._missing_names}: created with protection. If the creation fails, follow "
                f"{RUNBOOK}"
            )
        return None

    @property
    def _key(self) -> str:
        return f"settings/{self._settings.stage}.yaml: deletion_protection"

    @property
    def _missing_names(self) -> str:
        return ", ".join(self.missing_stacks)
