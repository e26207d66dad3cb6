"""The business dashboard: users, the usage of features, and the quality of the service."""

import aws_cdk as cdk
from aws_cdk import aws_cloudwatch as cloudwatch
from aws_cdk import aws_elasticloadbalancingv2 as elbv2

from constructs import Construct
from settings import StageSettings
from stacks.monitoring.dashboards.widgets import HEIGHT, Row, graph, heading, widget_width
from stacks.monitoring.metrics.log_metrics import LogMetrics

_HOUR = cdk.Duration.hours(1)
_DAY = cdk.Duration.days(1)


class BusinessDashboard(Construct):
    """The metrics of the backend's log over the last seven days."""

    def __init__(
        self,
        scope: Construct,
        construct_id: str,
        *,
        settings: StageSettings,
        log_metrics: LogMetrics,
        load_balancer: elbv2.IApplicationLoadBalancer,
    ) -> None:
        """Create the dashboard.

        Args:
            scope: The scope of the construct.
            construct_id: The id of the construct.
            settings: The stage's settings.
            log_metrics: The metrics of the backend's log.
            load_balancer: The load balancer, which counts the requests and the errors.
        """
        super().__init__(scope, construct_id)
        cloudwatch.Dashboard(
            self,
            "Dashboard",
            dashboard_name=settings.resource_name("business"),
            default_interval=cdk.Duration.days(7),
            widgets=[
                heading("Users"),
                _users(log_metrics),
                heading("Usage"),
                _usage(log_metrics),
                heading("Service quality"),
                _service_quality(load_balancer),
            ],
        )


def _users(log_metrics: LogMetrics) -> Row:
    users, sessions = log_metrics.active_users, log_metrics.sessions
    return [
        cloudwatch.SingleValueWidget(
            title="Active users and open sessions now",
            width=widget_width(4),
            height=HEIGHT,
            metrics=[users, sessions.with_(label="Open sessions")],
        ),
        graph("Active users", [users.with_(period=_HOUR)], width=widget_width(4), unit="users"),
        graph(
            "User sessions",
            [sessions.with_(period=_HOUR), log_metrics.sessions_started.with_(period=_HOUR)],
            width=widget_width(2),
            unit="sessions",
        ),
    ]


def _usage(log_metrics: LogMetrics) -> Row:
    return [
        graph(
            "API usage per tier",
            [metric.with_(period=_HOUR) for metric in log_metrics.api_requests()],
            width=widget_width(2),
            unit="requests per hour",
            stacked=True,
        ),
        graph(
            "Feature usage",
            [metric.with_(period=_DAY) for metric in log_metrics.feature_uses()],
            width=widget_width(2),
            unit="uses per day",
            stacked=True,
        ),
    ]


def _service_quality(load_balancer: elbv2.IApplicationLoadBalancer) -> Row:
    metrics = load_balancer.metrics
    return [
        graph(
            "Success rate",
            [_success_rate(load_balancer)],
            width=widget_width(2),
            axis=cloudwatch.YAxisProps(max=100, label="%", show_units=False),
        ),
        graph(
            "Response time",
            [
                metrics.target_response_time(statistic=percentile, period=_HOUR, label=percentile)
                for percentile in ("p50", "p95")
            ],
            width=widget_width(2),
            unit="s",
        ),
    ]


def _success_rate(load_balancer: elbv2.IApplicationLoadBalancer) -> cloudwatch.MathExpression:
    """Return the percentage of requests without a server error."""
    metrics = load_balancer.metrics
    return cloudwatch.MathExpression(
        expression="IF(requests > 0, 100 - 100 * (FILL(pods, 0) + FILL(edge, 0)) / requests, 100)",
        using_metrics={
            "requests": metrics.request_count(period=_HOUR, label="Requests"),
            "pods": metrics.http_code_target(elbv2.HttpCodeTarget.TARGET_5XX_COUNT, period=_HOUR),
            "edge": metrics.http_code_elb(elbv2.HttpCodeElb.ELB_5XX_COUNT, period=_HOUR),
        },
        label="Success rate",
        period=_HOUR,
    )
