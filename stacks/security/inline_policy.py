"""The acknowledgement of the inline policies that roles of the security stack have."""

from aws_cdk import aws_iam as iam

from stacks.shared.acknowledgement import acknowledge


def acknowledge_inline_policy(role: iam.Role) -> None:
    """Acknowledge the policy that CDK creates for `add_to_policy` and for grants."""
    acknowledge(
        role.node.find_child("DefaultPolicy"),
        "NIST.800.53.R5-IAMNoInlinePolicy",
        reason="The policy fits one role and names its resources whole: shared with another "
        "identity it would be wrong. It is reviewed here, as code.",
    )
