"""What the stage costs: a budget with alerts, and the detection of unusual rises."""

import json
from collections.abc import Mapping

from aws_cdk import aws_budgets as budgets
from aws_cdk import aws_ce as ce
from aws_cdk import aws_sns as sns

from constructs import Construct
from settings import StageSettings
from settings.model import PROJECT


class Budget(Construct):
    """A monthly budget over what carries the stage's tags; the account's anomaly monitor.

    Tags count from the day on which they are activated as cost allocation tags: once for an
    account, by hand (docs/runbooks/new-account.md). No resource of CloudFormation does it.
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
        """Make the budget, and the monitor where the stage owns what an account has once.

        Args:
            scope: where the construct lives.
            construct_id: its id there.
            settings: the stage's settings.
            topic: hears of both; its policy lets Budgets and Cost Anomaly Detection publish.
            tags: the stage's tags. CDK's own tagging does not reach these types.
        """
        super().__init__(scope, construct_id)
        self._topic = topic
        self._make_budget(settings, tags)
        if settings.account_wide.owned:
            self._detect_anomalies(settings, tags)

    def _make_budget(self, settings: StageSettings, tags: Mapping[str, str]) -> None:
        cfn = budgets.CfnBudget
        carries = [
            cfn.ExpressionProperty(tags=cfn.TagValuesProperty(key=key, values=[tags[key]]))
            for key in ("Project", "Environment")
        ]
        # Without a name: a change of the alerts replaces the budget, and a fixed name would be in
        # the way.
        budget = cfn(
            self,
            "Budget",
            budget=cfn.BudgetDataProperty(
                budget_type="COST",
                time_unit="MONTHLY",
                budget_limit=cfn.SpendProperty(amount=settings.cost.monthly_budget_usd, unit="USD"),
                filter_expression=cfn.ExpressionProperty(and_=carries),
                metrics=["UnblendedCost"],
            ),
            notifications_with_subscribers=[
                self._alert("ACTUAL", 80),
                self._alert("FORECASTED", 100),
            ],
            resource_tags=[
                cfn.ResourceTagProperty(key=key, value=value) for key, value in tags.items()
            ],
        )
        budget.node.add_dependency(self._topic)

    def _alert(
        self, kind: str, percent: int
    ) -> budgets.CfnBudget.NotificationWithSubscribersProperty:
        cfn = budgets.CfnBudget
        return cfn.NotificationWithSubscribersProperty(
            notification=cfn.NotificationProperty(
                notification_type=kind,
                comparison_operator="GREATER_THAN",
                threshold=percent,
                threshold_type="PERCENTAGE",
            ),
            subscribers=[
                cfn.SubscriberProperty(subscription_type="SNS", address=self._topic.topic_arn)
            ],
        )

    def _detect_anomalies(self, settings: StageSettings, tags: Mapping[str, str]) -> None:
        """Watch the project over all stages of the account.

        By tag, not by service: an account has one monitor by service at most, and AWS makes it
        itself in each account that opens Cost Explorer, so that a second one fails to deploy.
        """
        monitor = ce.CfnAnomalyMonitor(
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
        subscription = ce.CfnAnomalySubscription(
            self,
            "AnomalySubscription",
            subscription_name=settings.resource_name("anomalies"),
            monitor_arn_list=[monitor.attr_monitor_arn],
            # SNS takes single alerts only; the daily and the weekly summaries go by mail.
            frequency="IMMEDIATE",
            subscribers=[
                ce.CfnAnomalySubscription.SubscriberProperty(
                    type="SNS", address=self._topic.topic_arn
                )
            ],
            threshold_expression=json.dumps(
                {
                    "Dimensions": {
                        "Key": "ANOMALY_TOTAL_IMPACT_ABSOLUTE",
                        "MatchOptions": ["GREATER_THAN_OR_EQUAL"],
                        "Values": [f"{settings.cost.anomaly_usd:g}"],
                    }
                }
            ),
            resource_tags=[
                ce.CfnAnomalySubscription.ResourceTagProperty(key=key, value=value)
                for key, value in tags.items()
            ],
        )
        subscription.node.add_dependency(self._topic)
