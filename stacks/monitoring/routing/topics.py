"""The SNS topics of the alarms, with their subscriptions and Slack channels."""

from collections.abc import Sequence

from aws_cdk import aws_chatbot as chatbot
from aws_cdk import aws_iam as iam
from aws_cdk import aws_kms as kms
from aws_cdk import aws_sns as sns
from aws_cdk import aws_sns_subscriptions as subscriptions

from constructs import Construct
from settings import StageSettings
from settings.monitoring import SlackSettings
from stacks.shared.acknowledgement import acknowledge
from stacks.shared.names import to_pascal_case
from stacks.shared.topic_permissions import CLOUDWATCH, COST_SERVICES, allow_services_to_publish


class Topics(Construct):
    """The topic `critical`, which pages, and the topic `warning`, which notifies."""

    def __init__(
        self, scope: Construct, construct_id: str, *, settings: StageSettings, key: kms.IKey
    ) -> None:
        """Create the topics and subscribe the endpoints of the settings.

        Args:
            scope: The scope of the construct.
            construct_id: The id of the construct.
            settings: The stage's settings.
            key: The KMS key of the topics. Its policy allows CloudWatch and EventBridge to use it.
        """
        super().__init__(scope, construct_id)
        self._settings = settings
        endpoints = settings.monitoring.subscriptions
        self.critical = self._create_topic("critical", key, endpoints.critical)
        self.warning = self._create_topic("warning", key, endpoints.warning)
        allow_services_to_publish(self.critical, CLOUDWATCH)
        allow_services_to_publish(self.warning, CLOUDWATCH, *COST_SERVICES)
        if endpoints.slack is not None:
            self._subscribe_slack(endpoints.slack)

    def _create_topic(self, name: str, key: kms.IKey, endpoints: Sequence[str]) -> sns.Topic:
        topic = sns.Topic(
            self,
            to_pascal_case(name),
            topic_name=self._settings.resource_name(name),
            master_key=key,
            enforce_ssl=True,
        )
        for endpoint in endpoints:
            topic.add_subscription(
                subscriptions.UrlSubscription(endpoint)
                if endpoint.startswith("https://")
                else subscriptions.EmailSubscription(endpoint)
            )
        return topic

    def _subscribe_slack(self, slack: SlackSettings) -> None:
        """Send each topic's messages to its Slack channel."""
        role = iam.Role(
            self,
            "SlackRole",
            description="Amazon Q Developer in chat applications: show alarms and metrics",
            assumed_by=iam.ServicePrincipal("chatbot.amazonaws.com"),
        )
        guardrail = self._create_guardrail(role)
        for topic, name, channel_id in (
            (self.critical, "critical", slack.critical_channel_id),
            (self.warning, "warning", slack.warning_channel_id),
        ):
            chatbot.CfnSlackChannelConfiguration(
                self,
                f"Slack{to_pascal_case(name)}",
                configuration_name=self._settings.resource_name(name),
                slack_workspace_id=slack.workspace_id,
                slack_channel_id=channel_id,
                iam_role_arn=role.role_arn,
                guardrail_policies=[guardrail.managed_policy_arn],
                sns_topic_arns=[topic.topic_arn],
                logging_level="ERROR",
                user_role_required=False,
            )

    def _create_guardrail(self, role: iam.Role) -> iam.ManagedPolicy:
        """Create the policy that limits what members of a channel can do in AWS from Slack."""
        policy = iam.ManagedPolicy(
            self,
            "SlackPolicy",
            description="What Slack may ask AWS for, whatever else a role allows",
            roles=[role],
            statements=[
                iam.PolicyStatement(
                    sid="ReadAlarmsAndMetrics",
                    actions=[
                        "cloudwatch:DescribeAlarms",
                        "cloudwatch:GetMetricData",
                        "cloudwatch:GetMetricStatistics",
                        "cloudwatch:ListMetrics",
                    ],
                    resources=["*"],
                )
            ],
        )
        acknowledge(
            policy,
            "AwsSolutions-IAM5[Resource::*]",
            reason="These actions do not support resource-level permissions. They read only alarms "
            "and metrics.",
        )
        return policy
