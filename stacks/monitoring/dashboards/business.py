"""The dashboard for the business: who uses it, and what of it."""

import aws_cdk as cdk
from aws_cdk import aws_cloudwatch as cloudwatch
from aws_cdk import aws_elasticloadbalancingv2 as elbv2

from constructs import Construct
from settings import StageSettings
from stacks.monitoring.dashboards.capacity import Row
from stacks.monitoring.dashboards.widgets import HEIGHT, graph, heading, row
from stacks.monitoring.metrics.log_metrics import LogMetrics

_HOUR = cdk.Duration.hours(1)
_DAY = cdk.Duration.days(1)


class BusinessDashboard(Construct):
    """What the backend's log lines count; a week at a glance."""

    def __init__(
        self,
        scope: Construct,
        construct_id: str,
        *,
        settings: StageSettings,
        log_metrics: LogMetrics,
        load_balancer: elbv2.IApplicationLoadBalancer,
    ) -> None:
        """Make the dashboard.

        Args:
            scope: where the construct lives.
            construct_id: its id there.
            settings: the stage's settings.
            log_metrics: what is counted.
            load_balancer: counts the answers, and those with an error.
        """
        super().__init__(scope, construct_id)
        self._metrics = log_metrics
        cloudwatch.Dashboard(
            self,
            "Dashboard",
            dashboard_name=settings.resource_name("business"),
            default_interval=cdk.Duration.days(7),
            widgets=[
                [heading("## Who uses it?")],
                self._users(),
                [heading("## What is used?")],
                self._usage(),
                [heading("## Does it serve them?")],
                _service(load_balancer),
            ],
        )

    def _users(self) -> Row:
        users, sessions = self._metrics.active_users, self._metrics.sessions
        started = self._metrics.sessions_started
        return [
            cloudwatch.SingleValueWidget(
                title="Active users and open sessions now",
                width=row(4),
                height=HEIGHT,
                metrics=[users, sessions.with_(label="Open sessions")],
            ),
            graph("Active users", [users.with_(period=_HOUR)], width=row(4), unit="users"),
            graph(
                "User sessions",
                [sessions.with_(period=_HOUR), started.with_(period=_HOUR)],
                width=row(2),
                unit="sessions, an hour",
            ),
        ]

    def _usage(self) -> Row:
        return [
            graph(
                "API usage per tier",
                [metric.with_(period=_HOUR) for metric in self._metrics.api_requests()],
                width=row(2),
                unit="requests an hour",
                stacked=True,
            ),
            graph(
                "Feature usage",
                [metric.with_(period=_DAY) for metric in self._metrics.feature_uses()],
                width=row(2),
                unit="uses a day",
                stacked=True,
            ),
        ]


def _service(load_balancer: elbv2.IApplicationLoadBalancer) -> Row:
    metrics = load_balancer.metrics
    requests = metrics.request_count(period=_HOUR, label="Requests")
    errors = {
        "pods": metrics.http_code_target(elbv2.HttpCodeTarget.TARGET_5XX_COUNT, period=_HOUR),
        "edge": metrics.http_code_elb(elbv2.HttpCodeElb.ELB_5XX_COUNT, period=_HOUR),
    }
    served = cloudwatch.MathExpression(
        expression="IF(requests > 0, 100 - 100 * (FILL(pods, 0) + FILL(edge, 0)) / requests, 100)",
        using_metrics={"requests": requests, **errors},
        label="Without server error",
        period=_HOUR,
    )
    return [
        graph(
            "Requests that were served",
            [served],
            width=row(2),
            axis=cloudwatch.YAxisProps(max=100, label="%", show_units=False),
        ),
        graph(
            "Response time",
            [
                metrics.target_response_time(statistic=quantile, period=_HOUR, label=quantile)
                for quantile in ("p50", "p95")
            ],
            width=row(2),
            unit="s",
        ),
    ]
