"""Who is told: the two topics, and what is subscribed to them."""

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
from stacks.shared.publishing import ALARMS, COST, let_services_publish


class Topics(Construct):
    """One topic that pages, one that notifies."""

    def __init__(
        self, scope: Construct, construct_id_: str, *, settings: StageSettings, key: kms.IKey
    ) -> None:
        """Make the topics and their subscriptions.

        Args:
            scope: where the construct lives.
            construct_id_: its id there.
            settings: the stage's settings.
            key: encrypts the topics; its policy lets CloudWatch and EventBridge publish.
        """
        super().__init__(scope, construct_id_)
        self._settings = settings
        told = settings.monitoring.subscriptions
        self.critical = self._topic("critical", key, told.critical)
        self.warning = self._topic("warning", key, told.warning)
        let_services_publish(self.critical, ALARMS)
        let_services_publish(self.warning, ALARMS, *COST)
        if told.slack is not None:
            self._write_to_slack(told.slack)

    def _topic(self, urgency: str, key: kms.IKey, endpoints: Sequence[str]) -> sns.Topic:
        topic = sns.Topic(
            self,
            urgency.capitalize(),
            topic_name=self._settings.resource_name(urgency),
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

    def _write_to_slack(self, slack: SlackSettings) -> None:
        """Write to the two channels; from Slack one may look at metrics, and at nothing else."""
        role = iam.Role(
            self,
            "SlackRole",
            description="Amazon Q Developer in chat applications: show alarms and metrics",
            assumed_by=iam.ServicePrincipal("chatbot.amazonaws.com"),
        )
        look = iam.ManagedPolicy(
            self,
            "SlackPolicy",
            description="What Slack may ask AWS for, whatever else a role allows",
            roles=[role],
            statements=[
                iam.PolicyStatement(
                    sid="LookAtMetrics",
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
            look,
            "AwsSolutions-IAM5[Resource::*]",
            reason="These four actions know no resources, and read alarms and metrics alone.",
        )
        for topic, urgency, channel in (
            (self.critical, "critical", slack.critical_channel_id),
            (self.warning, "warning", slack.warning_channel_id),
        ):
            chatbot.CfnSlackChannelConfiguration(
                self,
                f"Slack{to_pascal_case(urgency)}",
                configuration_name=self._settings.resource_name(urgency),
                slack_workspace_id=slack.workspace_id,
                slack_channel_id=channel,
                iam_role_arn=role.role_arn,
                guardrail_policies=[look.managed_policy_arn],
                sns_topic_arns=[topic.topic_arn],
                logging_level="ERROR",
                user_role_required=False,
            )
