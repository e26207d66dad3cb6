"""Permissions to publish to the SNS topics, for services of AWS and for roles of the stage."""

import aws_cdk as cdk
from aws_cdk import aws_iam as iam
from aws_cdk import aws_kms as kms
from aws_cdk import aws_sns as sns

CLOUDWATCH = "cloudwatch.amazonaws.com"
COST_SERVICES = ("budgets.amazonaws.com", "costalerts.amazonaws.com")
PUBLISHING_SERVICES = (CLOUDWATCH, *COST_SERVICES)
"""The service principals that publish in their own name, without a role. The policy of the topics'
key (stacks/security/keys.py) allows the same ones."""


def allow_services_to_publish(topic: sns.Topic, *services: str) -> None:
    """Allow service principals to publish to the topic on behalf of this account only.

    The first statement replaces the default policy of SNS, which allows the whole account.
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


def publish_statements(key: kms.IKey, *topics: sns.ITopic) -> list[iam.PolicyStatement]:
    """Return what a role needs to publish to the topics that the key encrypts.

    `ITopic.grant_publish` would allow kms:GenerateDataKey* instead of kms:GenerateDataKey.
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
