"""The base class of the stacks of a stage."""

import aws_cdk as cdk
import jsii

from settings import StageSettings


class StageStack(cdk.Stack):
    """A stack named `spywatcher-<stage>-<name>`, in the Availability Zones of the settings."""

    def __init__(
        self, stage: cdk.Stage, name: str, *, settings: StageSettings, description: str
    ) -> None:
        """Create the stack.

        Args:
            stage: The stage that contains the stack.
            name: The last part of the stack's name. CloudFormation creates a second stack when it
                changes.
            settings: The settings of the stage.
            description: What the stack owns. The console shows it.
        """
        self._settings = settings
        super().__init__(
            stage,
            name,
            stack_name=settings.resource_name(name),
            description=description,
            termination_protection=settings.deletion_protection,
        )
        # The log groups share the policy of the stage. Other resources set their own.
        cdk.RemovalPolicies.of(self).apply(
            self.removal_policy, apply_to_resource_types=["AWS::Logs::LogGroup"]
        )

    @property
    @jsii.member(jsii_name="availabilityZones")
    def availability_zones(self) -> list[str]:
        """The zones of the settings.

        CDK's own property looks them up in AWS, or returns two zones when the account is unknown.
        """
        return list(self._settings.availability_zones)

    @property
    def removal_policy(self) -> cdk.RemovalPolicy:
        """The removal policy of resources that hold data."""
        return data_removal_policy(is_protected=self._settings.deletion_protection)


def data_removal_policy(*, is_protected: bool) -> cdk.RemovalPolicy:
    """Return the removal policy of resources that hold data.

    A protected stack retains them, except when their creation fails (RetainExceptOnCreate): a
    retained resource with a fixed name would make the next attempt fail.
    """
    if is_protected:
        return cdk.RemovalPolicy.RETAIN_ON_UPDATE_OR_DELETE
    return cdk.RemovalPolicy.DESTROY
