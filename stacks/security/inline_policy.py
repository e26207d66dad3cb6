"""The acknowledgement of the inline policies that roles of the security stack have."""

from aws_cdk import aws_iam as iam

from stacks.shared.acknowledgement import acknowledge


def acknowledge_inline_policy(role: iam.Role) -> None:
    """Acknowledge the policy that CDK creates for `add_to_policy` and for grants."""
    acknowledge(
        role.node.find_child("DefaultPolicy"),
        "NIST.800.53.R5-IAMNoInlinePolicy",
        reason="The policy belongs to one role and names each resource in full. No other role "
        "needs the same permissions. A review of the code reviews the policy, too.",
    )
