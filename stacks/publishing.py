"""Which services of AWS may publish to the topics."""

import aws_cdk as cdk
from aws_cdk import aws_iam as iam
from aws_cdk import aws_sns as sns

# Each publishes under its own name, not with a role of ours. stacks/keys.py lets the same ones
# use the topics' key.
PUBLISHERS = (
    "budgets.amazonaws.com",
    "cloudwatch.amazonaws.com",
    "costalerts.amazonaws.com",
    "events.amazonaws.com",
)


def let_services_publish(topic: sns.Topic) -> None:
    """Let AWS's services publish to the topic on behalf of this account, and of no other.

    A topic whose policy is written lets nobody in but those named: SNS's own policy, which lets
    in the whole account, goes with it.
    """
    for service in PUBLISHERS:
        topic.add_to_resource_policy(
            iam.PolicyStatement(
                sid=f"Publish{service.partition('.')[0].capitalize()}",
                principals=[iam.ServicePrincipal(service)],
                actions=["sns:Publish"],
                resources=[topic.topic_arn],
                conditions={"StringEquals": {"aws:SourceAccount": cdk.Stack.of(topic).account}},
            )
        )
