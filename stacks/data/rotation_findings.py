"""The findings of the security checks about rotation functions, with the reasons."""

from spywatcher_constructs.secret_rotation import SecretRotation
from stacks.shared.acknowledgement import acknowledge


def acknowledge_rotation(rotation: SecretRotation, *, executions: str, environment: str) -> None:
    """Acknowledge the findings about a rotation function and the policy of its role.

    Args:
        rotation: The rotation.
        executions: Why the function needs no dead-letter queue and no reserved concurrency.
        environment: Why Lambda's own key may encrypt the environment variables.
    """
    acknowledge(
        rotation.function,
        *("NIST.800.53.R5-LambdaConcurrency", "CKV_AWS_115"),
        *("NIST.800.53.R5-LambdaDLQ", "CKV_AWS_116"),
        reason=executions,
    )
    acknowledge(rotation.function, "CKV_AWS_173", reason=environment)
    policy = rotation.role.node.find_child("DefaultPolicy")
    acknowledge(
        policy,
        *("AwsSolutions-IAM5[Resource::*]", "CKV_AWS_111"),
        reason="The ARN of a network interface is unknown before Lambda creates it, and the "
        "Describe actions of EC2 accept no resource. A second statement denies all these actions "
        "to the function's own code.",
    )
    acknowledge(
        policy,
        "NIST.800.53.R5-IAMNoInlinePolicy",
        reason="The policy belongs to one role. No other role needs the same permissions. A "
        "review of the code reviews the policy, too.",
    )
