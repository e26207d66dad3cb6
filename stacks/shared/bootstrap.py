"""The names of what `cdk bootstrap` creates."""

import aws_cdk as cdk


def bootstrap_role_name(stack: cdk.Stack, purpose: str) -> str:
    """Return the name of a role, such as `deploy-role`, in the stack's account and region."""
    # The synthesizer has the qualifier of the context key @aws-cdk/core:bootstrapQualifier.
    qualifier = stack.synthesizer.bootstrap_qualifier
    return f"cdk-{qualifier}-{purpose}-{stack.account}-{stack.region}"


def bootstrap_version_parameter(stack: cdk.Stack) -> str:
    """Return the name, without its first slash, of the parameter with the bootstrap version."""
    return f"cdk-bootstrap/{stack.synthesizer.bootstrap_qualifier}/version"
