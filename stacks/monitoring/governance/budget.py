"""The cost of the stage: a monthly budget with alerts, and the detection of cost anomalies."""

import json
from collections.abc import Mapping
from typing import Literal

from aws_cdk import aws_budgets as budgets
from aws_cdk import aws_ce as ce
from aws_cdk import aws_sns as sns

from constructs import Construct
from settings import StageSettings
from settings.model import PROJECT


class Budget(Construct):
    """A budget for the cost of the stage's tags, and the cost anomalies of the account.

    AWS counts a tag from the day that somebody activates it as a cost allocation tag, once for
    each account (docs/runbooks/new-account.md). CloudFormation has no resource for it.
    """

    def __init__(
        self,
        scope: Construct,
        construct_id: str,
        *,
        settings: StageSettings,
        topic: sns.ITopic,
        tags: Mapping[str, str],
    ) -> None:
        """Create the budget, and the detection of anomalies if the stage monitors the account.

        Args:
            scope: The scope of the construct.
            construct_id: The id of the construct.
            settings: The stage's settings.
            topic: The topic of the alerts. Its policy allows Budgets and Cost Anomaly Detection to
                publish.
            tags: The stage's tags, which CDK does not add to these resource types.
        """
        super().__init__(scope, construct_id)
        self._topic = topic
        self._create_budget(settings, tags)
        if settings.monitoring.account_wide:
            self._detect_anomalies(settings, tags)

    def _create_budget(self, settings: StageSettings, tags: Mapping[str, str]) -> None:
        cfn = budgets.CfnBudget
        tag_filters = [
            cfn.ExpressionProperty(tags=cfn.TagValuesProperty(key=key, values=[tags[key]]))
            for key in ("Project", "Environment")
        ]
        # It has no fixed name, because a change to the alerts replaces the budget.
        budget = cfn(
            self,
            "Budget",
            budget=cfn.BudgetDataProperty(
                budget_type="COST",
                time_unit="MONTHLY",
                budget_limit=cfn.SpendProperty(amount=settings.cost.monthly_budget_usd, unit="USD"),
                filter_expression=cfn.ExpressionProperty(and_=tag_filters),
                metrics=["UnblendedCost"],
            ),
            notifications_with_subscribers=[
                self._alert("ACTUAL", percent=80),
                self._alert("FORECASTED", percent=100),
            ],
            resource_tags=[
                cfn.ResourceTagProperty(key=key, value=value) for key, value in tags.items()
            ],
        )
        budget.node.add_dependency(self._topic)

    def _alert(
        self, notification_type: Literal["ACTUAL", "FORECASTED"], *, percent: int
    ) -> budgets.CfnBudget.NotificationWithSubscribersProperty:
        cfn = budgets.CfnBudget
        return cfn.NotificationWithSubscribersProperty(
            notification=cfn.NotificationProperty(
                notification_type=notification_type,
                comparison_operator="GREATER_THAN",
                threshold=percent,
                threshold_type="PERCENTAGE",
            ),
            subscribers=[
                cfn.SubscriberProperty(subscription_type="SNS", address=self._topic.topic_arn)
            ],
        )

    def _detect_anomalies(self, settings: StageSettings, tags: Mapping[str, str]) -> None:
        """Subscribe to the monitor that is made or used; an account may do without one.

        The monitor is not in the account stack. Its ARN is generated, and an import of it would
        lock the account stack. A monitor of a tag is no single resource either: an account can have
        500 of them ("AWS Cost Anomaly Detection FAQs").
        """
        match settings.account_wide.anomaly_monitor:
            case "make":
                monitor_arn = self._create_anomaly_monitor(settings, tags).attr_monitor_arn
            case "use":
                monitor_arn = str(settings.account_wide.anomaly_monitor_arn)
            case "none":
                return
        self._subscribe_to_anomalies(monitor_arn, settings, tags)

    def _create_anomaly_monitor(
        self, settings: StageSettings, tags: Mapping[str, str]
    ) -> ce.CfnAnomalyMonitor:
        """Create a monitor of all stages of the project.

        It monitors a tag, because an account can have only one monitor of services. AWS creates
        that one itself when an account opens Cost Explorer, so another would fail to deploy.
        """
        return ce.CfnAnomalyMonitor(
            self,
            "Anomalies",
            monitor_name=settings.resource_name("anomalies"),
            monitor_type="CUSTOM",
            monitor_specification=json.dumps({"Tags": {"Key": "Project", "Values": [PROJECT]}}),
            resource_tags=[
                ce.CfnAnomalyMonitor.ResourceTagProperty(key=key, value=value)
                for key, value in tags.items()
            ],
        )

    def _subscribe_to_anomalies(
        self, monitor_arn: str, settings: StageSettings, tags: Mapping[str, str]
    ) -> None:
        """Publish each anomaly whose total impact reaches the amount of the settings."""
        threshold = {
            "Key": "ANOMALY_TOTAL_IMPACT_ABSOLUTE",
            "MatchOptions": ["GREATER_THAN_OR_EQUAL"],
            "Values": [f"{settings.cost.anomaly_usd:g}"],
        }
        subscription = ce.CfnAnomalySubscription(
            self,
            "AnomalySubscription",
            subscription_name=settings.resource_name("anomalies"),
            monitor_arn_list=[monitor_arn],
            # SNS accepts individual alerts only. The daily and weekly summaries need e-mail.
            frequency="IMMEDIATE",
            subscribers=[
                ce.CfnAnomalySubscription.SubscriberProperty(
                    type="SNS", address=self._topic.topic_arn
                )
            ],
            threshold_expression=json.dumps({"Dimensions": threshold}),
            resource_tags=[
                ce.CfnAnomalySubscription.ResourceTagProperty(key=key, value=value)
                for key, value in tags.items()
            ],
        )
        subscription.node.add_dependency(self._topic)
