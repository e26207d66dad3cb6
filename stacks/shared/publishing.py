"""Who may publish to the topics: services of AWS, and roles of ours."""

import aws_cdk as cdk
from aws_cdk import aws_iam as iam
from aws_cdk import aws_kms as kms
from aws_cdk import aws_sns as sns

ALARMS = "cloudwatch.amazonaws.com"
COST = ("budgets.amazonaws.com", "costalerts.amazonaws.com")
PUBLISHERS = (ALARMS, *COST)
"""Each publishes under its own name, not with a role of ours. stacks/security/keys.py lets the same
ones use the topics' key."""


def let_services_publish(topic: sns.Topic, *services: str) -> None:
    """Let AWS's services publish to the topic on behalf of this account, and of no other.

    A topic whose policy is written lets nobody in but those named: SNS's own policy, which lets
    in the whole account, goes with it.
    """
    for service in services:
        topic.add_to_resource_policy(
            iam.PolicyStatement(
                sid=f"Publish{service.partition('.')[0].capitalize()}",
                principals=[iam.ServicePrincipal(service)],
                actions=["sns:Publish"],
                resources=[topic.topic_arn],
                conditions={"StringEquals": {"aws:SourceAccount": cdk.Stack.of(topic).account}},
            )
        )


def publishing(key: kms.IKey, *topics: sns.ITopic) -> list[iam.PolicyStatement]:
    """Return what a role needs to publish to topics that the key encrypts.

    `grant_publish` would give every action whose name begins with GenerateDataKey.
    """
    return [
        iam.PolicyStatement(
            sid="Publish",
            actions=["sns:Publish"],
            resources=[topic.topic_arn for topic in topics],
        ),
        iam.PolicyStatement(
            sid="EncryptMessages",
            actions=["kms:Decrypt", "kms:GenerateDataKey"],
            resources=[key.key_arn],
        ),
    ]
