"""The permission of administrators to read log events."""

from collections.abc import Sequence

import aws_cdk as cdk
from aws_cdk import aws_iam as iam
from aws_cdk import aws_logs as logs


def allow_log_reads(policy: iam.ManagedPolicy, *, arns: Sequence[str] = ()) -> None:
    """Allow what `aws logs tail` and the console need to show the events of log groups.

    The log groups are those that the stack of the policy has so far, so call this function last.

    Args:
        policy: The policy that gets the statement.
        arns: The ARNs of log groups of other stacks.
    """
    stack = cdk.Stack.of(policy)
    own = [child.attr_arn for child in stack.node.find_all() if isinstance(child, logs.CfnLogGroup)]
    policy.add_statements(
        iam.PolicyStatement(
            sid="ReadLogs",
            actions=["logs:FilterLogEvents", "logs:GetLogEvents"],
            resources=[*own, *arns],
        )
    )
