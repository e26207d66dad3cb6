"""The names of the roles that `cdk bootstrap` creates."""

import aws_cdk as cdk


def bootstrap_role_name(stack: cdk.Stack, purpose: str) -> str:
    """Return the name of a bootstrap role in the account and region of the stack.

    Args:
        stack: The stack.
        purpose: The part of the name that differs between the roles, such as `deploy-role`.
    """
    qualifier = cdk.DefaultStackSynthesizer.DEFAULT_QUALIFIER
    return f"cdk-{qualifier}-{purpose}-{stack.account}-{stack.region}"
