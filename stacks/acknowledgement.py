"""Security findings that stay, each with the control that makes up for it."""

import aws_cdk as cdk

from constructs import IConstruct


def acknowledge(resource: IConstruct, finding: str, *, because: str) -> None:
    """Accept one finding of the security checks about one resource.

    Call it where the resource is made. docs/security-findings.md lists every call.

    Args:
        resource: the resource, or the L2 that makes it; nothing below it is covered.
        finding: its id, such as `AwsSolutions-EC23`, with the part in brackets where the rule
            tells its findings apart.
        because: which control makes up for it, for a security reviewer.
    """
    # Not `Validations.acknowledge`: it refuses an id with a second `::`, which every finding
    # about an ARN has. cdk-nag reads the metadata that is written here.
    target = resource.node.default_child or resource
    target.node.add_metadata(cdk.Validations.ACKNOWLEDGED_RULES_METADATA_KEY, {finding: because})
