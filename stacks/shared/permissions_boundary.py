"""The permissions boundary of the roles that the stacks create."""

import aws_cdk as cdk

from settings.account_wide import AccountWideSettings


def permissions_boundary(settings: AccountWideSettings) -> cdk.PermissionsBoundary | None:
    """Return the boundary for `cdk.Stage` or `cdk.Stack`; None if the settings have none.

    CDK sets it on every resource of the type AWS::IAM::Role, those of its own providers included.
    """
    name = settings.permissions_boundary
    return cdk.PermissionsBoundary.from_name(name) if name else None
