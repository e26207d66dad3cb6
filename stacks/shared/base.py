"""What every stack of a stage has in common."""

import aws_cdk as cdk
import jsii

from settings import StageSettings


class StageStack(cdk.Stack):
    """A stack named `spywatcher-<stage>-<name>`, in the zones that the settings name."""

    def __init__(
        self, stage: cdk.Stage, name: str, *, settings: StageSettings, description: str
    ) -> None:
        """Make the stack.

        Args:
            stage: the stage that the stack belongs to.
            name: the last part of the stack's name; never change it, a renamed stack is a new one.
            settings: the stage's settings.
            description: what the stack owns, shown by the console.
        """
        self._settings = settings
        super().__init__(
            stage,
            name,
            stack_name=settings.resource_name(name),
            description=description,
            termination_protection=settings.deletion_protection,
        )
        # Logs are kept with their stage. A resource that holds data sets its own policy.
        cdk.RemovalPolicies.of(self).apply(
            self.removal_policy, apply_to_resource_types=["AWS::Logs::LogGroup"]
        )

    @property
    @jsii.member(jsii_name="availabilityZones")
    def availability_zones(self) -> list[str]:
        """The settings' zones. CDK's own answer is a look-up in AWS, or two zones without one."""
        return list(self._settings.availability_zones)

    @property
    def removal_policy(self) -> cdk.RemovalPolicy:
        """What becomes of data when its stack is deleted.

        A protected stage keeps it, save where the very creation failed: a kept name would block
        the next attempt (RetainExceptOnCreate).
        """
        if self._settings.deletion_protection:
            return cdk.RemovalPolicy.RETAIN_ON_UPDATE_OR_DELETE
        return cdk.RemovalPolicy.DESTROY
