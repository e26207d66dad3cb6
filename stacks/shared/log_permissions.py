"""The permission to read log events."""

from collections.abc import Sequence

from aws_cdk import aws_iam as iam

from stacks.shared.acknowledgement import acknowledge


def allow_log_reads(policy: iam.ManagedPolicy, sid: str, log_group_arns: Sequence[str]) -> None:
    """Allow what `aws logs tail` and the console need to show the events of log groups.

    Args:
        policy: The policy that gets the statement.
        sid: The id of the statement.
        log_group_arns: The ARNs, which end with `:*` for the streams of the log group.
    """
    policy.add_statements(
        iam.PolicyStatement(
            sid=sid,
            actions=["logs:FilterLogEvents", "logs:GetLogEvents"],
            resources=list(log_group_arns),
        )
    )
    # cdk-nag sees no wildcard in the ARN of a log group that the same template creates.
    acknowledge(
        policy,
        *(f"AwsSolutions-IAM5[Resource::{arn}]" for arn in log_group_arns if arn.endswith(":*")),
        reason="The wildcard stands for the streams of one log group, whose names AWS chooses. "
        "Only administrators have the policy.",
    )
